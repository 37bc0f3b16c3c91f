"""How an instance was at any moment of its life, from the traces that its timeline keeps: events in, a picture out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

TRACES = "traces"
"""The key among the facts of a work's last event: what the work changed, each as [before, after]."""
STEPS, TIMERS = "steps", "timers"
OF_INSTANCE = (
    "flow_hash", "status", "state", "outcome", "outcome_kind", "waiting_on", "customer_id", "creator_id",
    "assignee_id", "department_id", "priority", "links", "amounts", "overlay", "steps_done", "steps_total", "may_grow",
    "reopenings", "rating", "due_at", "expires_at", "closed_at",
)  # fmt: skip
OF_STEP = ("name", "state", "attempt", "check_again", "due_at")
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

    `traces` is None for work of a time when nothing was traced. `seq` of its last event names it.
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

    `values` by the names of OF_INSTANCE, `steps` by name and then by those of OF_STEP; `since` says which moment gave a
    value: by its name, or by "steps.<name>.<value>".
    """

    moment: Moment
    values: Mapping[str, Any]
    steps: Mapping[str, Mapping[str, Any]]
    since: Mapping[str, Moment] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    """The timers that were planned only afterwards, as "<name>.<n>"."""


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


def recorded_from(life: Sequence[Moment]) -> Moment | None:
    """The first moment that can be pictured: the last one before the traces begin, or the beginning itself."""
    first = next((n for n, one in enumerate(life) if one.traces is not None), None)
    return None if first is None else life[max(first - 1, 0)]


def picture(
    life: Sequence[Moment], moment: Moment, values: Mapping[str, Any], steps: Mapping[str, Mapping[str, Any]]
) -> Picture:
    """How it was after `moment`. `values` and `steps` are those of today: what no trace speaks of has never changed.

    Raises NotRecorded for a moment before the traces begin.
    """
    first = recorded_from(life)
    if first is None or moment.seq < first.seq:
        raise NotRecorded(first.at if first is not None else None)
    then, then_steps = _at_first(life, values, steps)
    since: dict[str, Moment] = {}
    for one in life:
        if one.seq > moment.seq:
            break
        _apply(one, then, then_steps, since)
    there = {name: step for name, step in then_steps.items() if step.get("state") is not None}
    later = (one.traces or {} for one in life if one.seq > moment.seq)
    return Picture(moment, then, there, since, frozenset(name for one in later for name in one.get(TIMERS, {})))


def _at_first(
    life: Sequence[Moment], values: Mapping[str, Any], steps: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Today's picture with every trace undone, the newest first."""
    then = {name: values.get(name) for name in OF_INSTANCE}
    then_steps = {name: dict(step) for name, step in steps.items()}
    for one in reversed(life):
        traces = one.traces or {}
        then.update({name: _typed(name, pair[0]) for name, pair in _own(traces)})
        for name, changes in traces.get(STEPS, {}).items():
            step = then_steps.pop(name, {})
            before = {key: _typed(key, pair[0]) for key, pair in changes.items()}
            then_steps[before.get("name") or name] = {**step, **before}
    return then, then_steps


def _apply(moment: Moment, values: dict[str, Any], steps: dict[str, dict[str, Any]], since: dict[str, Moment]) -> None:
    traces = moment.traces or {}
    for name, pair in _own(traces):
        values[name], since[name] = _typed(name, pair[1]), moment
    for name, changes in traces.get(STEPS, {}).items():
        earlier = (changes["name"][0] if "name" in changes else None) or name
        steps[name] = steps.pop(earlier, {}) | {key: _typed(key, pair[1]) for key, pair in changes.items()}
        since.update({f"{STEPS}.{name}.{key}": moment for key in changes})


def _own(traces: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """What changed on the instance itself; a name of a newer version than this is passed over."""
    return ((name, pair) for name, pair in traces.items() if name in OF_INSTANCE)


def _typed(name: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if name in MOMENTS and value is not None else value
