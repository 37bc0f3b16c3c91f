"""A diagram as mermaid text, for the places that draw it: wikis, pull requests, READMEs."""

from __future__ import annotations

from collections.abc import Iterator

from flows.authoring.diagram.graph import LANE_WORDS, LANES, NOWHERE, Edge, Graph, Node, Sitting, graph_of
from flows.authoring.diagram.stages import COLUMNS, moves
from flows.authoring.diagram.words import state_words
from flows.catalogue.schema import FlowDefinition

SHAPES = {"start": ('(["', '"])'), "end": ('(["', '"])'), "review": ('{{"', '"}}'), "choice": ('{"', '"}')}
SAID = frozenset({"returned", "rule", "end"})


def mermaid(definition: FlowDefinition, sitting: Sitting = NOWHERE) -> str:
    """A flowchart with a subgraph a lane, or a state diagram."""
    if definition.states:
        return "\n".join(_states(definition, sitting))
    return "\n".join(_steps(graph_of(definition, sitting)))


def _steps(graph: Graph) -> Iterator[str]:
    ids = {node.id: f"n{n}" for n, node in enumerate(graph.nodes)}
    yield "flowchart TD"
    for lane in LANES:
        nodes = [node for node in graph.nodes if node.lane == lane]
        if nodes:
            yield f'  subgraph {lane}["{LANE_WORDS[lane]}"]'
            yield from (f"    {ids[node.id]}{_shape(node)}" for node in nodes)
            yield "  end"
    yield from (f"  {ids[edge.source]} {_arrow(edge)} {ids[edge.target]}" for edge in graph.edges)


def _shape(node: Node) -> str:
    begin, end = SHAPES.get(node.kind, ('["', '"]'))
    count = f" ({node.count:,})" if node.count else ""
    words = "<br>".join(_plain(part) for part in (f"{node.title}{count}", *node.notes))
    return f"{begin}{words}{end}"


def _arrow(edge: Edge) -> str:
    line = "-.->" if edge.kind == "returned" else "-->"
    return f'{line}|"{_plain(edge.words)}"|' if edge.kind in SAID or edge.words in ("approved", "paid") else line


def _states(definition: FlowDefinition, sitting: Sitting) -> Iterator[str]:
    yield "stateDiagram-v2"
    yield "  direction LR"
    for name, state in definition.states.items():
        count = f" ({sitting.in_state[name]:,})" if sitting.in_state.get(name) else ""
        yield f"  state {_quoted(state_words(definition, name) + count)} as {name}"
        yield f"  note left of {name}: {COLUMNS[state.is_]}"
    yield f"  [*] --> {definition.start_state}"
    for move in moves(definition):
        label = definition.actions[move.action].label or move.action
        yield f"  {move.state} --> {move.to}: {_plain(label).replace(':', '#58;')}"


def _quoted(words: str) -> str:
    return f'"{_plain(words)}"'


def _plain(words: str) -> str:
    """Without what mermaid takes for itself."""
    return (
        words.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;").replace("\n", " ")
    )
