"""What happens to the clocks of an instance that moves to another version: its dates, and what reminds of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.rules.migrations.names import FlowLike, Names, renamed_moment
from flows.rules.migrations.plan import Reason, red, yellow
from flows.words import N_
from flows.words import gettext as _

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
        said = N_("“%(step)s” is overdue at once") if is_late else N_("“%(step)s” is due at another time")
        yield yellow(_(said, step=new.steps[step].title))
    gone, other = other_timers(old, new, names, clocks.due_at)
    for name in gone:
        if name in clocks.ended:
            said = N_("timer “%(timer)s” is not there any more: what was still to come of it does not come")
            yield yellow(_(said, timer=name))
    for name in other:
        if clocks.planned.get(name) and name not in old.timers:
            yield yellow(_("timer “%(timer)s” is new: what is still to come of it is planned", timer=name))
        elif name in old.timers and (clocks.planned.get(name) or name in clocks.ended):
            yield yellow(_("timer “%(timer)s” comes at other times", timer=name))


def _of_due(old: FlowLike, new: FlowLike, clocks: Clocks, now: datetime) -> Iterator[Reason]:
    if clocks.due_at is UNCHANGED:
        return
    if clocks.due_at is None:
        yield yellow(_("it has no due date any more"))
    elif clocks.due_at <= now:
        said = N_("it is overdue at once, and nobody is told: the deadline is %(span)s now")
        yield yellow(_(said, span=_span(new.deadline)))
    elif old.deadline is None:
        yield yellow(_("its due date moves: the deadline is %(span)s now", span=_span(new.deadline)))
    else:
        spans = {"span": _span(new.deadline), "before": _span(old.deadline)}
        yield yellow(_("its due date moves: the deadline is %(span)s now, not %(before)s", **spans))


def _of_expiry(old: FlowLike, new: FlowLike, clocks: Clocks, now: datetime) -> Iterator[Reason]:
    if clocks.expires_at is UNCHANGED:
        return
    if clocks.expires_at is None:
        yield yellow(_("it does not expire any more"))
    elif clocks.expires_at <= now:
        said = _("it would be past its end at once: it expires after %(span)s now", span=_span(new.expires))
        yield red(said, _("give it more time"))
    elif old.expires is None:
        yield yellow(_("its end moves: it expires after %(span)s now", span=_span(new.expires)))
    else:
        spans = {"span": _span(new.expires), "before": _span(old.expires)}
        yield yellow(_("its end moves: it expires after %(span)s now, not %(before)s", **spans))


def _span(rule: Any) -> str:
    return str(rule.after) if rule is not None else _("nothing")
