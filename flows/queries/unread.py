"""How many messages wait to be read by somebody: of one request, of a page of them, of all, and for over an hour (Q24).

It is `rules.conversations.counts_as_unread` said in SQL: never one's own, never a note between staff.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, exists, false, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from flows.access import read_as, visible_instances
from flows.models import Instance, Membership, Message, Organisation, ReadCursor
from flows.narrowing import organisations_of
from flows.rules.actors import Actor

TALKED_ABOUT = Instance.message_seq > literal_column("0")
"""Written out: with a bound number SQLite does not see that the index of those talked about holds them all."""


def messages_for(actor: Actor) -> Select[Any]:
    """The ids of all messages that this person has not read and that count for them."""
    cursor = aliased(ReadCursor)
    mine = and_(cursor.instance_id == Message.instance_id, cursor.user_id == actor.user_id)
    return (
        select(Message.id)
        .outerjoin(cursor, mine)
        .where(
            Message.is_internal.is_(False),
            Message.seq > func.coalesce(cursor.seq, 0),
            _counts_for(actor.is_staff, actor.user_id),
        )
    )


def _counts_for(is_staff: bool, user_id: Any) -> ColumnElement[bool]:
    if is_staff:
        return Message.author_id != user_id  # what the system said has no author, so it is left out
    return or_(Message.author_id.is_(None), Message.author_id != user_id)


def count_for(actor: Actor) -> ScalarSelect[int]:
    """How many of an `Instance` in the statement around it wait for this person."""
    waiting = messages_for(actor).where(Message.instance_id == Instance.id)
    return waiting.with_only_columns(func.count()).correlate(Instance).scalar_subquery()


def has_some(actor: Actor) -> ColumnElement[bool]:
    """Whether an `Instance` in the statement around it has some, while it is open: the filter of lists (C13).

    Asked of one row after the other, so that a page is full after few of them, however many have some.
    """
    waiting = messages_for(actor).where(Message.instance_id == Instance.id).correlate(Instance)
    return and_(Instance.closed_at.is_(None), TALKED_ABOUT, ~_is_read_through(actor.user_id), waiting.exists())


def of_page(actor: Actor, instances: Collection[Instance]) -> dict[int, int]:
    """Unread messages by the row id of the request, for one page of a list, in one statement."""
    talked = [one.id for one in instances if one.message_seq]
    if not talked:
        return {}
    query = messages_for(actor).where(Message.instance_id.in_(talked)).group_by(Message.instance_id)
    return dict(read_as(actor).execute(query.with_only_columns(Message.instance_id, func.count())).all())


def visible_conversations(actor: Actor) -> Select[Instance]:
    """Requests with a conversation that this person may see."""
    return visible_instances(actor).where(TALKED_ABOUT, Instance.state.is_(None))


def open_for(actor: Actor) -> Select[Any]:
    """The unread messages of conversations that are still open: what badges count. It stops on close (Q24, C53)."""
    seen = select(Instance.id).where(Instance.closed_at.is_(None), TALKED_ABOUT, ~_is_read_through(actor.user_id))
    if actor.kind == "customer":
        seen = seen.where(
            Instance.organisation_id.in_(organisations_of(actor.user_id)), Instance.is_internal.is_(False)
        )
    elif not actor.may("view"):
        seen = seen.where(false())
    return messages_for(actor).where(Message.instance_id.in_(seen))


def _is_read_through(user_id: int | None) -> ColumnElement[bool]:
    """Their cursor stands at the last message. Said of the request, so that nobody looks at the messages of the many
    that were read to the end.
    """
    cursor = aliased(ReadCursor)
    return exists().where(
        cursor.instance_id == Instance.id, cursor.user_id == user_id, cursor.seq >= Instance.message_seq
    )


def total(actor: Actor) -> int:
    """How many messages wait for this person in conversations that are still open."""
    return read_as(actor).scalar(open_for(actor).with_only_columns(func.count())) or 0


# --- for reminders ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """A request with messages that a person has not read: how many, since when, and who wrote the newest."""

    instance: Instance
    count: int
    oldest_at: datetime
    newest_by: str


def of_customer(session: Session, user_id: int, before: datetime) -> list[Waiting]:
    """What this customer has left unread since before a moment, in requests that are still open, the oldest first.

    For the daily reminder (C53, Q24): `before` is an hour ago. The session reads as the system; the narrowing to what
    the customer may see is in the statement itself. Two statements.
    """
    reader = Actor("customer", user_id)
    old = open_for(reader).where(Message.created_at < before)
    grouped = old.with_only_columns(
        Message.instance_id, func.count(), func.min(Message.created_at), func.max(Message.seq)
    ).group_by(Message.instance_id)
    found = {row[0]: row for row in session.execute(grouped)}
    if not found:
        return []
    newest = select(Instance, Message.author_name).join(Message, Message.instance_id == Instance.id)
    newest = newest.where(
        or_(*(and_(Message.instance_id == row[0], Message.seq == row[3]) for row in found.values())),
        Message.is_internal.is_(False),
    )
    waiting = [
        Waiting(instance, found[instance.id][1], found[instance.id][2], name)
        for instance, name in session.execute(newest)
    ]
    return sorted(waiting, key=lambda one: one.oldest_at)


def customers_with_some(session: Session, before: datetime) -> list[int]:
    """Ids of the customers for whom anything waits since before a moment; each is asked about with `of_customer`."""
    from_others = exists().where(
        ReadCursor.user_id == Membership.user_id,
        ReadCursor.instance_id == Message.instance_id,
        ReadCursor.seq >= Message.seq,
    )
    query = (
        select(Membership.user_id)
        .join(Organisation, Organisation.is_active & _acts_for())
        .join(Message, Message.organisation_id == Organisation.id)
        .join(Instance, Instance.id == Message.instance_id)
        .where(
            Instance.closed_at.is_(None),
            Instance.is_internal.is_(False),
            Message.is_internal.is_(False),
            Message.created_at < before,
            _counts_for(False, Membership.user_id),
            ~from_others,
        )
    )
    return list(session.scalars(query.distinct().order_by(Membership.user_id)))


def _acts_for() -> ColumnElement[bool]:
    """Their own organisation, or one that it resells to."""
    return or_(Organisation.id == Membership.organisation_id, Organisation.parent_id == Membership.organisation_id)
