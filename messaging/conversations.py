"""What people hear about conversations, never with their words: at once by inbox and push (C52), later by mail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from flows import events
from flows.access import read_as
from flows.actions import noticing
from flows.actions.owing import recipients
from flows.clock import clock
from flows.models import Effect, Instance, Participant, User
from flows.queries import unread
from flows.rules.actors import SYSTEM
from flows.words import saying
from flows.work import Work
from messaging.telling import Telling, absolute, page_of, staff_who_may
from messaging.wanting import SetAside

ANCHOR = "#talk"
MAIL = "message-new"
PATIENCE = timedelta(minutes=10)
"""How long a message may be unread before it is told of by mail: whoever is here, or has a phone, reads it before."""


def said_by_us(telling: Telling, instance: Instance, _fact: events.MessageSent) -> None:
    """The people of the customer hear what staff or the flow say. What follows before they look needs no new mail."""
    if telling.work.actor.kind == "customer":
        return
    ids = recipients(telling.work, instance, ("customer",))
    told = _note(telling, instance, ids, page_of(instance, ANCHOR))
    for user_id in ids:
        if user_id not in told:
            telling.mail_later(user_id, MAIL, PATIENCE)


def said_by_them(telling: Telling, instance: Instance, _fact: events.MessageSent) -> None:
    """Whoever is to answer hears what the customer says."""
    if telling.work.actor.kind == "customer":
        _note(telling, instance, _who_answers(telling.work, instance), instance.staff_page + ANCHOR)


def words_for(user: User, instance_id: int | None) -> Mapping[str, Any]:
    """What the mail says, from what is unread as it goes out.

    SetAside when nothing is, or when they had such a mail about this request today: the daily one says the rest.
    """
    reading = read_as(SYSTEM)
    waiting = [one for one in unread.of_customer(reading, user.id, clock.now()) if one.instance.id == instance_id]
    if not waiting:
        raise SetAside(f"{user.name} has read it")
    [one] = waiting
    today = datetime.combine(clock.now().astimezone(ZoneInfo(user.time_zone)).date(), time(), ZoneInfo(user.time_zone))
    same = Effect.instance_id == instance_id, Effect.kind == "email", Effect.state == "done", Effect.ended_at >= today
    mine = Effect.key.endswith(f":{MAIL}:{user.id}", autoescape=True)
    if reading.scalar(select(Effect.id).where(*same, mine).limit(1)) is not None:
        raise SetAside(f"{user.name} had a mail about messages in {one.instance.reference} today")
    return {"count": one.count, "newest_by": one.newest_by, "url": absolute(page_of(one.instance, ANCHOR))}


def _who_answers(work: Work, instance: Instance) -> list[int]:
    """Its assignee; before it has one, colleagues who took part, else its department, else those who give work out."""
    if instance.assignee_id is not None:
        return [instance.assignee_id]
    took_part = select(User.id).join(Participant, Participant.user_id == User.id)
    took_part = took_part.where(Participant.instance_id == instance.id, User.kind == "staff", User.is_active)
    return (
        list(work.session.scalars(took_part.order_by(User.id)))
        or (recipients(work, instance, ("department",)) if instance.department_id is not None else [])
        or staff_who_may(work, "assign")
    )


def _note(telling: Telling, instance: Instance, user_ids: list[int], url: str) -> set[int]:
    """The newest takes the place of those not seen yet, so that ten messages are one line and the last push.

    Returns those who had one that they have not seen.
    """
    unaware = noticing.supersede(telling.work, user_ids, telling.line.kind, url)
    text = saying("New message about %(title)s (%(ref)s)", title=telling.title(instance), ref=instance.reference)
    telling.note(user_ids, text, saying("Read it"), url=url, at_top=False)
    return unaware
