"""How long a case or task was in each of its stages, read off its moves (X4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from statistics import median
from typing import NamedTuple

from flows.rules.calendars import Calendar
from flows.rules.timing import zone_named
from flows.words import gettext as _

Measure = Callable[[datetime, datetime], int]
"""Whole seconds from one moment to another, in the hours that count."""


class Move(NamedTuple):
    """One move from a state to another."""

    at: datetime
    before: str
    after: str


class Spread(NamedTuple):
    """What many instances took, in whole seconds: how many they were, what half of them took at most, the longest."""

    instances: int
    median: int
    longest: int


def every_hour(start: datetime, end: datetime) -> int:
    """By the clock: nights, weekends and holidays count."""
    return max(int((end - start).total_seconds()), 0)


def on_working_days(calendar: Calendar, zone: str) -> Measure:
    """Without the days on which nobody works; a working day has 24 hours, as in deadlines that count such days."""

    def measure(start: datetime, end: datetime) -> int:
        day, last = (moment.astimezone(zone_named(zone)).date() for moment in (start, end))
        seconds = every_hour(start, end)
        while day <= last:
            if not calendar.is_working(day):
                first, after = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
                seconds -= every_hour(max(first, start), min(after, end))
            day += timedelta(days=1)
        return seconds

    return measure


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, clock_time(), zone_named(zone)).astimezone(UTC)


def per_stage(
    start: str, created_at: datetime, moves: Iterable[Move], until: datetime, measure: Measure = every_hour
) -> dict[str, int]:
    """Whole seconds in each state, in the order in which they were first entered; `until` is now, or the end."""
    spent: dict[str, int] = {}
    state, since = start, created_at
    for move in moves:
        if move.before == move.after:
            continue
        spent[state] = spent.get(state, 0) + measure(since, move.at)
        state, since = move.after, move.at
    spent[state] = spent.get(state, 0) + measure(since, until)
    return spent


def per_party(
    waited: Mapping[str, int], waiting_on: str | None, since: datetime | None, now: datetime
) -> dict[str, int]:
    """Whole seconds that customer, staff and system have held the baton so far."""
    held = dict(waited)
    if waiting_on is not None and since is not None:
        held[waiting_on] = held.get(waiting_on, 0) + every_hour(since, now)
    return {party: held[party] for party in ("customer", "staff", "system") if held.get(party)}


def spreads(each: Iterable[Mapping[str, int]]) -> dict[str, Spread]:
    """Of many instances what each state took."""
    found: dict[str, list[int]] = {}
    for spent in each:
        for state, seconds in spent.items():
            found.setdefault(state, []).append(seconds)
    return {state: Spread(len(values), int(median(values)), max(values)) for state, values in found.items()}


def in_words(seconds: int) -> str:
    """3 d 4 h, 5 h 10 min, 12 min, under a minute."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        rest = hours - days * 24
        return _("%(days)s d %(hours)s h", days=days, hours=rest) if rest else _("%(days)s d", days=days)
    if hours:
        rest = minutes - hours * 60
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=rest) if rest else _("%(hours)s h", hours=hours)
    return _("%(minutes)s min", minutes=minutes) if minutes else _("under a minute")
