"""Whose turn it is, for a customer's start page and lists: three lists in one statement, and what their rows tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, or_, select

from flows.access import read_as, visible_instances
from flows.models import Instance, Step
from flows.queries import grid
from flows.rules.actors import Actor

RECENTLY = timedelta(days=30)
MOST_COUNTED = 100
"""Nobody counts further than this: more is "100+"."""


@dataclass(frozen=True)
class Turns:
    """What to do, the soonest end first; what is with us and what was done lately, the newest first."""

    to_do: Sequence[Instance]
    with_us: Sequence[Instance]
    done: Sequence[Instance]

    @property
    def everything(self) -> list[Instance]:
        return [*self.to_do, *self.with_us, *self.done]


@dataclass
class Marks:
    """What the steps of one instance tell in a list: names of those handed back, and when answers last came in."""

    handed_back: list[str] = field(default_factory=list)
    sent_at: datetime | None = None


def at_home(actor: Actor, now: datetime, limit: int = 5) -> Turns:
    """At most `limit` of each, in one statement."""
    end = func.coalesce(Instance.expires_at, Instance.due_at)
    recently = func.coalesce(Instance.closed_at, Instance.expires_at) >= now - RECENTLY
    newest = (Instance.created_at.desc(), Instance.id.desc())
    parts = (
        _of(actor, now, "todo").order_by(end.is_(None), end, Instance.id),
        _of(actor, now, "with_us").order_by(*newest),
        _of(actor, now, "done").where(recently).order_by(Instance.closed_at.desc(), Instance.id.desc()),
    )
    few = [part.with_only_columns(Instance.id).limit(limit).subquery() for part in parts]
    query = visible_instances(actor).where(or_(*(Instance.id.in_(select(part.c.id)) for part in few)))
    rows = read_as(actor).scalars(query.order_by(*newest)).all()
    done = [row for row in rows if grid.grid_status(row, now) != "Pending"]
    alive = [row for row in rows if grid.grid_status(row, now) == "Pending"]
    return Turns(
        sorted((row for row in alive if row.waiting_on == "customer"), key=lambda row: (row.end_at, row.id)),
        [row for row in alive if row.waiting_on != "customer"],
        sorted(done, key=lambda row: row.closed_at or row.end_at, reverse=True),
    )


def marks(actor: Actor, instances: Sequence[Instance]) -> dict[int, Marks]:
    """By instance id, in one statement; an instance without a step worth telling of is not in it."""
    ids = [one.id for one in instances if one.is_open]
    if not ids:
        return {}
    query = select(Step.instance_id, Step.name, Step.state, Step.submitted_at).where(
        Step.instance_id.in_(ids),
        Step.actor == "customer",
        Step.state.in_(("returned", "reopened", "pending_approval")),
    )
    found: dict[int, Marks] = {}
    for instance_id, name, state, sent_at in read_as(actor).execute(query.order_by(Step.position)):
        mine = found.setdefault(instance_id, Marks())
        if state == "pending_approval":
            mine.sent_at = max(filter(None, (mine.sent_at, sent_at)), default=None)
        else:
            mine.handed_back.append(name)
    return found


def counts(actor: Actor, now: datetime) -> dict[str, int]:
    """How many are with us and how many are done, each counted to 100 at most, in one statement."""
    parts = {
        turn: _of(actor, now, turn).with_only_columns(Instance.id).limit(MOST_COUNTED).subquery()
        for turn in ("with_us", "done")
    }
    columns = [select(func.count()).select_from(part).scalar_subquery() for part in parts.values()]
    return dict(zip(parts, read_as(actor).execute(select(*columns)).one(), strict=True))


def _of(actor: Actor, now: datetime, turn: str) -> Select[Any]:
    return grid.narrowed(visible_instances(actor), actor, now, grid.Filters(turn=turn))
