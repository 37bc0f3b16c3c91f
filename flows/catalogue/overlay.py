"""What one running instance has of its own, laid over its flow, which stays as it is: steps and questions that were
added to it (Q25), and answers that stay private (X20).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from pydantic import TypeAdapter

from flows.catalogue.schema import FlowDefinition, FlowField, Step
from flows.rules.private import kept_private

_FIELD: TypeAdapter[FlowField] = TypeAdapter(FlowField)


def field_of(spec: Mapping[str, Any]) -> FlowField:
    """A question from plain values, e.g. `{"type": "text", "label": "Flat"}`; pydantic's ValidationError when wrong."""
    return _FIELD.validate_python(dict(spec))


def step_of(spec: Mapping[str, Any]) -> Step:
    """A step from plain values: `title`, `actor` and what else a step of the language may have."""
    return Step.model_validate(dict(spec))


HISTORY = "history"
"""Marks a step that a newer version of the flow does not have: the instance keeps it, and nobody sees it."""
PRIVATE = "private"
"""Dotted names of questions that were sensitive when this instance was answered; a newer version may say otherwise."""


def kept(name: str, step: Step, after: str, without: Collection[str] = ()) -> dict[str, Any]:
    """A step as an addition that stays hidden for ever, so that what was answered in it can still be told (X13).

    `without` names questions that have gone to other steps.
    """
    fields = {
        key: field.model_dump(by_alias=True, exclude_unset=True, mode="json", exclude={"when"})
        for key, field in step.fields.items()
        if key not in without
    }
    rule: dict[str, Any] = {"title": step.title, "actor": step.actor, "when": "false"}
    if fields:
        rule["fields"] = fields
    if step.payment is not None:
        rule["payment"] = step.payment.model_dump(by_alias=True, exclude_unset=True, mode="json")
    return {"name": name, "after": after, "step": rule, HISTORY: True}


def overlaid(definition: FlowDefinition, overlay: Mapping[str, Any]) -> FlowDefinition:
    """The flow with an instance's additions.

    `overlay["steps"]` lists `{"name", "after", "step": {...}}` in the order in which they were added, and `["fields"]`
    maps a step's name to `{name: field}`; both as plain values of the flow language. `["private"]` names questions that
    are sensitive here, whatever the flow says of them today.
    """
    if not overlay:
        return definition
    steps = dict(definition.steps)
    for added in overlay.get("steps", ()):
        steps = _with(steps, added["name"], step_of(added["step"]), added["after"])
    for name, fields in overlay.get("fields", {}).items():
        more = {key: field_of(spec) for key, spec in fields.items()}
        steps[name] = steps[name].model_copy(update={"fields": {**steps[name].fields, **more}})
    whole = definition.model_copy(update={"steps": steps})
    return _guarded(whole, overlay[PRIVATE]) if PRIVATE in overlay else whole


def _guarded(definition: FlowDefinition, names: Collection[str]) -> FlowDefinition:
    start, steps = definition.start, definition.steps
    asked = {"inputs": kept_private(start.inputs, names), "fields": kept_private(start.fields, names)}
    return definition.model_copy(
        update={
            "start": start.model_copy(update=asked),
            "steps": {
                name: rule.model_copy(update={"fields": kept_private(rule.fields, names)})
                for name, rule in steps.items()
            },
        }
    )


def _with(steps: dict[str, Step], name: str, step: Step, after: str) -> dict[str, Step]:
    found: dict[str, Step] = {}
    for other, rule in steps.items():
        found[other] = rule
        if other == after:
            found[name] = step
    return found
