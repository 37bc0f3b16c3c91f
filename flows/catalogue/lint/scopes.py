"""What names mean where: the shape of `data`, `ask`, `customer`, `instance`, inputs and event payloads."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from flows.catalogue.registry import Registry
from flows.catalogue.schema import FlowDefinition, FlowField
from flows.catalogue.schema.fields import ChoiceField, ChoicesField
from flows.catalogue.source import Path
from flows.rules.answers.groups import ADDRESS

SETTINGS = ("brand", "support_email", "time_zone", "url")
PERSON = ("id", "name", "first_name", "email", "phone", "language")
CUSTOMER = (*PERSON, "address", "organisation", "slug")
INSTANCE = (
    "ref", "id", "url", "title", "overdue", "open", "created_at", "due_at", "due_on", "expires_at", "expires_on",
    "days_left", "progress", "source",
)  # fmt: skip
LINK = ("id", "label", "detail", "at")
STATUSES = (
    "not_started", "in_progress", "awaiting_review", "completed", "cancelled", "expired",
)  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """What may follow a name: `parts`, an `entry` of a list, or (`free`) anything; `values` are all it can be.

    `free` with `parts` is what has others as well: the start of a flow whose event no plugin here declares (F402).
    `kind` is a key of KINDS where it is known that nothing else comes.
    """

    parts: Mapping[str, Shape] = field(default_factory=dict)
    entry: Shape | None = None
    values: frozenset[str] | None = None
    free: bool = False
    kind: str = ""


KINDS = {"text": "text", "number": "a number", "boolean": "true or false"}
ANYTHING = Shape(free=True)
PLAIN = Shape()
TEXT, NUMBER, BOOLEAN = (Shape(kind=kind) for kind in KINDS)
KIND_OF_FIELD = {
    **dict.fromkeys(("text", "textarea", "email", "phone", "url", "domain"), TEXT),
    **dict.fromkeys(("integer", "number", "money"), NUMBER),
    "boolean": BOOLEAN,
}
KIND_OF_TYPE = {str: TEXT, int: NUMBER, float: NUMBER, bool: BOOLEAN}


def names(words: Iterable[str]) -> Shape:
    return Shape(dict.fromkeys(words, PLAIN))


def scope_at(path: Path, definition: FlowDefinition, registry: Registry) -> Shape:
    """The names that an expression at this place of the flow may use (FLOW_LANGUAGE.md section 1)."""
    at_start = path[:1] == ("start",)
    parts = {**_people(), **_inputs(definition, registry, at_start)}
    if at_start:
        parts["data"] = Shape({name: shape_of_field(one) for name, one in definition.start.fields.items()})
        event = definition.start.event
        return Shape(parts, free=bool(event) and registry.event_type(event or "") is None)
    parts |= {"data": _answers(definition), "instance": _instance(definition), "links": _links(definition)}
    if definition.children:
        parts["child"] = Shape(
            {name: _child(registry.known.get(one.flow)) for name, one in definition.children.items()}
        )
    if path[:1] == ("actions",) and len(path) > 2 and path[2] in ("do", "fields"):
        asked = definition.actions[str(path[1])].fields
        parts["ask"] = Shape({name: shape_of_field(one) for name, one in asked.items()} | {"comment": PLAIN})
    return Shape(parts)


def shape_of_field(one: FlowField) -> Shape:
    """What may be said about an answer."""
    if one.type == "choice":
        return _chosen(one)
    if one.type == "list":
        return Shape(entry=Shape({name: shape_of_field(inner) for name, inner in one.item.items()}))
    if one.type == "choices":
        return Shape(entry=_chosen(one))
    if one.type == "address":
        return names(ADDRESS)
    if one.type in ("object", "file", "signature", "user", "department"):
        return ANYTHING
    return KIND_OF_FIELD.get(one.type, PLAIN)


def _chosen(one: ChoiceField | ChoicesField) -> Shape:
    return Shape(values=frozenset(one.options), kind="text") if one.options else TEXT


def shape_of_type(annotation: Any) -> Shape:
    """The shape of an event's payload, from its pydantic model, dataclass or annotation."""
    if inner := _fields_of(annotation):
        return Shape({name: shape_of_type(kind) for name, kind in inner.items()})
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return next((shape_of_type(kind) for kind in arguments if kind is not type(None)), ANYTHING)
    if origin is typing.Literal:
        return Shape(values=frozenset(map(str, arguments)))
    if origin in (list, tuple, set, frozenset) or getattr(origin, "__name__", "") == "Sequence":
        return Shape(entry=shape_of_type(arguments[0]) if arguments else ANYTHING)
    return ANYTHING if annotation in (Any, object, dict) or origin is not None else KIND_OF_TYPE.get(annotation, PLAIN)


def _fields_of(annotation: Any) -> dict[str, Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {name: known.annotation for name, known in annotation.model_fields.items()}
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        hints = typing.get_type_hints(annotation)
        return {known.name: hints[known.name] for known in dataclasses.fields(annotation)}
    return {}


def _people() -> dict[str, Shape]:
    person = names(PERSON)
    base = {"creator": person, "assignee": person, "actor": person, "customer": names(CUSTOMER)}
    return {**base, "settings": names(SETTINGS), "now": PLAIN}


def _inputs(definition: FlowDefinition, registry: Registry, at_start: bool) -> dict[str, Shape]:
    """Inputs by name; what an event carries besides is known at the start alone, because nobody keeps it."""
    start = definition.start
    payload = registry.event_type(start.event) if start.event else None
    carried = shape_of_type(payload).parts if payload else {}
    inputs = {name: shape_of_field(one) for name, one in start.inputs.items()}
    return {**inputs, **(carried if at_start else {name: carried[name] for name in inputs.keys() & carried.keys()})}


def _answers(definition: FlowDefinition) -> Shape:
    parts = {name: shape_of_field(one) for name, one in definition.all_fields().items()}
    paid = names(("paid", "id", "amount"))
    return Shape(parts | {name: paid for name, step in definition.steps.items() if step.payment})


def _instance(definition: FlowDefinition) -> Shape:
    parts = dict.fromkeys(INSTANCE, PLAIN)
    states = frozenset(definition.states) if definition.states else None
    parts["state"] = Shape(values=states)
    parts["status"] = Shape(values=frozenset(STATUSES) | (states or frozenset()))
    parts["waiting_on"] = Shape(values=frozenset({"customer", "staff", "system", ""}))
    return Shape(parts)


def _child(flow: FlowDefinition | None) -> Shape:
    """What is known of a child: of a flow that is not installed, not which states and outcomes it has."""
    states, outcomes = (flow.states, flow.all_outcomes()) if flow is not None else ({}, {})
    values = {
        "status": frozenset(STATUSES),
        "state": frozenset({*states, ""}) if states else None,
        "outcome": frozenset({*outcomes, ""}) if outcomes else None,
    }
    return Shape({"ref": PLAIN, "open": PLAIN, **{name: Shape(values=these) for name, these in values.items()}})


def _links(definition: FlowDefinition) -> Shape:
    return Shape(dict.fromkeys(definition.links, names(LINK)))
