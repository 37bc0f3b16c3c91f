"""The daily mail about unread messages: one a customer and local day, for what waits for over an hour (C53, Q24)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from flows import settings as settings_room
from flows.access import read_as
from flows.actions import versions
from flows.actions.owing import owe_mail
from flows.catalogue.schema import Messaging
from flows.clock import clock
from flows.models import Effect, Instance, Mute, User
from flows.queries import unread
from flows.rules.actors import SYSTEM
from flows.rules.errors import OutOfStep
from flows.rules.notices import KINDS, is_wanted
from flows.work import unit_of_work
from messaging.telling import absolute
from messaging.wanting import SetAside

log = structlog.get_logger(__name__)

KIND = "unread-daily"
PATIENCE = timedelta(hours=1)
MOST_LINES = 20


def owe_due() -> int:
    """Owe the mails that are due now; how many. Unique by person and local date, however often and where it runs."""
    reading = read_as(SYSTEM)
    waiting = unread.customers_with_some(reading, clock.now() - PATIENCE)
    people = reading.scalars(select(User).where(User.id.in_(waiting))).all() if waiting else []
    due = {key: user.id for user in people if (key := _key_of(user))}
    known = {*reading.scalars(select(Effect.key).where(Effect.key.in_(due)))} if due else set()
    new = {key: user_id for key, user_id in due.items() if key not in known}
    return sum(_owe(key, user_id) for key, user_id in new.items())


def words_for(user: User, _instance_id: int | None = None) -> Mapping[str, Any]:
    """What the mail says, from what is unread as it goes out. SetAside when nothing is any more."""
    reading, waiting = read_as(SYSTEM), _waiting_for(user)
    if not waiting:
        raise SetAside(f"{user.name} has read everything since")
    lines = [
        f"{versions.said_of(reading, one.instance, 'title')} ({one.instance.reference}): {one.count} – {one.newest_by}"
        for one in waiting[:MOST_LINES]
    ]
    return {"count": sum(one.count for one in waiting), "lines": "\n".join(lines), "url": absolute("/messages")}


def _key_of(user: User) -> str:
    """The one key of this person's local day; empty while it is not the hour, or they want or may get no such mail."""
    local = clock.now().astimezone(ZoneInfo(user.time_zone))
    wanted = is_wanted(user.notice_choices, KINDS[KIND], "mail") and user.email_verified_at is not None
    if user.kind != "customer" or not user.is_active or not wanted or local.hour < settings_room.current().digest_hour:
        return ""
    return f"{KIND}:{user.id}:{local:%Y-%m-%d}"


def _waiting_for(user: User) -> list[unread.Waiting]:
    """What waits for over an hour, without the requests that they have muted."""
    reading = read_as(SYSTEM)
    mine = select(Mute.instance_id).where(Mute.user_id == user.id, or_(Mute.until.is_(None), Mute.until > clock.now()))
    muted = {*reading.scalars(mine)}
    found = unread.of_customer(reading, user.id, clock.now() - PATIENCE)
    return [one for one in found if one.instance.id not in muted and _reminds(reading, one.instance)]


def _reminds(reading: Session, instance: Instance) -> bool:
    """Whether its flow wants unread messages to be told of again."""
    messaging = versions.definition_of(reading, instance).messaging
    return isinstance(messaging, Messaging) and messaging.remind_unread == "daily"


def _owe(key: str, user_id: int) -> bool:
    try:
        with unit_of_work(SYSTEM) as work:
            if not _waiting_for(work.session.get_one(User, user_id)):
                return False
            owe_mail(work, key=key, template=KIND, kind=KIND, to=user_id, scope={})
    except OutOfStep:
        log.info("digest_owed_already", key=key)  # by another ticker at this very moment
        return False
    return True
