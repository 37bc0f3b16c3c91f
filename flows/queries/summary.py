"""The few numbers behind a badge or a widget: what waits for this person, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select

from flows.access import read_as, visible_instances
from flows.models import Instance, Notice
from flows.models.instances import OPEN_STATUSES
from flows.queries import unread
from flows.queries.notices import notices_of
from flows.rules.actors import Actor


@dataclass(frozen=True)
class Summary:
    """`next_due` is the earliest end or due date of what waits for the customer."""

    outstanding: int
    awaiting_us: int
    unread_messages: int
    unread_notifications: int
    next_due: datetime | None


def of_person(actor: Actor, now: datetime) -> Summary:
    """In two statements."""
    in_time = or_(Instance.expires_at.is_(None), Instance.expires_at > now)
    alive = and_(Instance.status.in_(OPEN_STATUSES), in_time)
    todo = Instance.waiting_on == "customer"
    end = func.coalesce(Instance.expires_at, Instance.due_at, type_=Instance.expires_at.type)
    query = (
        visible_instances(actor)
        .where(alive)
        .with_only_columns(
            func.count(case((todo, 1))),
            func.count(case((~todo, 1))),
            func.min(case((todo, end)), type_=Instance.expires_at.type),
        )
    )
    outstanding, awaiting_us, next_due = read_as(actor).execute(query).one()
    unseen = notices_of(actor.user_id or 0).where(Notice.seen_at.is_(None)).order_by(None).subquery()
    notices = select(func.count()).select_from(unseen).scalar_subquery()
    messages = unread.open_for(actor).with_only_columns(func.count()).scalar_subquery()
    unread_messages, unread_notices = read_as(actor).execute(select(messages, notices)).one()
    return Summary(outstanding, awaiting_us, unread_messages, unread_notices, next_due)
