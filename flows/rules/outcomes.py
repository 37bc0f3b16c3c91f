"""How an instance ends by itself: automatic outcomes of a step, and flows that nobody has to close (C46, Q22)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from flows.rules.expressions import compile_condition
from flows.rules.visibility import DefinitionLike, StepLike


def auto_outcome(
    step: StepLike, scope: Mapping[str, Any], on: Literal["submitted", "approved"] = "submitted"
) -> tuple[Literal["complete", "close"], str] | None:
    """How the first rule that holds ends the instance: ("complete" or "close", name of the outcome); None: not at all.

    A rule without `on` runs when the step is submitted, or approved where it has an approval. One whose condition is
    not yet known does not hold.
    """
    for rule in _rules(step, on):
        if compile_condition(rule.if_).holds(scope):
            return ("complete", rule.complete) if rule.complete else ("close", rule.close)
    return None


def names_in_outcomes(step: StepLike, on: Literal["submitted", "approved"]) -> frozenset[str]:
    """The dotted names that these rules look at: what `auto_outcome` needs in its scope."""
    return frozenset(name for rule in _rules(step, on) for name in compile_condition(rule.if_).names)


def _rules(step: StepLike, on: str) -> list[Any]:
    usual = "submitted" if step.approval is None else "approved"
    return [rule for rule in step.outcome if (rule.on or usual) == on]


def completes_by_itself(definition: DefinitionLike) -> bool:
    """True when no person of ours has anything to do in the flow, so that its last step completes it (A31).

    Such a flow has only steps of customers and the system, no approval and no outcomes of its own to choose from.
    """
    if definition.outcomes or not definition.steps:
        return False
    return all(step.actor != "staff" and step.approval is None for step in definition.steps.values())
