"""The list of instances as apps ask for it: customers their own, staff everybody's (C14 to C16)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import joinedload, selectinload

from flows.access import clean, read_as, visible_instances
from flows.models import Instance, Membership, Step, User
from flows.models.instances import instance_id_from
from flows.queries import customer_status, grid
from flows.queries.pages import Page, page_of
from flows.rules.actors import Actor

PARENT = joinedload(Instance.parent).load_only(Instance.uid)
STEPS = selectinload(Instance.steps).load_only(Step.instance_id, Step.name, Step.actor, Step.state, Step.attempt)
NOBODY = "none"
MINE = "me"


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; empty means everything.

    `status` are words for customers, `pending` and `overdue` among them. `agent` is the opaque id of a colleague, "me"
    or "none". `due_before` and `due_from` bound the due date.
    """

    search: str = ""
    status: Sequence[str] = ()
    turn: str = ""
    kind: str = ""
    customer: str = ""
    agent: str = ""
    flow: str = ""
    source: Sequence[str] = field(default_factory=tuple)
    due_from: datetime | None = None
    due_before: datetime | None = None
    updated_since: datetime | None = None
    sort: str = ""
    count: bool = False

    @property
    def by_end(self) -> bool:
        """What is still to do comes in the order in which it has to be done, unless somebody wants another."""
        if self.sort:
            return self.sort == "due"
        return tuple(self.status) in (("pending",), ("overdue",)) or self.turn == "todo"


def listed(actor: Actor, now: datetime, wanted: Wanted, cursor: str | None, limit: int) -> Page[Instance]:
    """One page in two statements, with organisation, assignee and how the steps stand; newest first unless `by_end`."""
    beside = grid.Filters(kind=wanted.kind, customer=wanted.customer, turn=wanted.turn)
    query = grid.narrowed(visible_instances(actor), actor, now, beside).where(*_conditions(actor, now, wanted))
    query = query.options(joinedload(Instance.organisation), joinedload(Instance.assignee), PARENT, STEPS)
    at = Instance.end_at if wanted.by_end else Instance.created_at
    return page_of(read_as(actor), query, at, cursor=cursor, limit=limit, ascending=wanted.by_end, count=wanted.count)


def _conditions(actor: Actor, now: datetime, wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.status:
        found.append(customer_status.having(wanted.status, now))
    if wanted.agent:
        found.append(_of_agent(actor, wanted.agent))
    if wanted.flow:
        found.append(Instance.flow == clean(wanted.flow))
    if wanted.source:
        found.append(Instance.source.in_(wanted.source))
    if wanted.due_from is not None:
        found.append(Instance.due_at >= wanted.due_from)
    if wanted.due_before is not None:
        found.append(Instance.due_at < wanted.due_before)
    if wanted.updated_since is not None:
        found.append(Instance.last_activity_at >= wanted.updated_since)
    if wanted.search.strip():
        found.append(_matches(wanted.search))
    return found


def _of_agent(actor: Actor, agent: str) -> ColumnElement[bool]:
    if agent == NOBODY:
        return Instance.assignee_id.is_(None)
    if agent == MINE:
        return Instance.assignee_id == actor.user_id
    who: Select[Any] = select(User.id).where(User.uid == clean(agent))
    return Instance.assignee_id.in_(who)


def _matches(search: str) -> ColumnElement[bool]:
    """A reference, or part of the title, of the customer's name or address, or of somebody's email there (C16)."""
    text = clean(search).strip()[:100]
    row_id = instance_id_from(text)
    if row_id is not None:
        return Instance.id == row_id
    columns = (Instance.title, Instance.customer_name, Instance.customer_address)
    by_email = exists(
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organisation_id == Instance.organisation_id, User.email.icontains(text, autoescape=True))
    )
    return or_(*(column.icontains(text, autoescape=True) for column in columns), by_email)
