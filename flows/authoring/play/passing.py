"""How time goes by where no worker runs: what falls due is seen to at its own moment, in the order of the moments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import func, select

from flows.access import read_as
from flows.clock import clock
from flows.models import Effect, Timer
from flows.rules.actors import SYSTEM
from flows.work import end_reading


def pass_time(until: datetime, see_to_it: Callable[[], object]) -> None:
    """Move the clock on to `until`, stopping wherever something falls due on the way."""
    while (due := _next_due()) is not None and due <= until:
        _move_to(due)
        see_to_it()
    _move_to(until)


def _next_due() -> datetime | None:
    session = read_as(SYSTEM)
    timer = select(func.min(Timer.due_at)).where(Timer.ended_at.is_(None)).scalar_subquery()
    effect = select(func.min(Effect.next_at)).where(Effect.state == "pending").scalar_subquery()
    moments = session.execute(select(timer, effect)).one()
    end_reading()
    return min((moment for moment in moments if moment is not None), default=None)


def _move_to(moment: datetime) -> None:
    """Never back: what somebody does takes a few milliseconds of its own."""
    if moment > clock.now():
        clock.set(moment)
