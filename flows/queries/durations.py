"""Time per stage and per party over the instances of one flow: a table for its page (X4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import and_, select

from flows.access import read_as, visible_instances
from flows.catalogue import FlowDefinition
from flows.models import Instance, Step, TimelineEvent
from flows.queries.timeline import Entry
from flows.rules import calendars, durations
from flows.rules.actors import Actor
from flows.rules.durations import Measure, Move, Spread

NEWEST = 300
"""How many instances of a flow are looked at: the newest ones, so that the page costs the same for ever."""
_READ = (
    Instance.id, Instance.created_at, Instance.closed_at, Instance.time_zone, Instance.waited, Instance.waiting_on,
    Instance.waiting_since,
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    """`stages` are states or steps, in the order of the flow; `calendar` is that of its working days, if it has any."""

    instances: int
    stages: Mapping[str, Spread]
    parties: Mapping[str, Spread]
    calendar: str | None


def of_flow(actor: Actor, definition: FlowDefinition, now: datetime) -> Table:
    """One statement, whatever the number of instances. What is still open counts up to now."""
    calendar = calendar_of(definition)
    measure = _measures(calendar)
    each, parties = [], []
    for one, beside in _newest(actor, definition):
        measured = measure(one.time_zone)
        until = one.closed_at or now
        each.append((_per_state if definition.states else _per_step)(definition, one, beside, until, measured))
        parties.append(durations.per_party(one.waited, one.waiting_on, one.waiting_since, now))
    found = durations.spreads(each)
    order = [name for name in (definition.states or definition.steps) if name in found]
    return Table(len(each), {name: found[name] for name in order}, durations.spreads(parties), calendar)


def calendar_of(definition: FlowDefinition) -> str | None:
    """The calendar by which the flow counts working days; None when its deadline goes by the clock, or it has none."""
    rule = definition.deadline or definition.expires
    return (rule.calendar or calendars.OFFICE) if rule is not None and rule.after.endswith("wd") else None


def moves_in(entries: Sequence[Entry]) -> list[Move]:
    """The moves in a timeline that was read already."""
    return [Move(one.at, one.facts["before"], one.facts["after"]) for one in entries if one.kind == "acted"]


def _measures(calendar: str | None) -> Callable[[str], Measure]:
    """How time is counted in a zone."""
    if calendar is None:
        return lambda _zone: durations.every_hour
    return cache(lambda zone: durations.on_working_days(calendars.calendar_named(calendar), zone))


def _newest(actor: Actor, definition: FlowDefinition) -> Iterator[tuple[Any, list[Any]]]:
    """(instance, its moves or its steps) of the newest instances."""
    newest = (
        visible_instances(actor)
        .where(Instance.flow == definition.flow)
        .order_by(Instance.created_at.desc(), Instance.id.desc())
        .limit(NEWEST)
        .with_only_columns(*_READ)
        .subquery()
    )
    if definition.states:
        moved = and_(TimelineEvent.instance_id == newest.c.id, TimelineEvent.kind == "acted")
        query = select(newest, TimelineEvent.at, TimelineEvent.facts).outerjoin(TimelineEvent, moved)
        query = query.order_by(newest.c.id, TimelineEvent.seq)
    else:
        opened = and_(Step.instance_id == newest.c.id, Step.opened_at.is_not(None))
        query = select(newest, Step.name, Step.opened_at, Step.completed_at).outerjoin(Step, opened)
        query = query.order_by(newest.c.id)
    for _, rows in groupby(read_as(actor).execute(query), lambda row: row.id):
        of = list(rows)
        yield of[0], of


def _per_state(
    definition: FlowDefinition, one: Any, moves: list[Any], until: datetime, measure: Measure
) -> dict[str, int]:
    """What is over is in its last state for ever, so only states in which something is to be done are measured."""
    made = [Move(row.at, row.facts["before"], row.facts["after"]) for row in moves if row.at is not None]
    spent = durations.per_stage(definition.start_state or "", one.created_at, made, until, measure)
    return {
        state: took for state, took in spent.items() if state in definition.states and definition.states[state].open
    }


def _per_step(
    definition: FlowDefinition, _one: Any, steps: list[Any], until: datetime, measure: Measure
) -> dict[str, int]:
    """From when a step could be started until it was completed, approval and all."""
    return {
        row.name: measure(row.opened_at, row.completed_at or until) for row in steps if row.name in definition.steps
    }
