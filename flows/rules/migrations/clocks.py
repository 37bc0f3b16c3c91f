"""What happens to the clocks of an instance that moves to another version: its dates, and what reminds of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.rules.migrations.names import FlowLike, Names, renamed_moment
from flows.rules.migrations.plan import Reason, red, yellow

UNCHANGED = object()
"""A date that stays what it is: the rule is the same, or somebody has set it by hand."""
BY_TIME = ("after", "before_due", "after_due", "every", "calendar", "time")


@dataclass(frozen=True)
class Clocks:
    """New moments. `planned` are the occurrences to come of timers that are new or count otherwise, by name; `ended`
    are names of timers of which something was still to come and that are not there any more, or counted anew.
    """

    due_at: Any = UNCHANGED
    expires_at: Any = UNCHANGED
    steps_due: Mapping[str, datetime | None] = field(default_factory=dict)
    planned: Mapping[str, list[datetime]] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()


def other_timers(old: FlowLike, new: FlowLike, names: Names, due_at: Any) -> tuple[list[str], list[str]]:
    """Timers that are not there any more, and those that are new or count otherwise; `due_at` as in `Clocks`."""
    gone = [name for name in old.timers if name not in new.timers]
    other = [
        name
        for name, rule in new.timers.items()
        if name not in old.timers
        or _counts(old.timers[name], renamed_moment(old.timers[name].from_, names)) != _counts(rule, rule.from_)
        or (due_at is not UNCHANGED and (rule.before_due or rule.after_due))
    ]
    return gone, other


def _counts(rule: Any, origin: str | None) -> tuple[Any, ...]:
    return (origin or "created", *(getattr(rule, key) for key in BY_TIME))


def of_clocks(old: FlowLike, new: FlowLike, names: Names, clocks: Clocks, now: datetime) -> Iterator[Reason]:
    """What the new dates and reminders mean."""
    yield from _of_due(old, new, clocks, now)
    yield from _of_expiry(old, new, clocks, now)
    for step, moment in clocks.steps_due.items():
        is_late = moment is not None and moment <= now
        yield yellow(f"“{new.steps[step].title}” is " + ("overdue at once" if is_late else "due at another time"))
    gone, other = other_timers(old, new, names, clocks.due_at)
    for name in gone:
        if name in clocks.ended:
            yield yellow(f"timer “{name}” is not there any more: what was still to come of it does not come")
    for name in other:
        if clocks.planned.get(name) and name not in old.timers:
            yield yellow(f"timer “{name}” is new: what is still to come of it is planned")
        elif name in old.timers and (clocks.planned.get(name) or name in clocks.ended):
            yield yellow(f"timer “{name}” comes at other times")


def _of_due(old: FlowLike, new: FlowLike, clocks: Clocks, now: datetime) -> Iterator[Reason]:
    if clocks.due_at is UNCHANGED:
        return
    if clocks.due_at is None:
        yield yellow("it has no due date any more")
    elif clocks.due_at <= now:
        yield yellow(f"it is overdue at once, and nobody is told: the deadline is {_span(new.deadline)} now")
    else:
        before = f", not {_span(old.deadline)}" if old.deadline is not None else ""
        yield yellow(f"its due date moves: the deadline is {_span(new.deadline)} now{before}")


def _of_expiry(old: FlowLike, new: FlowLike, clocks: Clocks, now: datetime) -> Iterator[Reason]:
    if clocks.expires_at is UNCHANGED:
        return
    if clocks.expires_at is None:
        yield yellow("it does not expire any more")
    elif clocks.expires_at <= now:
        yield red(f"it would be past its end at once: it expires after {_span(new.expires)} now", "give it more time")
    else:
        before = f", not {_span(old.expires)}" if old.expires is not None else ""
        yield yellow(f"its end moves: it expires after {_span(new.expires)} now{before}")


def _span(rule: Any) -> str:
    return str(rule.after) if rule is not None else "nothing"
