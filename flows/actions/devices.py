"""Phones and browsers that pushes go to: registered at each launch, removed by their person or when gone (C52)."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import or_, select

from flows import settings
from flows.access import clean
from flows.actions.accounts.tallies import count_try
from flows.actions.writing import write_effect
from flows.models import Device
from flows.models.base import opaque_id
from flows.rules.errors import Invalid, Problem, Refused
from flows.words import gettext as _
from flows.work import Work

MOST_DEVICES = 20
MOST_TESTS_AN_HOUR = 10
LONGEST_ADDRESS = 2000
POINT_BYTES, SECRET_BYTES = 65, 16
"""A public key of P-256 as it is, and the secret beside it (RFC 8291)."""


def register(
    work: Work,
    installation_id: str,
    *,
    provider: str,
    address: str,
    keys: Mapping[str, Any] | None = None,
    name: str = "",
    language: str = "",
) -> Device:
    """Push to this installation for as long as the session lives that it was registered in; again renews it.

    `address` is a token of FCM (`fcm`) or the endpoint of a subscription with its `keys` (`webpush`). An address that
    was somebody else's, on a phone that changed hands, is theirs no more. Raises Invalid with every problem at once.
    """
    if work.actor.user_id is None or work.actor.session_id is None:
        raise Refused(_("Sign in first"), known=True, code="unauthenticated")
    keys = dict(keys or {}) if provider == "webpush" else {}
    problems = _problems(provider, address, keys)
    if problems:
        raise Invalid(problems)
    hashed = sha256(address.encode()).hexdigest()
    mine = (Device.user_id == work.actor.user_id) & (Device.installation_id == installation_id)
    found = work.session.scalars(select(Device).where(or_(mine, Device.address_hash == hashed)).with_for_update()).all()
    kept = next((one for one in found if one.user_id == work.actor.user_id), None)
    for other in found:
        if other is not kept:
            work.session.delete(other)
    work.session.flush()
    if kept is None:
        _make_room(work)
        kept = Device(user_id=work.actor.user_id, created_at=work.now)
        work.session.add(kept)
    kept.sign_in_id, kept.installation_id, kept.provider = work.actor.session_id, installation_id, provider
    kept.address, kept.address_hash, kept.keys = address, hashed, keys
    kept.name, kept.language, kept.last_seen_at = clean(name)[:120], clean(language)[:12], work.now
    work.session.flush()
    return kept


def remove(work: Work, which: str) -> None:
    """Push no more to the actor's device with this installation id or uid; nothing happens when there is none."""
    named = or_(Device.installation_id == which, Device.uid == which)
    for device in work.session.scalars(select(Device).where(Device.user_id == work.actor.user_id, named)):
        work.session.delete(device)


def forget(work: Work, uid: str) -> None:
    """The push service says that this device is not there any more."""
    device = work.session.scalar(select(Device).where(Device.uid == uid).with_for_update())
    if device is not None:
        work.session.delete(device)


def test(work: Work, installation_id: str) -> None:
    """Owe a push that says that pushes arrive. Refused when it is no device of the actor, Busy after 10 in an hour."""
    mine = select(Device).where(Device.user_id == work.actor.user_id, Device.installation_id == installation_id)
    device = work.session.scalar(mine)
    if device is None:
        raise Refused(_("This device is not registered"))
    count_try(work, f"push-test:{work.actor.user_id}", MOST_TESTS_AN_HOUR, 3600)
    payload = {"name": "test", "notice": "", "device": device.uid, "reference": ""}
    write_effect(work, None, f"{opaque_id('test')}:push:{device.uid}", "push", payload)


def _make_room(work: Work) -> None:
    """Whoever has more devices than people have loses the one not seen for longest."""
    mine = select(Device).where(Device.user_id == work.actor.user_id).order_by(Device.last_seen_at.desc())
    for one in work.session.scalars(mine.offset(MOST_DEVICES - 1)):
        work.session.delete(one)


def _problems(provider: str, address: str, keys: Mapping[str, Any]) -> list[Problem]:
    if not 0 < len(address) <= LONGEST_ADDRESS or not address.isascii() or not address.isprintable() or " " in address:
        return [Problem("/token", "invalid", _("Give the token or endpoint as the push service gave it"))]
    if provider == "fcm":
        if not settings.current().fcm_account:
            return [
                Problem(
                    "/provider", "unavailable", _("Pushes to the app are not set up here: BATON_FCM_ACCOUNT is empty")
                )
            ]
        return []
    problems = [] if _is_endpoint(address) else [
        Problem("/token/endpoint", "invalid", _("Give the endpoint as the browser gave it: https://host/path"))
    ]  # fmt: skip
    for name, size in (("p256dh", POINT_BYTES), ("auth", SECRET_BYTES)):
        if len(_bytes_of(keys.get(name))) != size:
            said = _("Give %(name)s as the browser gave it: %(size)s bytes in url-safe base64", name=name, size=size)
            problems.append(Problem(f"/token/keys/{name}", "invalid", said))
    return problems


def _is_endpoint(address: str) -> bool:
    """Whether it may be called at all; what its name leads to is judged when it is called."""
    try:
        target = urlsplit(address)
        trusted = {host.strip() for host in settings.current().trusted_webhook_hosts.split(",")}
        is_trusted = bool(trusted & {target.hostname, target.netloc})
    except ValueError:
        return False
    return bool(target.hostname) and "@" not in target.netloc and (target.scheme == "https" or is_trusted)


def _bytes_of(text: object) -> bytes:
    if not isinstance(text, str):
        return b""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""
