"""How long a case or task was in each of its stages, read off its moves (X4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from statistics import median
from typing import NamedTuple


class Move(NamedTuple):
    """One move from a state to another."""

    at: datetime
    before: str
    after: str


def per_stage(start: str, created_at: datetime, moves: Iterable[Move], until: datetime) -> dict[str, int]:
    """Whole seconds in each state, in the order in which they were first entered; `until` is now, or the end."""
    spent: dict[str, int] = {}
    state, since = start, created_at
    for move in moves:
        if move.before == move.after:
            continue
        spent[state] = spent.get(state, 0) + max(int((move.at - since).total_seconds()), 0)
        state, since = move.after, move.at
    spent[state] = spent.get(state, 0) + max(int((until - since).total_seconds()), 0)
    return spent


def per_party(
    waited: Mapping[str, int], waiting_on: str | None, since: datetime | None, now: datetime
) -> dict[str, int]:
    """Whole seconds that customer, staff and system have held the baton so far."""
    held = dict(waited)
    if waiting_on is not None and since is not None:
        held[waiting_on] = held.get(waiting_on, 0) + max(int((now - since).total_seconds()), 0)
    return {party: held[party] for party in ("customer", "staff", "system") if held.get(party)}


def medians(each: Iterable[Mapping[str, int]]) -> dict[str, tuple[int, int]]:
    """Of many instances: (how many were in it, median seconds) of each state."""
    found: dict[str, list[int]] = {}
    for spent in each:
        for state, seconds in spent.items():
            found.setdefault(state, []).append(seconds)
    return {state: (len(values), int(median(values))) for state, values in found.items()}


def in_words(seconds: int) -> str:
    """3 d 4 h, 5 h 10 min, 12 min, under a minute."""
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if days:
        rest = hours - days * 24
        return f"{days} d {rest} h" if rest else f"{days} d"
    if hours:
        rest = minutes - hours * 60
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{minutes} min" if minutes else "under a minute"
