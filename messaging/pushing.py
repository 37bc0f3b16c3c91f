"""Pushes to phones (FCM) and browsers (Web Push): a kind, a reference and a link, and nothing about anybody (C52)."""

from __future__ import annotations

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import http_ece
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from flows import settings as settings_room
from flows.access import read_as
from flows.actions.accounts.sessions import living
from flows.actions.delivering import Owed
from flows.models import Device, Notice
from flows.plugin import PassingFault, PermanentFault
from flows.queries.notices import address_of
from flows.rules.actors import SYSTEM
from flows.words import said
from flows.work import end_reading
from messaging import outside, peace, reasons, wanting
from messaging.wanting import SetAside

LIVES_SECONDS = 24 * 3600
"""How long a push service keeps it for a device that is off; then the inbox tells."""
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
GONE = (404, 410)
OURS = (400, 401, 403, 413)
"""What a push service answers when the mistake is on our side."""


class Gone(Exception):
    """The push service knows this device no more."""


@dataclass(frozen=True)
class Words:
    """All that a push says. `tag` makes a later one about the same thing take its place."""

    type: str
    id: str
    title: str
    reference: str
    url: str
    tag: str

    def as_data(self) -> dict[str, str]:
        return {"type": self.type, "id": self.id, "title": self.title, "reference": self.reference, "url": self.url,
                "tag": self.tag}  # fmt: skip


def push(owed: Owed) -> None:
    """Push to one device. Raises SetAside or PutOff when it is not wanted (now), Gone when the device is not there.

    PassingFault when a later try may succeed, PermanentFault when this push never will.
    """
    reading = read_as(SYSTEM)
    whole = select(Device).options(joinedload(Device.user)).where(Device.uid == owed.payload["device"])
    device = reading.scalar(whole)
    if device is None or device.sign_in_id not in living(reading, [device.sign_in_id]):
        raise SetAside("This device is signed out")
    notice = reading.scalar(select(Notice).where(Notice.uid == owed.payload["notice"]))
    if notice is not None:
        if notice.seen_at is not None:
            raise SetAside("It was read before it was pushed")
        kind = wanting.kind_of(notice.kind, device.user)
        wanting.check(device.user, kind, "push", notice.instance_id)
    words = _words(owed, device, notice)
    send, address, keys = _SENDERS[device.provider], device.address, dict(device.keys)
    # Whoever registers devices chooses the hosts of theirs; so one that hangs speaks for the others of the same person.
    places = (f"push {_host_of(device)}", f"pushes to {device.user_id}")
    end_reading()
    with peace.left_in_peace(*places):
        send(address, keys, words)


def _host_of(device: Device) -> str:
    address = device.address if device.provider == "webpush" else settings_room.current().fcm_url
    return urlsplit(address).netloc


def _words(owed: Owed, device: Device, notice: Notice | None) -> Words:
    place = address_of(notice) if notice is not None else "/settings/notifications"
    name, reference = owed.payload["name"], owed.payload["reference"]
    tag = sha256(f"{name}:{place}".encode()).hexdigest()[:24]
    title = said(lambda: reasons.title_of(name), device.language or device.user.language)
    return Words(name, owed.payload["notice"], title, reference, settings_room.current().origin + place, tag)


# --- Web Push (RFC 8030, 8291, 8292) -----------------------------------------------------------------------------


def public_key() -> str:
    """What a browser is told of us when it subscribes."""
    return _base64(_point(_own_key()))


def _web_push(endpoint: str, keys: Mapping[str, Any], words: Words) -> None:
    target = urlsplit(endpoint)
    settings = settings_room.current()
    claims = {
        "aud": f"{target.scheme}://{target.netloc}",
        "exp": int(time.time()) + LIVES_SECONDS // 2,
        "sub": f"mailto:{settings.support_email}",
    }
    key = _own_key()
    try:
        content = http_ece.encrypt(
            orjson.dumps(words.as_data()),
            private_key=ec.generate_private_key(ec.SECP256R1()),
            dh=_unbase64(keys["p256dh"]),
            auth_secret=_unbase64(keys["auth"]),
        )
    except (http_ece.ECEException, ValueError) as fault:
        raise Gone from fault  # a key that is no point of the curve: nobody can ever read this
    headers = {
        "Authorization": f"vapid t={jwt.encode(claims, key, 'ES256')}, k={_base64(_point(key))}",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(LIVES_SECONDS),
        "Topic": words.tag,
    }
    try:
        said = outside.call("POST", endpoint, headers, content, (*GONE, *OURS))
    except PermanentFault as fault:
        raise Gone from fault  # an address that may not be called is no device; nobody else can mend that
    if said.status in GONE:
        raise Gone
    if said.status in OURS:
        raise PermanentFault(f"{target.hostname} answers {said.status}: it does not take our key or what we send")


def _own_key() -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(_unbase64(settings_room.current().vapid())), ec.SECP256R1())


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


# --- FCM HTTP v1 -------------------------------------------------------------------------------------------------

_tokens: dict[str, tuple[str, float]] = {}
"""Access token and its end, by the account it is for."""


def _fcm(token: str, _keys: Mapping[str, Any], words: Words) -> None:
    settings = settings_room.current()
    if not settings.fcm_account:
        raise SetAside("Pushes to the app are not set up: BATON_FCM_ACCOUNT is empty")
    account = settings.fcm()
    message = {
        "token": token,
        "notification": {"title": words.title, "body": words.reference},
        "data": words.as_data(),
        "android": {"collapse_key": words.tag, "ttl": f"{LIVES_SECONDS}s"},
        "apns": {"headers": {"apns-collapse-id": words.tag}},
    }
    url = f"{settings.fcm_url.rstrip('/')}/v1/projects/{account['project_id']}/messages:send"
    headers = {"Authorization": f"Bearer {_access_token(account)}", "Content-Type": "application/json"}
    said = outside.call("POST", url, headers, orjson.dumps({"message": message}), (400, 401, 403, 404))
    if said.status < 300:
        return
    code = _error_of(said.content)
    if code in ("UNREGISTERED", "SENDER_ID_MISMATCH"):
        raise Gone
    if said.status == 401:
        _tokens.pop(account["client_email"], None)
        raise PassingFault("FCM does not take our access token; a new one is asked for")
    raise PermanentFault(f"FCM answers {said.status} {code}".strip())


def _access_token(account: Mapping[str, str]) -> str:
    """A token of Google's, asked for with the signed claim of the account and kept until a minute before its end."""
    known, ends = _tokens.get(account["client_email"], ("", 0.0))
    now = time.time()
    if ends > now:
        return known
    claims = {"iss": account["client_email"], "scope": SCOPE, "aud": account["token_uri"], "iat": int(now),
              "exp": int(now) + 3600}  # fmt: skip
    assertion = jwt.encode(claims, account["private_key"], "RS256")
    content = f"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    given = orjson.loads(outside.call("POST", account["token_uri"], headers, content).content)
    _tokens[account["client_email"]] = (given["access_token"], now + int(given.get("expires_in", 3600)) - 60)
    return str(given["access_token"])


def _error_of(content: bytes) -> str:
    """FCM's own code for what is wrong, else that of Google, else nothing."""
    try:
        error = orjson.loads(content)["error"]
        codes = [detail["errorCode"] for detail in error.get("details", ()) if "errorCode" in detail]
        return str(codes[0] if codes else error.get("status", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


_SENDERS: Mapping[str, Callable[[str, Mapping[str, Any], Words], None]] = {"fcm": _fcm, "webpush": _web_push}
