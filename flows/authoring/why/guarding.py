"""An older text of a flow as it may be read today: what has become private since is private in it, too (X20)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.catalogue import FlowDefinition
from flows.rules import private
from flows.rules.migrations.names import fields_of


def guarded(then: FlowDefinition, today: FlowDefinition, renamed: Mapping[str, str]) -> FlowDefinition:
    """What the flow said `then`, with each question at least as private as its counterpart of `today`.

    `renamed` are the names of then by those of today, of questions that moves gave another name.
    """
    names, now = {before: after for after, before in renamed.items()}, fields_of(today)

    def kept(fields: dict[str, Any]) -> dict[str, Any]:
        return {name: _stricter(field, now.get(names.get(name, name))) for name, field in fields.items()}

    start = then.start.model_copy(update={"inputs": kept(then.start.inputs), "fields": kept(then.start.fields)})
    steps = {name: rule.model_copy(update={"fields": kept(rule.fields)}) for name, rule in then.steps.items()}
    return then.model_copy(update={"start": start, "steps": steps})


def _stricter(then: Any, today: Any) -> Any:
    if today is None:
        return then
    if private.is_private(today) and not private.is_private(then):
        return today.model_copy(update={"label": then.label, "when": then.when})
    return then if today.visible_to is None else then.model_copy(update={"visible_to": today.visible_to})
