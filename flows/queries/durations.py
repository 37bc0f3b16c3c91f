"""Time per stage and per party over the instances of one flow: a table for its page (X4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from flows.access import read_as, visible_instances
from flows.models import Instance, TimelineEvent
from flows.queries.timeline import Entry
from flows.rules import durations
from flows.rules.actors import Actor
from flows.rules.durations import Move

NEWEST = 300
"""How many instances of a flow are looked at: the newest ones, so that the page costs the same for ever."""


@dataclass(frozen=True)
class Table:
    """Medians in seconds: by state and by party, each with how many instances had it."""

    instances: int
    stages: dict[str, tuple[int, int]]
    parties: dict[str, tuple[int, int]]


def of_flow(actor: Actor, flow: str, start: str | None, now: datetime) -> Table:
    """Two statements, whatever the number of instances."""
    session = read_as(actor)
    newest = (
        visible_instances(actor).where(Instance.flow == flow).order_by(Instance.created_at.desc(), Instance.id.desc())
    )
    instances: Sequence[Instance] = session.scalars(newest.limit(NEWEST)).all()
    moves: dict[int, list[Move]] = {}
    if start is not None and instances:
        rows = session.execute(
            select(TimelineEvent.instance_id, TimelineEvent.at, TimelineEvent.facts)
            .where(TimelineEvent.instance_id.in_([one.id for one in instances]), TimelineEvent.kind == "acted")
            .order_by(TimelineEvent.instance_id, TimelineEvent.seq)
        )
        for instance_id, at, facts in rows:
            moves.setdefault(instance_id, []).append(Move(at, facts["before"], facts["after"]))
    stages = (
        durations.per_stage(start, one.created_at, moves.get(one.id, ()), one.closed_at or now)
        for one in instances
        if start is not None
    )
    parties = (durations.per_party(one.waited, one.waiting_on, one.waiting_since, now) for one in instances)
    return Table(len(instances), durations.medians(stages), durations.medians(parties))


def moves_in(entries: Sequence[Entry]) -> list[Move]:
    """The moves in a timeline that was read already."""
    return [Move(one.at, one.facts["before"], one.facts["after"]) for one in entries if one.kind == "acted"]
