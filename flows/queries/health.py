"""How the machinery does: timers that come, are late or have ended, and what is owed to the outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_
from sqlalchemy.orm import joinedload

from flows.access import clean, read_as
from flows.models import Effect, Instance, Order, Timer
from flows.models.instances import instance_id_from
from flows.models.orders import order_id_from
from flows.queries.pages import MOST_A_PAGE, Page, cursor_of, page_of, read_cursor
from flows.queries.staff import LATE, late_counted
from flows.rules.actors import Actor
from flows.rules.errors import Refused
from flows.words import gettext as _


@dataclass(frozen=True)
class Machinery:
    """Counts of this moment; `effects` by state, `oldest_pending` is when the next effect should have gone out."""

    due_next_hour: int
    late: int
    oldest_pending: datetime | None
    effects: dict[str, int] = field(default_factory=dict)


def machinery(actor: Actor, now: datetime) -> Machinery:
    """In two statements."""
    session = read_as(actor)
    coming = select(func.count(Timer.id)).where(
        Timer.ended_at.is_(None), Timer.due_at.between(now, now + timedelta(hours=1))
    )
    oldest = select(func.min(Effect.next_at)).where(Effect.state == "pending").scalar_subquery()
    row = session.execute(select(coming.scalar_subquery(), late_counted(now), oldest)).one()
    states = session.execute(select(Effect.state, func.count(Effect.id)).group_by(Effect.state)).all()
    return Machinery(row[0] or 0, row[1], row[2], dict(states))


def timers(
    actor: Actor, now: datetime, *, view: str = "next", kind: str = "", search: str = "", cursor: str | None = None
) -> Page[Timer]:
    """Timers with their tasks in one statement: those to come and the late ones soonest first, ended newest first."""
    query = select(Timer).join(Timer.instance).options(joinedload(Timer.instance))
    if kind:
        query = query.where(Timer.kind == clean(kind))
    if search.strip():
        query = query.where(_about(search))
    if view == "ended":
        query = query.where(Timer.ended_at.is_not(None))
        return page_of(read_as(actor), query, Timer.ended_at, cursor=cursor, limit=25)
    query = query.where(Timer.ended_at.is_(None))
    return _soonest_first(actor, query.where(Timer.due_at <= now - LATE) if view == "late" else query, cursor)


def _soonest_first(actor: Actor, query: Select[Timer], cursor: str | None, limit: int = 25) -> Page[Timer]:
    if cursor:
        query = query.where(tuple_(Timer.due_at, Timer.id) > tuple_(*read_cursor(cursor)))
    rows = read_as(actor).scalars(query.order_by(Timer.due_at, Timer.id).limit(limit + 1)).all()
    more = len(rows) > limit
    return Page(rows[:limit], cursor_of(rows[limit - 1].due_at, rows[limit - 1].id) if more else None)


def timers_of(actor: Actor, instance: Instance) -> Sequence[Timer]:
    query = select(Timer).where(Timer.instance_id == instance.id).order_by(Timer.due_at, Timer.id).limit(MOST_A_PAGE)
    return read_as(actor).scalars(query).all()


def effects(
    actor: Actor, *, state: str = "", kind: str = "", search: str = "", cursor: str | None = None
) -> Page[Effect]:
    """One page of the outbox with tasks and orders, newest first, in one statement."""
    query = select(Effect).options(joinedload(Effect.instance), joinedload(Effect.order))
    if state:
        query = query.where(Effect.state == clean(state))
    if kind:
        query = query.where(Effect.kind == clean(kind))
    if search.strip():
        number = order_id_from(search)
        query = query.outerjoin(Effect.instance)
        query = query.where(
            Effect.order_id == number
            if number is not None
            else or_(_about(search), Effect.key.icontains(_words(search), autoescape=True))
        )
    return page_of(read_as(actor), query, Effect.created_at, cursor=cursor, limit=25)


def effect(actor: Actor, effect_id: int) -> Effect:
    query = select(Effect).where(Effect.id == effect_id).options(joinedload(Effect.instance), joinedload(Effect.order))
    found = read_as(actor).scalar(query) if effect_id < 2**31 else None
    if found is None:
        raise Refused(_("No such effect"))
    return found


def effects_of_instance(actor: Actor, instance: Instance) -> Sequence[Effect]:
    return _told(actor, select(Effect).where(Effect.instance_id == instance.id))


def effects_of_order(actor: Actor, order: Order) -> Sequence[Effect]:
    """What is owed because of an order: its own effects and those of its tasks."""
    tasks = select(Instance.id).where(Instance.subject == order.subject)
    return _told(actor, select(Effect).where(or_(Effect.order_id == order.id, Effect.instance_id.in_(tasks))))


def incident_ids(actor: Actor, limit: int = 500) -> Sequence[int]:
    """What people have to see to, oldest first."""
    return (
        read_as(actor)
        .scalars(select(Effect.id).where(Effect.state == "incident").order_by(Effect.id).limit(limit))
        .all()
    )


def _told(actor: Actor, query: Select[Effect]) -> Sequence[Effect]:
    return read_as(actor).scalars(query.order_by(Effect.id).limit(MOST_A_PAGE)).all()


def _about(search: str) -> ColumnElement[bool]:
    row_id = instance_id_from(search.strip())
    if row_id is not None:
        return Instance.id == row_id
    return or_(
        *(column.icontains(_words(search), autoescape=True) for column in (Instance.title, Instance.customer_name))
    )


def _words(search: str) -> str:
    return clean(search).strip()[:100]
