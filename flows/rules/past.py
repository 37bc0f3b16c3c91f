"""How an instance was at any moment of its life, from the traces that its timeline keeps: events in, a picture out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

TRACES = "traces"
"""The key among the facts of a work's last event: what the work changed, each as [before, after]."""
STEPS, TIMERS = "steps", "timers"
RENAMED = "renamed"
"""The key among the facts of a move to another version: questions that it gave other names, as {before: after}."""
OF_INSTANCE = (
    "flow_hash", "status", "state", "outcome", "outcome_kind", "waiting_on", "customer_id", "creator_id",
    "assignee_id", "department_id", "priority", "links", "amounts", "overlay", "steps_done", "steps_total", "may_grow",
    "reopenings", "rating", "due_at", "expires_at", "closed_at",
)  # fmt: skip
OF_STEP = ("name", "position", "actor", "state", "attempt", "check_again", "due_at")
MOMENTS = frozenset({"due_at", "expires_at", "closed_at"})


class EventLike(Protocol):
    """One row of a timeline, as far as this room looks at it."""

    @property
    def seq(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def facts(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Moment:
    """One piece of work in the life of an instance: the events that it told of, and what it changed.

    `traces` is None for work of a time when nothing was traced; steps stand in them by their row id, which no move to
    another version changes. `seq` of its last event names it.
    """

    events: tuple[EventLike, ...]
    traces: Mapping[str, Any] | None

    @property
    def seq(self) -> int:
        return self.events[-1].seq

    @property
    def at(self) -> datetime:
        return self.events[-1].at


@dataclass(frozen=True)
class Picture:
    """An instance as it was after one moment.

    `values` by the names of OF_INSTANCE, `steps` by row id and then by those of OF_STEP, in their order of then;
    `since` says which moment gave a value: by its name, or by "steps.<name of then>.<value>".
    """

    moment: Moment
    values: Mapping[str, Any]
    steps: Mapping[int, Mapping[str, Any]]
    since: Mapping[str, Moment] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    """The timers that were planned only afterwards, as "<name>.<n>"."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """What a question was called then, by its name of today; one that is not here was called the same."""

    def under_names_of_then(self, answers: Mapping[str, Any]) -> dict[str, Any]:
        """Answers as they are kept today, under the names that their questions had."""
        return {self.renamed.get(name, name): value for name, value in answers.items()}


class NotRecorded(LookupError):
    """Nothing was traced at that moment; it is from `since` on, or never was while `since` is None."""

    def __init__(self, since: datetime | None) -> None:
        super().__init__("not recorded")
        self.since = since


def moments(events: Sequence[EventLike]) -> list[Moment]:
    """The life of an instance, one entry a piece of work, oldest first; `events` is its whole timeline in order."""
    found: list[Moment] = []
    told: list[EventLike] = []
    for one in events:
        if told and told[-1].at != one.at:
            found.append(Moment(tuple(told), None))
            told = []
        told.append(one)
        if TRACES in one.facts:
            found.append(Moment(tuple(told), one.facts[TRACES]))
            told = []
    return [*found, Moment(tuple(told), None)] if told else found


def moment_at(life: Sequence[Moment], at: datetime) -> Moment | None:
    """The last moment up to then; None before the first."""
    return next((one for one in reversed(life) if one.at <= at), None)


def moment_of(life: Sequence[Moment], seq: int) -> Moment | None:
    """The moment in which the event with this number happened."""
    return next((one for one in life if any(event.seq == seq for event in one.events)), None)


def steps_of_today(events: Sequence[EventLike]) -> list[str]:
    """The step that each event is about, by its name of today, "" where it is about none; `events` in their order.

    An event keeps the name of then. A move to another version gives a step another one; its traces say which.
    """
    names: dict[str, str] = {}
    found: list[str] = []
    for event in reversed(events):
        own = event.facts.get("step") or ""
        found.append(names.get(own, own))
        changes = [one["name"] for one in event.facts.get(TRACES, {}).get(STEPS, {}).values() if "name" in one]
        names |= {before: names.get(after, after) for before, after in changes if before and after}
    return found[::-1]


def recorded_from(life: Sequence[Moment]) -> Moment | None:
    """The first moment that can be pictured: the last one before the traces begin, or the beginning itself."""
    first = next((n for n, one in enumerate(life) if one.traces is not None), None)
    return None if first is None else life[max(first - 1, 0)]


def picture(
    life: Sequence[Moment], moment: Moment, values: Mapping[str, Any], steps: Mapping[int, Mapping[str, Any]]
) -> Picture:
    """How it was after `moment`. `values` and `steps` (by row id) are those of today: what no trace speaks of has never
    changed.

    Raises NotRecorded for a moment before the traces begin.
    """
    first = recorded_from(life)
    if first is None or moment.seq < first.seq:
        raise NotRecorded(first.at if first is not None else None)
    then, then_steps = _at_first(life, values, steps)
    since: dict[str, Moment] = {}
    since_of_steps: dict[tuple[int, str], Moment] = {}
    later = [one for one in life if one.seq > moment.seq]
    for one in life[: len(life) - len(later)]:
        _apply(one, then, then_steps, since, since_of_steps)
    there = {row_id: step for row_id, step in then_steps.items() if step.get("state") is not None}
    since |= {
        f"{STEPS}.{there[row_id]['name']}.{key}": one
        for (row_id, key), one in since_of_steps.items()
        if row_id in there
    }
    return Picture(
        moment,
        then,
        dict(sorted(there.items(), key=lambda one: one[1]["position"])),
        since,
        frozenset(name for one in later for name in (one.traces or {}).get(TIMERS, {})),
        _names_of_then(later),
    )


def _at_first(
    life: Sequence[Moment], values: Mapping[str, Any], steps: Mapping[int, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    """Today's picture with every trace undone, the newest first."""
    then = {name: values.get(name) for name in OF_INSTANCE}
    then_steps = {row_id: dict(step) for row_id, step in steps.items()}
    for one in reversed(life):
        then.update({name: _typed(name, pair[0]) for name, pair in _own(one)})
        for row_id, name, pair in _of_steps(one):
            then_steps.setdefault(row_id, {})[name] = _typed(name, pair[0])
    return then, then_steps


def _apply(
    moment: Moment,
    values: dict[str, Any],
    steps: dict[int, dict[str, Any]],
    since: dict[str, Moment],
    since_of_steps: dict[tuple[int, str], Moment],
) -> None:
    for name, pair in _own(moment):
        values[name], since[name] = _typed(name, pair[1]), moment
    for row_id, name, pair in _of_steps(moment):
        steps[row_id][name], since_of_steps[row_id, name] = _typed(name, pair[1]), moment


def _names_of_then(later: Sequence[Moment]) -> dict[str, str]:
    """Today's names of questions to those before everything that happened `later`."""
    names: dict[str, str] = {}
    for event in (event for one in reversed(later) for event in reversed(one.events)):
        earlier: dict[str, str] = {after: before for before, after in event.facts.get(RENAMED, {}).items()}
        first_heard = {after: after for after in earlier if after not in names and after not in names.values()}
        names = {today: earlier.get(name, name) for today, name in (names | first_heard).items()}
    return names


def _own(moment: Moment) -> Iterator[tuple[str, Sequence[Any]]]:
    """What changed on the instance itself; a name of a newer version than this is passed over."""
    return ((name, pair) for name, pair in (moment.traces or {}).items() if name in OF_INSTANCE)


def _of_steps(moment: Moment) -> Iterator[tuple[int, str, Sequence[Any]]]:
    """What changed on its steps, each by its row id."""
    for row_id, changes in (moment.traces or {}).get(STEPS, {}).items():
        yield from ((int(row_id), name, pair) for name, pair in changes.items() if name in OF_STEP)


def _typed(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in MOMENTS and value is not None else value
