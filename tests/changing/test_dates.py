"""Due dates of an instance that moves: what is late at once is told to nobody, and who is late twice is told twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from flows import access
from flows.actions import closing, firing
from flows.clock import clock
from flows.models import Effect, Notice, Timer
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from tests.changing.conftest import Changing

LATE = (
    "rating: {",
    "effects:\n  overdue:\n    - notice: You are late\n    - webhook: {url: 'http://127.0.0.1:9/x'}\n\nrating: {",
)
DUE = "deadline: {after: 10wd, calendar: england}"
LATER = (DUE, "deadline: {after: 30wd, calendar: england}")
STEP_SOONER = ("    deadline: {after: 3d}", "    deadline: {after: 1d}")


def fire(change: Changing) -> None:
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, access.instance_to_change(work, change.ref).id)


def occasions() -> list[str]:
    end_reading()
    query = select(Effect.payload).where(Effect.kind == "webhook").order_by(Effect.id)
    return [payload["event"] for payload in access.read_as(SYSTEM).scalars(query)]


def pass_due(change: Changing, move_clock: Callable[..., datetime]) -> None:
    due = change.now().due_at
    assert due is not None
    move_clock(to=due + timedelta(hours=1))
    fire(change)


@pytest.mark.requirement("X13", "Q30")
@pytest.mark.parametrize("by_hand", [False, True])
def test_late_a_second_time_it_is_said_a_second_time(
    change: Changing, move_clock: Callable[..., datetime], by_hand: bool
) -> None:
    change.write(LATE)
    change.start()
    pass_due(change, move_clock)
    assert occasions() == ["overdue"]
    if by_hand:
        with unit_of_work(change.world.admin) as work:
            instance = access.instance_to_change(work, change.ref)
            closing.change_due(work, instance, clock.now() + timedelta(days=9), "On holiday")
    else:
        change.migrate(change.write(LATE, LATER))
    pass_due(change, move_clock)
    assert occasions() == ["overdue", f"overdue.{change.now().event_seq}"]
    assert change.kinds().count("instance_overdue") == 2
    fire(change)
    assert len(occasions()) == 2
    change.check()


@pytest.mark.requirement("X13", "X3")
def test_what_is_late_at_once_is_told_to_nobody(change: Changing, move_clock: Callable[..., datetime]) -> None:
    change.write(LATE)
    created = change.start().created_at
    move_clock(to=created + timedelta(days=2, hours=12))
    sooner = change.write(LATE, (DUE, "deadline: {after: 1d}"), STEP_SOONER)
    verdict, reasons = change.said(sooner)
    assert verdict == "yellow"
    assert "it is overdue at once, and nobody is told: the deadline is 1d now" in reasons
    assert "“Who you are” is overdue at once" in reasons
    change.migrate(sooner)
    end_reading()
    before = access.read_as(SYSTEM).scalar(select(func.count()).select_from(Notice))
    fire(change)
    end_reading()
    assert access.read_as(SYSTEM).scalar(select(func.count()).select_from(Notice)) == before
    assert occasions() == []
    assert change.kinds()[-1] == "instance_migrated"
    assert change.now().is_overdue(clock.now())
    missed = select(Timer.name).where(Timer.ending == "missed").order_by(Timer.name)
    assert access.read_as(SYSTEM).scalars(missed).all() == ["deadline", "due.identity"]
    change.undo()
    assert not change.now().is_overdue(clock.now())
    pass_due(change, move_clock)
    assert occasions() == ["overdue"], "taken back, it is due as before"
