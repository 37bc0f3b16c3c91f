"""Colleagues to whom work can be given: how much is open with each, who is away and who stands in (C30, X6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from flows.access import read_as
from flows.models import Delegation, Department, Instance, User
from flows.models.instances import OPEN_STATUSES
from flows.rules.actors import Actor
from flows.rules.timing import local_date

MOST_COLLEAGUES = 300


@dataclass(frozen=True)
class Colleague:
    """`open` counts the open instances that are theirs; `away` is the delegation of today, None when they are here."""

    user: User
    open: int
    away: Delegation | None


def colleagues(actor: Actor, now: datetime) -> list[Colleague]:
    """Staff who can sign in, by name, in two statements."""
    session = read_as(actor)
    carried = (
        select(Instance.assignee_id, func.count(Instance.id).label("open"))
        .where(Instance.assignee_id.is_not(None), Instance.status.in_(OPEN_STATUSES))
        .group_by(Instance.assignee_id)
        .subquery()
    )
    query = (
        select(User, func.coalesce(carried.c.open, 0))
        .outerjoin(carried, carried.c.assignee_id == User.id)
        .where(User.kind == "staff", User.is_active)
        .order_by(User.name, User.id)
        .limit(MOST_COLLEAGUES)
    )
    rows = session.execute(query).all()
    away = {one.user_id: one for one in reversed(_running(actor, now)) if one.holds(now)}
    return [Colleague(user, count, away.get(user.id)) for user, count in rows]


def delegations_of(actor: Actor, now: datetime) -> Sequence[Delegation]:
    """Those of this person that are not over, their own and those in which they stand in; the next one first."""
    return [one for one in _running(actor, now) if actor.user_id in (one.user_id, one.delegate_id)]


def _running(actor: Actor, now: datetime) -> Sequence[Delegation]:
    """What is not over anywhere on earth; both people come with it."""
    query = select(Delegation).where(Delegation.ends_on >= local_date(now, "Etc/GMT+12"))
    query = query.options(joinedload(Delegation.user), joinedload(Delegation.delegate))
    return read_as(actor).scalars(query.order_by(Delegation.starts_on, Delegation.id)).all()


def departments_of(actor: Actor) -> Sequence[Department]:
    """The departments whose board this person has: their own, and those that they manage (B10)."""
    ids = actor.departments | actor.manages
    if not ids:
        return ()
    return read_as(actor).scalars(select(Department).where(Department.id.in_(ids)).order_by(Department.name)).all()


def every_department(actor: Actor) -> Sequence[Department]:
    """All that work can be given to, by name."""
    return read_as(actor).scalars(select(Department).where(Department.is_active).order_by(Department.name)).all()
