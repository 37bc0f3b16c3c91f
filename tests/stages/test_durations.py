"""How long the instances of a flow take: by stage and by party, from the newest, in one statement (X4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from flows import catalogue
from flows.clock import clock
from flows.queries import durations
from flows.rules.durations import Spread
from flows.work import end_reading
from tests.stages.desk import Desk

pytestmark = [pytest.mark.requirement("X4"), pytest.mark.parametrize("database", ["sqlite"])]


def hours(spreads: Mapping[str, Spread]) -> dict[str, tuple[int, int, int]]:
    """How many, median and longest in whole hours: the clock of a test runs on while it works."""
    return {name: (one.instances, one.median // 3600, one.longest // 3600) for name, one in spreads.items()}


def table_of(desk: Desk, flow: str = "department-task") -> durations.Table:
    end_reading()
    return durations.of_flow(desk.people["ada"], catalogue.current().flows[flow].definition, clock.now())


def test_stages_of_cases_count_working_days(desk: Desk, move_clock: Callable[..., datetime]) -> None:
    move_clock(to=datetime(2026, 11, 6, 16, 0, tzinfo=UTC))  # a Friday, the eighth hour before the weekend
    desk.make_task(by="gus", assignee="usr_gus")
    move_clock(days=3)
    desk.act("gus", "doing")
    move_clock(hours=2)
    desk.act("gus", "complete", "Done")
    move_clock(days=30)
    desk.make_task(by="gus", assignee="usr_gus")
    move_clock(hours=4)
    found = table_of(desk)
    assert (found.instances, found.calendar) == (2, "office")
    assert hours(found.stages) == {"New": (2, 14, 24), "InProgress": (1, 2, 2)}
    assert hours(found.parties) == {"staff": (2, 39, 74)}


def test_nothing_has_happened_yet(desk: Desk) -> None:
    found = table_of(desk)
    assert (found.instances, dict(found.stages), dict(found.parties)) == (0, {}, {})


def test_the_newest_alone_are_read_in_one_statement(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, count_statements: Callable[[], list[str]]
) -> None:
    monkeypatch.setattr(durations, "NEWEST", 3)
    for _ in range(5):
        desk.make_task(by="gus", assignee="usr_gus")
    counted = count_statements()
    assert table_of(desk).instances == 3
    assert len(counted) == 1
