"""Which steps are shown, hidden or not yet decided, given the answers so far (X1, X2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from flows.rules.expressions import compile_condition

OVER = frozenset({"completed", "skipped"})
GIVEN = frozenset({"completed", "pending_approval"})


class StepLike(Protocol):
    """A step of a flow, as far as the rules look at it."""

    @property
    def actor(self) -> str: ...
    @property
    def when(self) -> str | None: ...
    @property
    def needs(self) -> Sequence[str]: ...
    @property
    def done_when(self) -> str | None: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...
    @property
    def do(self) -> Sequence[Any]: ...
    @property
    def approval(self) -> Any: ...
    @property
    def payment(self) -> Any: ...
    @property
    def outcome(self) -> Sequence[Any]: ...


class DefinitionLike(Protocol):
    """A flow, as far as the rules look at it."""

    @property
    def steps(self) -> Mapping[str, StepLike]: ...
    @property
    def outcomes(self) -> Mapping[str, Any]: ...


class Visibility(NamedTuple):
    """Names of steps in the order of the flow. `undecided` ones are hidden for now and may still appear."""

    shown: tuple[str, ...]
    hidden: frozenset[str]
    undecided: frozenset[str]

    @property
    def may_grow(self) -> bool:
        return bool(self.undecided)


def settled(definition: DefinitionLike, states: Mapping[str, str], scope: Mapping[str, Any]) -> dict[str, Any]:
    """The scope in which every answer that will not come any more is null, not missing.

    A completed step's empty answers are known to be empty; a skipped step's answers do not count, though they are
    kept (Q19). So a condition on them is decided, and progress does not say for ever that it may grow.
    """
    data = dict(scope.get("data", {}))
    for name, step in definition.steps.items():
        parts = [*step.fields, *([name] if step.payment else [])]
        if states.get(name) == "skipped":
            data.update(dict.fromkeys(parts))
        elif states.get(name) in GIVEN:
            data = {**dict.fromkeys(parts), **data}
    return {**scope, "data": data}


def is_shown(step: StepLike, scope: Mapping[str, Any]) -> bool | None:
    """Whether a step's own condition holds; None while it is not yet known."""
    return True if not step.when else compile_condition(step.when).holds(scope)


def visibility(definition: DefinitionLike, states: Mapping[str, str], scope: Mapping[str, Any]) -> Visibility:
    """Which steps people see now. A step that somebody already worked on stays while its condition is not known."""
    known = settled(definition, states, scope)
    holds = {name: is_shown(step, known) for name, step in definition.steps.items()}
    undecided = {name for name, held in holds.items() if held is None and states.get(name, "locked") == "locked"}
    hidden = frozenset(name for name, held in holds.items() if held is False)
    shown = tuple(name for name in definition.steps if name not in hidden | undecided)
    return Visibility(shown, hidden, frozenset(undecided))
