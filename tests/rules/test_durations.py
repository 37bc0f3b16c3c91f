"""Time per stage and party: by the clock or on working days, and what many took (X4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.rules.calendars import calendar_named
from flows.rules.durations import Move, Spread, every_hour, in_words, on_working_days, per_party, per_stage, spreads

pytestmark = pytest.mark.requirement("X4")
FRIDAY = datetime(2026, 11, 6, 16, 0, tzinfo=UTC)
DAY = 24 * 3600
LONDON = on_working_days(calendar_named("office"), "Europe/London")


def after(**span: float) -> datetime:
    return FRIDAY + timedelta(**span)


@pytest.mark.parametrize(
    ("start", "end", "by_the_clock", "on_days"),
    [
        (FRIDAY, after(hours=2), 2 * 3600, 2 * 3600),
        (FRIDAY, after(days=3), 3 * DAY, DAY),
        (after(days=1), after(days=1, hours=5), 5 * 3600, 0),
        (after(days=1), after(days=3), 2 * DAY, 16 * 3600),
        (FRIDAY, after(days=14), 14 * DAY, 10 * DAY),
        (FRIDAY, after(hours=-1), 0, 0),
    ],
)
def test_weekends_count_by_the_clock_alone(start: datetime, end: datetime, by_the_clock: int, on_days: int) -> None:
    assert (every_hour(start, end), LONDON(start, end)) == (by_the_clock, on_days)


def test_holidays_and_changes_of_the_clock() -> None:
    england = on_working_days(calendar_named("england"), "Europe/London")
    christmas = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
    assert england(christmas, christmas + timedelta(days=5)) == DAY // 2 + DAY // 2, "25 to 28 December are free"
    longer = datetime(2026, 10, 23, 12, 0, tzinfo=UTC)  # 11 hours are left of that Friday
    assert LONDON(longer, longer + timedelta(days=3)) == (11 + 12) * 3600


def test_a_stage_is_measured_each_time_it_is_entered() -> None:
    moves = [Move(after(hours=2), "New", "Doing"), Move(after(hours=3), "Doing", "Doing"),
             Move(after(days=3), "Doing", "New")]  # fmt: skip
    assert per_stage("New", FRIDAY, moves, after(days=3, hours=1)) == {"New": 3 * 3600, "Doing": 70 * 3600}
    assert per_stage("New", FRIDAY, moves, after(days=3, hours=1), LONDON) == {"New": 3 * 3600, "Doing": 22 * 3600}


def test_parties_and_spreads() -> None:
    assert per_party({"staff": 60}, "staff", FRIDAY, after(minutes=1)) == {"staff": 120}
    assert per_party({"system": 0}, None, None, FRIDAY) == {}
    each = [{"New": 10}, {"New": 20, "Doing": 7}, {"New": 90}]
    assert spreads(each) == {"New": Spread(3, 20, 90), "Doing": Spread(1, 7, 7)}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "under a minute"), (720, "12 min"), (3600, "1 h"), (18600, "5 h 10 min"), (DAY, "1 d"), (273600, "3 d 4 h")],
)
def test_words(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
