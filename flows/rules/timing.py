"""Spans, moments and time zones: when a deadline, a reminder or an expiry falls, and what to do when it is late."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as Clock
from difflib import get_close_matches
from functools import lru_cache
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from flows.rules.calendars import Calendar, calendar_named, calendar_names

__all__ = [
    "Calendar", "Late", "Span", "add", "calendar_named", "calendar_names", "due_moments", "late_policy", "local_date",
    "parse_span", "subtract", "zone_named",
]  # fmt: skip

Unit = Literal["m", "h", "d", "wd", "w"]
END = "end"
_SPAN = re.compile(r"(0|[1-9][0-9]{0,6})(m|h|d|wd|w)", re.ASCII)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
_LONGEST: dict[str, int] = {"m": 5_256_000, "h": 87_600, "d": 3_650, "wd": 2_600, "w": 520}  # ten years each


@dataclass(frozen=True)
class Span:
    """So many minutes, hours (exact), calendar days, working days or weeks (by the wall clock of a zone)."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


def parse_span(text: str) -> Span:
    """`30m`, `12h`, `3d`, `5wd` or `1w` as a Span. ValueError names the cure."""
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no span; write a whole number and m, h, d, wd or w, like 12h, 3d or 5wd")
    amount, unit = int(found[1]), cast(Unit, found[2])
    if amount > _LONGEST[unit]:
        raise ValueError(f"{text} is more than ten years; use at most {_LONGEST[unit]}{unit}")
    return Span(amount, unit)


@lru_cache(maxsize=1024)
def zone_named(text: str) -> ZoneInfo:
    """The time zone of that name (IANA, like Europe/London). ValueError names the nearest one that exists."""
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = {name.lower(): name for name in available_timezones()}
        near = get_close_matches(text.lower(), known, n=1)
        cure = f"did you mean {known[near[0]]!r}?" if near else "use a name like Europe/London"
        raise ValueError(f"no time zone is called {text!r}; {cure}") from None


def local_date(moment: datetime, zone: str) -> date:
    """The day on the calendar of a zone at a moment."""
    return moment.astimezone(zone_named(zone)).date()


def add(
    start: datetime, span: Span, zone: str, *, calendar: Calendar | None = None, time: str | None = None
) -> datetime:
    """The moment (UTC) one span after `start`; the day of `start` is day 0 (Q1, Q2).

    `m` and `h` are exact. `d`, `w` and `wd` keep the wall clock of the zone: a wall time that the clocks skip becomes
    the first moment after the gap, one that comes twice the first of the two. `time` ("HH:MM", or "end" for 23:59:59)
    sets the wall clock of the resulting day. `calendar` defaults to Monday to Friday.
    """
    return _move(start, span, zone, 1, calendar, time)


def subtract(
    end: datetime, span: Span, zone: str, *, calendar: Calendar | None = None, time: str | None = None
) -> datetime:
    """The moment (UTC) one span before `end`, counted like `add`."""
    return _move(end, span, zone, -1, calendar, time)


def _move(
    start: datetime, span: Span, zone: str, way: Literal[1, -1], calendar: Calendar | None, time: str | None
) -> datetime:
    if start.utcoffset() is None:
        raise ValueError("a moment needs its offset from UTC")
    if span.unit in ("m", "h"):
        exact = start + way * timedelta(minutes=span.amount * (60 if span.unit == "h" else 1))
        return exact.astimezone(UTC) if time is None else _at(local_date(exact, zone), time, zone)
    local = start.astimezone(zone_named(zone))
    if span.amount == 0 and time is None:
        return start.astimezone(UTC)  # through the wall clock, the second of two equal hours would become the first
    day = _day(local.date(), span, way, calendar or calendar_named(None))
    return _at(day, time, zone) if time is not None else _utc(datetime.combine(day, local.time()), zone)


def _day(day: date, span: Span, way: int, calendar: Calendar) -> date:
    if span.unit != "wd":
        return day + timedelta(days=way * span.amount * (7 if span.unit == "w" else 1))
    left = span.amount
    while left:
        day += timedelta(days=way)
        left -= calendar.is_working(day)
    return day


def _at(day: date, time: str, zone: str) -> datetime:
    if time == END:  # of two equal last seconds of a day the second ends it
        return _utc(datetime.combine(day, Clock(23, 59, 59, fold=1)), zone)
    found = _CLOCK.fullmatch(time)
    if found is None:
        raise ValueError(f"{time!r} is no time of day; write HH:MM, like 09:00, or end")
    return _utc(datetime.combine(day, Clock(int(found[1]), int(found[2]))), zone)


def _utc(wall: datetime, zone: str) -> datetime:
    """A wall clock reading as UTC; one inside a gap is the first moment after it."""
    zoned = wall.replace(tzinfo=zone_named(zone))
    moment = zoned.astimezone(UTC)
    if moment.astimezone(zoned.tzinfo).replace(tzinfo=None) == wall:  # naive times compare without their fold
        return moment
    return _first_after_gap(zoned.replace(fold=1).astimezone(UTC), zoned.replace(fold=0).astimezone(UTC), zone)


def _first_after_gap(before: datetime, after: datetime, zone: str) -> datetime:
    """The moment the clocks jump, which lies between the two: found by halving."""
    tz = zone_named(zone)
    old = before.astimezone(tz).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(tz).utcoffset() == old:
            low = middle
        else:
            high = middle
    return (before + timedelta(seconds=high)).replace(microsecond=0)


def due_moments(
    *,
    created_at: datetime,
    zone: str,
    due_at: datetime | None = None,
    until: datetime | None = None,
    after: Iterable[Span] = (),
    before_due: Iterable[Span] = (),
    after_due: Iterable[Span] = (),
    every: Span | None = None,
    calendar: Calendar | None = None,
    time: str | None = None,
) -> list[datetime]:
    """All moments of one timer in order, without doubles (A10).

    `before_due` and `after_due` give nothing without a `due_at`; a moment before the creation is no use and left out.
    `every` counts from the creation and gives one moment without `until` (the end of the instance, itself left out),
    else at most 100.
    """
    moments = {add(created_at, span, zone, calendar=calendar, time=time) for span in after}
    if due_at is not None:
        moments |= {subtract(due_at, span, zone, calendar=calendar, time=time) for span in before_due}
        moments |= {add(due_at, span, zone, calendar=calendar, time=time) for span in after_due}
    if every is not None and every.amount:
        moments |= _repeated(created_at, every, zone, until, calendar, time)
    return sorted(moment for moment in moments if moment >= created_at)


def _repeated(
    start: datetime, every: Span, zone: str, until: datetime | None, calendar: Calendar | None, time: str | None
) -> set[datetime]:
    """Each one counted from the start, so that a day 31 or a skipped hour never shifts those after it."""
    moments: set[datetime] = set()
    for n in range(1, 101 if until else 2):
        moment = add(start, Span(every.amount * n, every.unit), zone, calendar=calendar, time=time)
        if until is not None and moment >= until:
            break
        moments.add(moment)
    return moments


class DueTimer(Protocol):
    """What `late_policy` needs to know about a timer row."""

    @property
    def name(self) -> str: ...
    @property
    def n(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def due_at(self) -> datetime: ...


T = TypeVar("T", bound=DueTimer)


class Late(NamedTuple, Generic[T]):
    """What to fire, in this order, and what to record as missed."""

    to_fire: list[T]
    missed: list[T]


_RANK = {"reminder": 0, "escalation": 1, "step_overdue": 1, "overdue": 2, "expiry": 3}


def late_policy(due: Sequence[T]) -> Late[T]:
    """Which of the due, unfired timers of one instance still fire (Q30).

    In order of their moments, reminders before an overdue mark before an expiry of the same moment. Of several
    occurrences of one timer only the newest fires. When the instance ends, whatever was due before or after that
    moment is missed: nobody gets a reminder right before "expired", and nothing happens after the end. What was due
    at the very moment of the end still fires, before it.
    """
    ordered = sorted(due, key=lambda timer: (timer.due_at, _RANK[timer.kind], timer.name, timer.n))
    end = next((timer for timer in ordered if timer.kind == "expiry"), None)
    newest = {timer.name: timer for timer in ordered if timer.kind != "expiry"}
    to_fire = [
        timer for timer in ordered
        if timer is end or (timer is newest.get(timer.name) and (end is None or timer.due_at == end.due_at))
    ]  # fmt: skip
    return Late(to_fire, [timer for timer in ordered if timer not in to_fire])
