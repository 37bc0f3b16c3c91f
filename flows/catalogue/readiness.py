"""What a flow asks for that this version reads and checks, but does not carry out yet (docs/adr/0007)."""

from __future__ import annotations

from flows.catalogue.schema import FlowDefinition


def missing_parts(definition: FlowDefinition) -> frozenset[str]:
    """Names of these parts, for people; empty when the flow can be started.

    A flow that asks for one of them is listed and linted, and no instance of it starts: better none than a stuck one.
    """
    kinds = {effect.kind for effect in definition.all_effects()}
    asks = {
        "child instances": "start" in kinds,
    }
    return frozenset(part for part, is_asked in asks.items() if is_asked)
