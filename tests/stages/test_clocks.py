"""The clocks of a department request: new for too long, overdue, and dates that staff move (B10, C22)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from flows import access
from flows.access import read_as
from flows.actions import closing, firing
from flows.models import Effect
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from tests.stages.desk import Desk

pytestmark = pytest.mark.parametrize("database", ["sqlite"])


@pytest.fixture
def case(desk: Desk) -> str:
    """Raised on Monday at ten, and rob's, who is no manager."""
    desk.raise_case()
    if desk.assignee() != "rob":
        desk.forward(desk.assignee() or "", "repairs", "rob")
    assert f"{desk.now().due_at:%d %H:%M}" == "09 10:00", "five working days"
    return desk.ref


def reach(desk: Desk, move_clock: Callable[..., datetime], *days: int) -> None:
    """These days of November 2026 after ten, each a minute later, as the next one counts from when one was sent."""
    for day in days:
        move_clock(to=datetime.fromisoformat(f"2026-11-{day:02}T10:{day + 10}+00:00"))
        with unit_of_work(SYSTEM) as work:
            firing.fire_due(work, desk.now().id)


def sent(desk: Desk) -> Counter[tuple[str, str]]:
    """How often (template, who) was owed a mail of a clock."""
    end_reading()
    names = {actor.user_id: who for who, actor in desk.people.items()}
    owed = read_as(SYSTEM).scalars(select(Effect).where(Effect.instance_id == desk.now().id, Effect.kind == "email"))
    return Counter((one.payload["template"], names[one.payload["to"]]) for one in owed if ":timer." in one.key)


def test_what_nobody_starts_is_reminded_of_every_working_day(
    desk: Desk, case: str, move_clock: Callable[..., datetime]
) -> None:
    reach(desk, move_clock, 3, 4, 5, 6, 7, 8)
    assert sent(desk) == {("case/waiting", "rob"): 4}, "Tuesday to Friday, and not at the weekend"
    desk.act("rob", "doing")
    reach(desk, move_clock, 9)
    assert sent(desk)["case/waiting", "rob"] == 4


@pytest.mark.requirement("B10")
def test_what_is_overdue_is_told_once_to_whoever_has_it_and_to_the_manager(
    desk: Desk, case: str, move_clock: Callable[..., datetime]
) -> None:
    desk.act("rob", "doing")
    reach(desk, move_clock, 9, 10, 11)
    assert sent(desk) == {("case/overdue", "rob"): 1, ("case/overdue", "gus"): 1}
    desk.forward("rob", "lettings", "liv")
    assert desk.now().is_overdue(datetime(2026, 11, 12, tzinfo=UTC))


@pytest.mark.requirement("B8")
def test_another_due_date_moves_what_is_told(desk: Desk, case: str, move_clock: Callable[..., datetime]) -> None:
    desk.act("rob", "doing")
    with unit_of_work(desk.people["ada"]) as work:
        later = datetime(2026, 11, 12, 10, 0, tzinfo=UTC)
        closing.change_due(work, access.instance_to_change(work, case), later, "Parts are late")
    reach(desk, move_clock, 9, 10, 11)
    assert sent(desk) == {}
    reach(desk, move_clock, 12)
    assert sum(sent(desk).values()) == 2


def test_nothing_is_told_about_what_is_over(desk: Desk, case: str, move_clock: Callable[..., datetime]) -> None:
    desk.act("priya", "cancel", "It stopped")
    reach(desk, move_clock, 3, 9, 10)
    assert sent(desk) == {}
