"""How time goes by where no worker runs: what falls due is seen to at its own moment, in the order of the moments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import CompoundSelect, bindparam, literal_column, null, select, union_all

from flows.access import read_as
from flows.actions.delivering import waits_its_turn
from flows.clock import clock
from flows.models import Effect, Timer
from flows.models.base import Moment
from flows.rules.actors import SYSTEM
from flows.work import end_reading


@dataclass(frozen=True)
class Due:
    """What falls due at one moment: the instances that a timer of which comes, and effects with their kinds."""

    moment: datetime
    instances: Sequence[int]
    effects: Sequence[tuple[int, str]]


def pass_time(until: datetime, see_to_it: Callable[[Due], object]) -> None:
    """Move the clock on to `until`, stopping wherever something falls due on the way."""
    while (due := _next_due(until)) is not None:
        _move_to(due.moment)
        see_to_it(due)
    end_reading()
    _move_to(until)


def _next_due(until: datetime) -> Due | None:
    """One statement, because it is asked after everything that anybody does."""
    rows = read_as(SYSTEM).connection().execute(_all_due(), {"until": until}).all()
    if not rows:
        return None
    moment = max(min(row.at for row in rows), clock.now())
    now = [row for row in rows if row.at <= moment]
    return Due(
        moment,
        sorted({row.id for row in now if row.kind is None}),
        sorted((row.id, row.kind) for row in now if row.kind is not None),
    )


@cache
def _all_due() -> CompoundSelect[Any]:
    """A state that is written out lets SQLite plan it once; for a bound one it looks each time for a partial index."""
    until = bindparam("until", type_=Moment())
    timers = select(Timer.due_at.label("at"), Timer.instance_id.label("id"), null().label("kind"))
    effects = select(Effect.next_at, Effect.id, Effect.kind)
    return union_all(
        timers.where(Timer.ended_at.is_(None), Timer.due_at <= until),
        effects.where(Effect.state == literal_column("'pending'"), Effect.next_at <= until, ~waits_its_turn()),
    )


def _move_to(moment: datetime) -> None:
    """Never back: what somebody does takes a few milliseconds of its own."""
    if moment > clock.now():
        clock.set(moment)
