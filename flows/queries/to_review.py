"""What waits for a review, the longest waiting first: the queue that reviewers walk through (A4 of SCREENS.md)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_
from sqlalchemy.orm import aliased, selectinload

from flows.access import read_as, visible_instances
from flows.models import Instance
from flows.models.instances import reference_of
from flows.rules.actors import Actor

MOST_COUNTED = 100


class Place(NamedTuple):
    """Where an instance stands in the queue: `place` (0: not in it) of `total` (at most MOST_COUNTED + 1), and its
    neighbours by reference.
    """

    place: int
    total: int
    previous: str
    next: str


def waiting(row: Any, now: datetime) -> ColumnElement[bool]:
    """The condition that a row of instances waits for a review; `waiting_on` and `closed_at` as in the open index."""
    in_time = or_(row.expires_at.is_(None), row.expires_at > now)
    return and_(row.status == "awaiting_review", row.waiting_on == "staff", row.closed_at.is_(None), in_time)


def columns(now: datetime) -> list[ColumnElement[Any]]:
    """What `place_of` reads, as columns of a query for instances; nothing is looked up for one that does not wait."""
    other = aliased(Instance)
    queued, key = waiting(other, now), tuple_(other.waiting_since, other.id)
    mine = tuple_(Instance.waiting_since, Instance.id)
    capped = select(other.id).where(queued).limit(MOST_COUNTED + 1).subquery()
    total = select(func.count()).select_from(capped).scalar_subquery()
    before = select(func.count(other.id)).where(queued, key < mine)
    previous = select(other.id).where(queued, key < mine).order_by(other.waiting_since.desc(), other.id.desc()).limit(1)
    following = select(other.id).where(queued, key > mine).order_by(other.waiting_since, other.id).limit(1)
    first = select(other.id).where(queued).order_by(other.waiting_since, other.id).limit(1).scalar_subquery()
    waits = waiting(Instance, now)
    return [
        case((waits, before.correlate(Instance).scalar_subquery() + 1), else_=0),
        total,
        case((waits, previous.correlate(Instance).scalar_subquery())),
        case((waits, following.correlate(Instance).scalar_subquery()), else_=first),
    ]


def place_of(row: Sequence[Any]) -> Place:
    """From the values of `columns`."""
    place, total, previous, following = row
    return Place(place, total, reference_of(previous) if previous else "", reference_of(following) if following else "")


def queue(actor: Actor, now: datetime, after: tuple[datetime, int] | None = None, limit: int = 50) -> list[Instance]:
    """Those that wait, with their steps, the longest waiting first; `after` (waiting since, id) goes on from there."""
    query = visible_instances(actor).where(waiting(Instance, now)).options(selectinload(Instance.steps))
    if after is not None:
        query = query.where(tuple_(Instance.waiting_since, Instance.id) > tuple_(*after))
    return list(read_as(actor).scalars(query.order_by(Instance.waiting_since, Instance.id).limit(limit)))
