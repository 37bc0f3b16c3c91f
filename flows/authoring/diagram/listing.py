"""The same as a diagram in words, in the order in which one reads it: for screen readers and terminals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flows.authoring.diagram.graph import LANE_WORDS, NOWHERE, Graph, Node, Sitting, graph_of
from flows.authoring.diagram.stages import COLUMNS, moves
from flows.authoring.diagram.words import (
    condition_in_words,
    deadline_in_words,
    starts_in_words,
    state_words,
    timer_in_words,
)
from flows.catalogue.schema import FlowDefinition
from flows.rules.people import in_words
from flows.rules.words import listed

LEADS = {
    "needs": "then",
    "decides": "its answers decide on",
    "start": "begins",
    "end": "leads to",
    "rule": "may end as",
}


@dataclass(frozen=True)
class Entry:
    """One thing of the diagram: its name, whose it is, and everything about it as sentences.

    `at` is the step or state of which `count` are open here; `in_review` when they wait for approval there.
    """

    title: str
    whose: str
    sentences: tuple[str, ...]
    at: str = ""
    count: int = 0
    in_review: bool = False


def summary(definition: FlowDefinition) -> str:
    """One sentence for who cannot see the picture; the list says the rest."""
    if definition.states:
        count = sum(1 for _ in moves(definition))
        return f"{len(definition.states)} stages and the {count} actions between them."
    steps = list(definition.steps.values())
    whose = [
        f"{count} by {words}"
        for actor, words in (("customer", "the customer"), ("staff", "staff"), ("system", "the system"))
        if (count := sum(step.actor == actor for step in steps))
    ]
    return f"{len(steps)} step{'' if len(steps) == 1 else 's'}: {listed(whose)}."


def text(definition: FlowDefinition, sitting: Sitting = NOWHERE) -> str:
    """The whole list, numbered."""
    lines = [f"{definition.title} ({definition.flow})"]
    for number, entry in enumerate(entries(definition, sitting), 1):
        lines.append(f"{number}. {entry.title} ({entry.whose})" if entry.whose else f"{number}. {entry.title}")
        lines += [f"   {sentence}" for sentence in entry.sentences]
    return "\n".join(lines)


def entries(definition: FlowDefinition, sitting: Sitting = NOWHERE) -> list[Entry]:
    """Start, clock, steps or states, ends."""
    return list(_of_states(definition, sitting) if definition.states else _of_steps(graph_of(definition, sitting)))


def _of_steps(graph: Graph) -> Iterator[Entry]:
    for row in graph.rows:
        for node in row:
            if node.kind == "end":
                continue  # said where it comes from
            at, about = node.id.partition(":")[2], tuple(_about(graph, node))
            yield Entry(_named(graph, node), LANE_WORDS[node.lane], about, at, node.count, node.kind == "review")


def _named(graph: Graph, node: Node) -> str:
    if node.kind != "review":
        return node.title
    return f"Review of “{graph.node(node.id.replace('review:', 'step:', 1)).title}”"


def _about(graph: Graph, node: Node) -> Iterator[str]:
    yield from (f"{note}." for note in node.notes)
    if node.count:
        yield f"{node.count:,} open here."
    for edge in graph.leading_from(node.id):
        target = graph.node(edge.target)
        if edge.kind == "returned":
            yield f"Changes needed: back to “{target.title}”."
        elif edge.kind == "sent":
            yield "Sent for approval."
        elif edge.kind == "start":
            yield f"Then “{target.title}”."
        elif target.kind == "end":
            yield ". ".join((f"{_how(edge.words)}: ends as {target.title}", *target.notes[edge.kind == "rule" :])) + "."
        else:
            yield f"{_how(edge.words)}: {LEADS[edge.kind]} “{target.title}”."


def _how(words: str) -> str:
    return words[:1].upper() + words[1:]


def _of_states(definition: FlowDefinition, sitting: Sitting) -> Iterator[Entry]:
    ways = tuple(f"{_how(way)}." for way in starts_in_words(definition))
    yield Entry("Start", "", (*ways, f"Begins as “{state_words(definition, definition.start_state or '')}”."))
    for name, state in definition.states.items():
        sentences = [f"Customers read “{state.customer_label}”."] if state.customer_label else []
        if count := sitting.in_state.get(name, 0):
            sentences.append(f"{count:,} open here.")
        sentences += [
            _move(
                definition,
                move.action,
                "stays as it is" if move.is_loop else f"to “{state_words(definition, move.to)}”",
            )
            for move in moves(definition)
            if move.state == name
        ]
        yield Entry(state_words(definition, name), COLUMNS[state.is_], tuple(sentences), name, count)
    if clocks := tuple(_clocks(definition)):
        yield Entry("Clock", "System", clocks)


def _move(definition: FlowDefinition, name: str, where: str) -> str:
    action = definition.actions[name]
    condition = f", if {condition_in_words(definition, action.if_)}" if action.if_ else ""
    comment = f"; a comment is {action.comment}" if action.comment else ""
    return f"{action.label or name}: {where}, by {in_words(action.by)}{condition}{comment}."


def _clocks(definition: FlowDefinition) -> Iterator[str]:
    if definition.deadline:
        yield f"Due {deadline_in_words(definition.deadline)}."
    if definition.expires:
        yield f"Expires {deadline_in_words(definition.expires)}."
    for timer in definition.timers.values():
        yield f"{_how(timer_in_words(definition, timer))}."
