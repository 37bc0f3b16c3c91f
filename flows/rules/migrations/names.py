"""Which step, question or state of one version of a flow is which of another: by its name, else by `moved`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


class StartLike(Protocol):
    @property
    def questions(self) -> Mapping[str, Any]: ...


class FlowLike(Protocol):
    """A flow, as far as this room looks at it."""

    @property
    def flow(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def type(self) -> str | None: ...
    @property
    def start(self) -> StartLike: ...
    @property
    def steps(self) -> Mapping[str, Any]: ...
    @property
    def states(self) -> Mapping[str, Any]: ...
    @property
    def actions(self) -> Mapping[str, Any]: ...
    @property
    def outcomes(self) -> Mapping[str, Any]: ...
    @property
    def links(self) -> Mapping[str, Any]: ...
    @property
    def timers(self) -> Mapping[str, Any]: ...
    @property
    def deadline(self) -> Any: ...
    @property
    def expires(self) -> Any: ...
    @property
    def moved(self) -> Mapping[str, str]: ...
    def all_fields(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Names:
    """Old name to new name, for what is in both versions.

    `merged` are old steps that `moved` makes a part of a step which both versions have.
    """

    steps: Mapping[str, str]
    fields: Mapping[str, str]
    states: Mapping[str, str]
    merged: Mapping[str, str]

    def old_step(self, new: str) -> str | None:
        return next((old for old, name in self.steps.items() if name == new), None)

    def old_field(self, new: str) -> str | None:
        return next((old for old, name in self.fields.items() if name == new), None)


def counterparts(old: FlowLike, new: FlowLike) -> Names:
    """What became of every name. `moved` of the older of the two is read backwards, for the way back."""
    moved = {**{after: before for before, after in old.moved.items()}, **new.moved}
    steps, merged = _pairs(old.steps, new.steps, moved)
    fields, _ = _pairs(fields_of(old), fields_of(new), moved)
    states, joined = _pairs(old.states, new.states, moved)
    return Names(steps, fields, {**states, **joined}, merged)


def fields_of(flow: FlowLike) -> dict[str, Any]:
    """Every question of a flow by its name, what is given at the start too: the names are unique."""
    return {**flow.start.questions, **flow.all_fields()}


def step_of_field(flow: FlowLike) -> dict[str, str]:
    """The step on which each question stands; those of the start stand on none."""
    return {name: step for step, rule in flow.steps.items() for name in rule.fields}


def renamed_moment(moment: str | None, names: Names) -> str | None:
    """`step.details.opened` or `entered.Waiting` with the name that the step or state has now."""
    parts = (moment or "").split(".")
    if parts[0] == "step":
        parts[1] = names.steps.get(parts[1], parts[1])
    elif parts[0] == "entered":
        parts[1] = names.states.get(parts[1], parts[1])
    return ".".join(parts) or None


def _pairs(
    olds: Collection[str], news: Collection[str], moved: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Old to new one to one; and what was moved to a name that is taken already."""
    same = {name: name for name in olds if name in news}
    found, joined, taken = dict(same), {}, {*same.values()}
    for name in olds:
        target = moved.get(name)
        if name in same or target not in news or target is None:
            continue
        if target in taken:
            joined[name] = target
        else:
            found[name] = target
            taken.add(target)
    return found, joined
