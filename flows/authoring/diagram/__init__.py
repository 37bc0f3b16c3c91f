"""A flow as a picture (X33): swimlanes for steps, columns for states; as SVG, as mermaid, and as a list to read."""

from __future__ import annotations

from flows.authoring.diagram import lanes, stages
from flows.authoring.diagram.graph import NOWHERE, Sitting, graph_of
from flows.authoring.diagram.listing import Entry, entries, summary, text
from flows.authoring.diagram.mermaid import mermaid
from flows.authoring.diagram.svg import svg as written
from flows.catalogue import FlowDefinition

__all__ = ["FORMATS", "Entry", "Sitting", "entries", "mermaid", "summary", "svg", "text"]


def svg(definition: FlowDefinition, sitting: Sitting = NOWHERE) -> str:
    """The picture; `sitting` says how many open instances are where, drawn as badges."""
    if definition.states:
        return written(stages.picture_of(definition, summary(definition), sitting), definition.flow)
    return written(lanes.picture_of(graph_of(definition, sitting), summary(definition)), definition.flow)


FORMATS = {"svg": svg, "mermaid": mermaid, "text": text}
"""What `baton flows diagram --format` takes."""
