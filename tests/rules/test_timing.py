"""Spans by the wall clock, working days, reminders and what happens to late timers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.timing import (
    Span,
    add,
    calendar_named,
    calendar_names,
    due_moments,
    late_policy,
    local_date,
    parse_span,
    subtract,
    zone_named,
)

ZONES = st.sampled_from([
    "Europe/London", "America/New_York", "America/Santiago", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia",
    "Asia/Kathmandu", "Asia/Beirut", "Africa/Cairo", "UTC",
])  # fmt: skip
MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize("text", ["30m", "12h", "3d", "1w", "5wd", "0d"])
def test_a_span_reads_back_as_it_was_written(text: str) -> None:
    assert str(parse_span(text)) == text


@pytest.mark.parametrize("text", ["", "3", "d", "3 d", "-3d", "3days", "03d", "1.5d", "9999999d", "٣d", "3d\n"])
def test_anything_else_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a whole number|use at most"):
        parse_span(text)


@pytest.mark.requirement("A6", "A10", "Q1", "Q2")
@given(MOMENTS, ZONES)
def test_reminders_come_on_days_3_5_and_7_and_the_end_at_the_end_of_day_7(created: datetime, zone: str) -> None:
    reminders = due_moments(
        created_at=created, zone=zone, after=[parse_span(s) for s in ("3d", "5d", "7d")], time="09:00"
    )
    end = add(created, parse_span("7d"), zone, time="end")
    day0 = local_date(created, zone)
    assert reminders == sorted(reminders)
    assert all(moment < end for moment in reminders)
    skipped = date(2011, 12, 30)  # Samoa had no such day
    if zone != "Pacific/Apia" or not day0 <= skipped <= day0 + timedelta(days=7):
        assert [(local_date(moment, zone) - day0).days for moment in reminders] == [3, 5, 7]
        assert {f"{moment.astimezone(ZoneInfo(zone)):%H:%M}" for moment in reminders} == {"09:00"}
        assert f"{end.astimezone(ZoneInfo(zone)):%H:%M:%S}" == "23:59:59"
        assert (local_date(end, zone) - day0).days == 7
        assert local_date(end + timedelta(seconds=1), zone) == day0 + timedelta(days=8)


@pytest.mark.requirement("Q2", "A6")
def test_a_task_of_23_50_lives_seven_full_days() -> None:
    created = utc(2026, 3, 26, 23, 50)
    end = add(created, parse_span("7d"), "Europe/London", time="end")
    assert end == utc(2026, 4, 2, 22, 59, 59)  # summer time began in between
    days = due_moments(
        created_at=created, zone="Europe/London", after=[Span(3, "d"), Span(5, "d"), Span(7, "d")], time="09:00"
    )
    assert days == [utc(2026, 3, 29, 8), utc(2026, 3, 31, 8), utc(2026, 4, 2, 8)]


@pytest.mark.requirement("X3")
@pytest.mark.parametrize(
    ("start", "zone", "wanted"),
    [
        (utc(2026, 3, 28, 1, 30), "Europe/London", utc(2026, 3, 29, 1, 0)),  # 01:30 does not exist: 02:00
        (utc(2026, 10, 24, 0, 30), "Europe/London", utc(2026, 10, 25, 0, 30)),  # 01:30 comes twice: the first
        (utc(2026, 10, 2, 15, 45), "Australia/Lord_Howe", utc(2026, 10, 3, 15, 30)),  # a gap of half an hour
        (utc(2011, 12, 30, 0, 0), "Pacific/Apia", utc(2011, 12, 30, 10, 0)),  # a whole day is skipped
    ],
)
def test_a_day_later_is_the_same_wall_clock(start: datetime, zone: str, wanted: datetime) -> None:
    assert add(start, Span(1, "d"), zone) == wanted


@pytest.mark.requirement("X3")
def test_the_end_of_a_day_that_ends_twice_is_the_second() -> None:
    assert add(utc(2026, 4, 4, 12), Span(0, "d"), "America/Santiago", time="end") == utc(2026, 4, 5, 3, 59, 59)


@pytest.mark.requirement("X3")
@given(MOMENTS, ZONES, st.integers(0, 400))
def test_hours_are_exact_and_days_keep_the_clock_or_jump_a_gap(start: datetime, zone: str, n: int) -> None:
    tz = ZoneInfo(zone)
    assert add(start, Span(n, "h"), zone) == start + timedelta(hours=n)
    later = add(start, Span(n, "d"), zone)
    wall = start.astimezone(tz).replace(tzinfo=None) + timedelta(days=n)
    found = later.astimezone(tz)
    if found.replace(tzinfo=None) != wall:  # a gap: one second before, the clocks had not jumped yet
        before = (later - timedelta(seconds=1)).astimezone(tz)
        assert before.utcoffset() != found.utcoffset()
        assert before.replace(tzinfo=None) < wall < found.replace(tzinfo=None)


@pytest.mark.requirement("X3")
@given(MOMENTS, ZONES, st.integers(1, 60))
def test_working_days_count_only_working_days(start: datetime, zone: str, n: int) -> None:
    england = calendar_named("england")
    noon = add(start, Span(0, "d"), zone, time="12:00")
    first, last = local_date(noon, zone), local_date(add(noon, Span(n, "wd"), zone, calendar=england), zone)
    between = (first + timedelta(days=k) for k in range(1, (last - first).days + 1))
    if zone != "Pacific/Apia":
        assert england.is_working(last)
        assert sum(england.is_working(day) for day in between) == n
        back = local_date(subtract(noon, Span(n, "wd"), zone, calendar=england), zone)
        assert england.is_working(back)
        assert back < first


@pytest.mark.requirement("X3")
def test_holidays_are_those_of_the_named_country() -> None:
    boxing_day, st_andrew, labour_day = date(2025, 12, 26), date(2026, 11, 30), date(2026, 5, 1)
    assert calendar_named(None).is_working(boxing_day)
    assert not calendar_named("england").is_working(boxing_day)
    assert calendar_named("england").is_working(st_andrew)
    assert not calendar_named("scotland").is_working(st_andrew)
    assert not calendar_named("germany").is_working(labour_day)
    assert not calendar_named("office").is_working(date(2026, 11, 28))
    friday = utc(2025, 12, 24, 9)
    assert add(friday, Span(1, "wd"), "Europe/London", calendar=calendar_named("england")) == utc(2025, 12, 29, 9)


def test_every_calendar_name_works_and_a_typo_is_named() -> None:
    for name in calendar_names():
        assert not calendar_named(name).is_working(date(2026, 11, 29))
    with pytest.raises(ValueError, match="did you mean 'england'"):
        calendar_named("englnd")
    with pytest.raises(ValueError, match="use one of office"):
        calendar_named("zzz")


@pytest.mark.parametrize("text", ["", "Mars/X", "../etc/passwd", "Europe", ".", "a\0b"])
def test_a_zone_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time zone is called"):
        zone_named(text)


def test_a_misspelt_zone_is_corrected_and_bad_times_are_refused() -> None:
    with pytest.raises(ValueError, match="did you mean 'Europe/London'"):
        zone_named("europe/lodon")
    with pytest.raises(ValueError, match="write HH:MM"):
        add(utc(2026, 1, 1), Span(1, "d"), "UTC", time="24:00")
    with pytest.raises(ValueError, match="offset from UTC"):
        add(datetime(2026, 1, 1), Span(1, "d"), "UTC")


def test_moments_of_a_timer_count_from_what_it_names() -> None:
    created, due = utc(2026, 11, 2, 10), utc(2026, 11, 16, 17)
    asked = {"created_at": created, "zone": "UTC"}
    assert due_moments(**asked, due_at=due, before_due=[Span(3, "wd"), Span(1, "wd")]) == [
        utc(2026, 11, 11, 17),
        utc(2026, 11, 13, 17),
    ]
    assert due_moments(**asked, due_at=due, before_due=[Span(40, "d")]) == []  # before the creation: no use
    assert due_moments(**asked, due_at=due, after_due=[Span(0, "d")]) == [due]
    assert due_moments(**asked, before_due=[Span(1, "d")], after_due=[Span(1, "d")]) == []
    assert due_moments(**asked, every=Span(1, "d")) == [utc(2026, 11, 3, 10)]
    assert due_moments(**asked, every=Span(1, "wd"), until=utc(2026, 11, 10, 10)) == [
        utc(2026, 11, d, 10) for d in (3, 4, 5, 6, 9)
    ]
    assert due_moments(**asked, after=[Span(1, "d"), Span(24, "h")]) == [utc(2026, 11, 3, 10)]
    assert len(due_moments(**asked, every=Span(1, "m"), until=due)) == 100


@dataclass(frozen=True)
class Row:
    name: str
    n: int
    kind: str
    due_at: datetime


def reminder(n: int, day: int, hour: int = 9, name: str = "reminder") -> Row:
    return Row(name, n, "reminder", utc(2026, 11, day, hour))


EXPIRY = Row("expires", 1, "expiry", utc(2026, 11, 9, 23))


@pytest.mark.requirement("Q30")
def test_of_several_late_reminders_only_the_newest_is_sent() -> None:
    late = late_policy([reminder(2, 7), reminder(1, 5), reminder(1, 6, name="other")])
    assert late.to_fire == [reminder(1, 6, name="other"), reminder(2, 7)]
    assert late.missed == [reminder(1, 5)]


@pytest.mark.requirement("Q30")
def test_no_pointless_reminder_right_before_the_end() -> None:
    overdue = Row("deadline", 1, "overdue", utc(2026, 11, 8))
    late = late_policy([EXPIRY, reminder(1, 5), reminder(2, 7), reminder(3, 9), overdue, reminder(4, 12)])
    assert late.to_fire == [EXPIRY]
    assert late.missed == [reminder(1, 5), reminder(2, 7), overdue, reminder(3, 9), reminder(4, 12)]


@pytest.mark.requirement("Q30")
def test_a_reminder_of_the_very_moment_of_the_end_comes_before_it() -> None:
    late = late_policy([EXPIRY, reminder(3, 9, 23), reminder(1, 5)])
    assert late.to_fire == [reminder(3, 9, 23), EXPIRY]


TIMERS = st.lists(
    st.builds(
        Row, st.sampled_from("abc"), st.integers(1, 5), st.sampled_from(["reminder", "overdue", "expiry"]),
        st.integers(0, 8).map(lambda day: utc(2026, 11, 1 + day)),
    ),
    unique=True,
)  # fmt: skip


@pytest.mark.requirement("Q30")
@given(TIMERS)
def test_every_late_timer_ends_once_in_order_and_nothing_follows_the_end(due: list[Row]) -> None:
    late = late_policy(due)
    assert sorted([*late.to_fire, *late.missed], key=repr) == sorted(due, key=repr)
    assert late.to_fire == sorted(late.to_fire, key=lambda row: row.due_at)
    kinds = [row.kind for row in late.to_fire]
    assert kinds.count("expiry") == int(any(row.kind == "expiry" for row in due))
    assert "expiry" not in kinds[:-1]
    named = [row.name for row in late.to_fire if row.kind != "expiry"]
    assert len(named) == len(set(named))
    if due:
        assert late.to_fire
