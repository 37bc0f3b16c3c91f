"""The boxes and boards of cases and tasks: pending with me, created by me, related to me, a department's (B31 to B33).

Each is one statement over one index, newest first, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from flows.access import clean, read_as, visible_instances
from flows.models import Department, DepartmentStay, Instance, Participant
from flows.models.instances import instance_id_from
from flows.queries.pages import Page, page_of
from flows.queries.search import titled
from flows.rules.actors import Actor

BOXES = ("pending", "created", "related")
OPEN = ("not_started", "in_progress")
MOST_COUNTED = 1000


@dataclass(frozen=True)
class Filters:
    """What a box is narrowed to; empty means everything.

    `open`: only what is not over; `closed`: only what is; `closed_since`: what is open, or ended after that.
    `assignees` are user ids, None for nobody; `departments` opaque ids; `kind` is "case" or "task".
    """

    search: str = ""
    flow: str = ""
    states: Sequence[str] = ()
    priorities: Sequence[str] = ()
    departments: Sequence[str] = ()
    assignees: Sequence[int | None] = ()
    kind: str = ""
    open: bool = False
    closed: bool = False
    closed_since: datetime | None = None
    overdue: bool = False
    due_from: datetime | None = None
    due_before: datetime | None = None
    without_due: bool = False
    count: bool = False


def in_box(
    actor: Actor, box: str, now: datetime, filters: Filters = Filters(), cursor: str | None = None, limit: int = 25
) -> Page[Instance]:
    """One page of a person's box."""
    query, at, row_id = _box(actor, box)
    return _page(actor, narrowed(query, now, filters), at, row_id, cursor, limit, filters.count)


def of_department(
    actor: Actor,
    department_id: int,
    now: datetime,
    filters: Filters = Filters(),
    cursor: str | None = None,
    limit: int = 25,
) -> Page[Instance]:
    """What is or was in a department: for its managers (B10, Q15). With `filters.open` what is there now."""
    if filters.open:
        query = _by_hand(actor).where(Instance.department_id == department_id)
        return _page(
            actor, narrowed(query, now, filters), Instance.created_at, Instance.id, cursor, limit, filters.count
        )
    query = _by_hand(actor).join(DepartmentStay, DepartmentStay.instance_id == Instance.id)
    query = narrowed(query.where(DepartmentStay.department_id == department_id), now, filters)
    return _page(actor, query, DepartmentStay.created_at, DepartmentStay.instance_id, cursor, limit, filters.count)


def cases(
    actor: Actor, now: datetime, filters: Filters = Filters(), cursor: str | None = None, limit: int = 25
) -> Page[Instance]:
    """Cases and tasks that stand for themselves: all for staff, their own for a customer (B3)."""
    query = _by_hand(actor).where(Instance.parent_id.is_(None))
    return _page(actor, narrowed(query, now, filters), Instance.created_at, Instance.id, cursor, limit, filters.count)


def counts(actor: Actor, departments: Iterable[Department] = ()) -> dict[str, int]:
    """How many are open in each box and in these departments (by opaque id), up to 1,000 each, in one statement."""
    queries = {box: _box(actor, box)[0] for box in BOXES}
    queries |= {one.uid: _by_hand(actor).where(Instance.department_id == one.id) for one in departments}
    columns = []
    for query in queries.values():
        some = query.with_only_columns(Instance.id).where(Instance.closed_at.is_(None)).limit(MOST_COUNTED).subquery()
        columns.append(select(func.count()).select_from(some).scalar_subquery())
    row = read_as(actor).execute(select(*columns)).one()
    return dict(zip(queries, row, strict=True))


def narrowed(query: Select[Any], now: datetime, filters: Filters) -> Select[Any]:
    """The query with the filters applied."""
    if filters.open:
        query = query.where(Instance.closed_at.is_(None))
    if filters.closed:
        query = query.where(Instance.closed_at.is_not(None))
    if filters.closed_since is not None:
        query = query.where(or_(Instance.closed_at.is_(None), Instance.closed_at >= filters.closed_since))
    if filters.overdue:
        query = query.where(Instance.closed_at.is_(None), Instance.due_at < now)
    if filters.flow:
        query = query.where(Instance.flow == clean(filters.flow))
    if filters.kind:
        query = query.where(Instance.kind == "Case" if filters.kind == "case" else Instance.kind != "Case")
    for column, words in ((Instance.state, filters.states), (Instance.priority, filters.priorities)):
        if words:
            query = query.where(column.in_([clean(word) for word in words]))
    if filters.assignees:
        theirs = [one for one in filters.assignees if one is not None]
        nobody = [Instance.assignee_id.is_(None)] if None in filters.assignees else []
        query = query.where(or_(Instance.assignee_id.in_(theirs), *nobody))
    if filters.departments:
        named = select(Department.id).where(Department.uid.in_([clean(one) for one in filters.departments]))
        query = query.where(Instance.department_id.in_(named))
    query = _due(query, filters)
    return _matching(query, filters.search) if filters.search.strip() else query


def _due(query: Select[Any], filters: Filters) -> Select[Any]:
    if filters.without_due:
        query = query.where(Instance.due_at.is_(None))
    if filters.due_from is not None:
        query = query.where(Instance.due_at >= filters.due_from)
    if filters.due_before is not None:
        query = query.where(Instance.due_at < filters.due_before)
    return query


def _matching(query: Select[Any], search: str) -> Select[Any]:
    words = clean(search).strip()[:100]
    row_id = instance_id_from(words)
    if row_id is not None:
        return query.where(Instance.id == row_id)
    return query.where(or_(titled(words), Instance.customer_name.icontains(words, autoescape=True)))


def _by_hand(actor: Actor) -> Select[Any]:
    return visible_instances(actor).where(Instance.state.is_not(None))


def _box(actor: Actor, box: str) -> tuple[Select[Any], Any, Any]:
    """(query, moment, id) of a box: its rows, and the columns of the index that it is read along."""
    mine = _by_hand(actor)
    if box == "pending":
        mine = mine.where(Instance.assignee_id == actor.user_id, Instance.closed_at.is_(None))
    elif box == "created":
        mine = mine.where(Instance.creator_id == actor.user_id)
    else:
        mine = mine.join(Participant, Participant.instance_id == Instance.id).where(
            Participant.user_id == actor.user_id,
            or_(Instance.assignee_id.is_(None), Instance.assignee_id != actor.user_id),
        )
        return mine, Participant.created_at, Participant.instance_id
    return mine, Instance.created_at, Instance.id


def _page(
    actor: Actor, query: Select[Any], at: Any, row_id: Any, cursor: str | None, limit: int, count: bool
) -> Page[Instance]:
    query = query.options(
        joinedload(Instance.assignee),
        joinedload(Instance.creator),
        joinedload(Instance.department),
        joinedload(Instance.parent),
    )
    return page_of(read_as(actor), query, at, cursor=cursor, limit=limit, row_id=row_id, count=count)
