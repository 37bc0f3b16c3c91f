"""What a flow asks for that this version reads and checks, but does not carry out yet (docs/adr/0007)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flows.catalogue.schema import FlowDefinition, FlowField, ListField


def missing_parts(definition: FlowDefinition) -> frozenset[str]:
    """Names of these parts, for people; empty when the flow can be started.

    A flow that asks for one of them is listed and linted, and no instance of it starts: better none than a stuck one.
    """
    steps, fields = definition.steps.values(), list(_every(definition.all_fields().values()))
    kinds = {effect.kind for effect in definition.all_effects()}
    asks = {
        "states and actions": bool(definition.states),
        "payment": any(step.payment for step in steps),
        "uploads": any(field.type == "file" for field in fields),
        "lookups": bool(definition.links) or any(_looks_up(field) for field in fields),
        "conversations": "message" in kinds,
        "child instances": "start" in kinds,
    }
    return frozenset(part for part, is_asked in asks.items() if is_asked)


def _every(fields: Iterable[FlowField]) -> Iterator[FlowField]:
    """The fields and, below lists, theirs."""
    for field in fields:
        yield field
        if isinstance(field, ListField):
            yield from _every(field.item.values())


def _looks_up(field: FlowField) -> bool:
    return field.type in ("user", "department") or bool(field.options_from)
