"""The task system: its grid and its three totals (A14 to A23, A33)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from flows.access import clean, read_as, visible_instances
from flows.models import Instance, Organisation
from flows.models.instances import OPEN_STATUSES, instance_id_from
from flows.queries.pages import Page, page_of
from flows.queries.search import titled
from flows.rules.actors import Actor
from flows.words import N_

GRID_STATUSES = (N_("Pending"), N_("Completed"), N_("Expired"))
"""The three words of A22; cancelled ones are in the list without a status of these."""


@dataclass(frozen=True)
class Filters:
    """What the grid is narrowed to; empty means everything. `mine` are those that this person is to do (Q6).

    `expires_before`: those still open that end before this moment.
    """

    search: str = ""
    status: Sequence[str] = ()
    kind: str = ""
    customer: str = ""
    mine: bool = False
    turn: str = ""
    expires_before: datetime | None = None


@dataclass(frozen=True)
class Totals:
    """Counters of the scope that the grid shows (A15, A16, A17)."""

    pending: int
    completed: int
    expired: int


def grid_status(instance: Instance, now: datetime) -> str:
    """Pending, Completed, Expired or Cancelled. Past its end it is expired, whether or not a worker has noticed."""
    if instance.status in OPEN_STATUSES:
        return "Expired" if instance.is_past_expiry(now) else "Pending"
    return {"completed": "Completed", "expired": "Expired"}.get(instance.status, N_("Cancelled"))


def needs_action(instance: Instance, now: datetime) -> bool:
    """Whether *Complete task* is enabled: only while the customer has something to do (A23)."""
    return grid_status(instance, now) == "Pending" and instance.waiting_on == "customer"


def tasks(
    actor: Actor, now: datetime, filters: Filters = Filters(), cursor: str | None = None, limit: int = 25
) -> Page[Instance]:
    """One page of tasks in one statement: newest first; those still to do by when they have to be done."""
    query = narrowed(visible_instances(actor), actor, now, filters)
    if tuple(filters.status) == ("Pending",) or filters.turn == "todo":
        return page_of(read_as(actor), query, Instance.end_at, cursor=cursor, limit=limit, ascending=True)
    return page_of(read_as(actor), query, Instance.created_at, cursor=cursor, limit=limit)


def totals(actor: Actor, now: datetime, filters: Filters = Filters()) -> Totals:
    """The three counters in one statement, over the same scope as the grid, its status filter left out."""
    scope = narrowed(visible_instances(actor), actor, now, replace(filters, status=())).subquery()
    alive, ended = _open_and_ended(scope.c, now)
    count = [
        func.coalesce(func.sum(case((condition, 1), else_=0)), 0)
        for condition in (alive, scope.c.status == "completed", ended)
    ]
    return Totals(*read_as(actor).execute(select(*count)).one())


def kinds(actor: Actor) -> list[str]:
    """Task types there are, for the filter."""
    query = (
        visible_instances(actor)
        .with_only_columns(Instance.kind)
        .where(Instance.kind != "")
        .distinct()
        .order_by(Instance.kind)
    )
    return list(read_as(actor).scalars(query))


def outstanding(actor: Actor, now: datetime) -> int:
    """How many tasks wait for this customer: the badge in the navigation."""
    alive, _ = _open_and_ended(Instance, now)
    query = visible_instances(actor).where(alive, Instance.waiting_on == "customer").with_only_columns(func.count())
    return read_as(actor).scalar(query) or 0


def narrowed(query: Select[Any], actor: Actor, now: datetime, filters: Filters) -> Select[Any]:
    """The query with the filters applied; cases and tasks of departments have lists of their own."""
    query = query.where(Instance.state.is_(None))
    alive, ended = _open_and_ended(Instance, now)
    words: dict[str, ColumnElement[bool]] = {
        "Pending": alive,
        "Completed": Instance.status == "completed",
        "Expired": ended,
        "Cancelled": Instance.status == "cancelled",
    }
    if filters.status:
        query = query.where(or_(*(words[status] for status in filters.status if status in words)))
    turns: dict[str, ColumnElement[bool]] = {
        "todo": and_(alive, Instance.waiting_on == "customer"),
        "with_us": and_(alive, Instance.waiting_on != "customer"),
        "done": ~alive,
    }
    if filters.turn in turns:
        query = query.where(turns[filters.turn])
    if filters.expires_before is not None:
        query = query.where(alive, Instance.expires_at <= filters.expires_before)
    if filters.kind:
        query = query.where(Instance.kind == clean(filters.kind))
    if filters.customer:
        query = query.join(Organisation, Organisation.id == Instance.organisation_id).where(
            Organisation.uid == clean(filters.customer)
        )
    if filters.mine:
        query = query.where(or_(Instance.customer_id == actor.user_id, Instance.assignee_id == actor.user_id))
    return query.where(_matches(filters.search)) if filters.search.strip() else query


def _matches(search: str) -> ColumnElement[bool]:
    text = clean(search).strip()[:100]
    row_id = instance_id_from(text)
    if row_id is not None:
        return Instance.id == row_id
    return or_(titled(text), Instance.customer_name.icontains(text, autoescape=True))


def _open_and_ended(columns: Any, now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """(still open, ended by time): a deadline is a predicate too, so both hold while no worker runs (Q30)."""
    is_open = columns.status.in_(OPEN_STATUSES)
    in_time = or_(columns.expires_at.is_(None), columns.expires_at > now)
    return and_(is_open, in_time), or_(columns.status == "expired", and_(is_open, ~in_time))
