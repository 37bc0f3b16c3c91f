"""Whether a mail or push is wanted now: what a person chose, muted or sleeps through, judged as it goes out."""

from __future__ import annotations

from datetime import datetime

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import or_, select

from flows import settings as settings_room
from flows.access import read_as
from flows.clock import clock
from flows.models import Mute, User
from flows.rules.actors import SYSTEM
from flows.rules.notices import KINDS, Channel, Kind, end_of_quiet, is_wanted, kind_for


class PutOff(Exception):
    """Not now, and this was no try: quiet hours, or a mail server, are over at `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"put off until {until}")
        self.until = until


class SetAside(Exception):
    """Never: whoever it was for does not want it. `reason` is kept with it, so that nothing is lost silently."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def kind_of(name: str, user: User | None) -> Kind:
    """The kind as its reader knows it; nobody is known yet where an address is only being proved."""
    if user is None:
        return KINDS["access"]
    return kind_for(name, "staff" if user.kind == "staff" else "customer")


def check(user: User, kind: Kind, channel: Channel, instance_id: int | None) -> None:
    """Raises SetAside when it is turned off or its request is muted, PutOff in quiet hours."""
    if not is_wanted(user.notice_choices, kind, channel):
        raise SetAside(f"{user.name} has turned off {channel} for “{kind.title}”")
    if kind.says(channel) != "always" and instance_id is not None and _is_muted(user.id, instance_id):
        raise SetAside(f"{user.name} has muted this request")
    until = end_of_quiet(user.notice_choices, clock.now(), user.time_zone)
    if until is not None and (kind.may_wait or channel == "push"):
        raise PutOff(until)


def _is_muted(user_id: int, instance_id: int) -> bool:
    query = select(Mute.id).where(Mute.user_id == user_id, Mute.instance_id == instance_id)
    running = or_(Mute.until.is_(None), Mute.until > clock.now())
    return read_as(SYSTEM).scalar(query.where(running)) is not None


def turn_off_address(user_uid: str, kind: str) -> str:
    """Where mails of a kind are turned off without signing in (RFC 8058): whoever has the mail has the signed link."""
    return f"{settings_room.current().origin}/unsubscribe/{_signed().dumps([user_uid, kind])}"


def opened(token: str) -> tuple[str, Kind] | None:
    """The person's id and the kind of a link that we signed; None for any other."""
    try:
        user_uid, name = _signed().loads(token)
    except (BadSignature, ValueError, TypeError):
        return None
    return str(user_uid), KINDS[name]


def _signed() -> URLSafeSerializer:
    return URLSafeSerializer(settings_room.current().signing_key(), salt="unsubscribe")
