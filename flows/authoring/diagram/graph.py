"""What a diagram of a flow of steps shows: who does what, what leads where, and how it ends; nothing about places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from flows.authoring.diagram.words import (
    calls_in_words,
    children_in_words,
    condition_in_words,
    deadline_in_words,
    questions,
    starts_in_words,
    timer_in_words,
)
from flows.catalogue.schema import Approval, FlowDefinition, Outcome, Step
from flows.rules.expressions import compile_condition
from flows.rules.outcomes import completes_by_itself
from flows.rules.people import in_words
from flows.rules.words import listed, span_in_words

Lane = Literal["customer", "staff", "system"]
LANES: tuple[Lane, ...] = ("customer", "staff", "system")
LANE_WORDS = {"customer": "Customer", "staff": "Staff", "system": "System"}
NodeKind = Literal["start", "step", "payment", "review", "choice", "end", "clock"]
EdgeKind = Literal["start", "needs", "decides", "sent", "returned", "rule", "end"]
START, CHOICE, CLOCK, EXPIRY, DONE = "start", "outcome", "clock", "expired", "completed"


@dataclass(frozen=True)
class Sitting:
    """How many open instances are where: by step, by step whose answers wait for approval, by state."""

    at_step: Mapping[str, int] = field(default_factory=dict)
    in_review: Mapping[str, int] = field(default_factory=dict)
    in_state: Mapping[str, int] = field(default_factory=dict)


NOWHERE = Sitting()


@dataclass(frozen=True)
class Node:
    """One thing in a lane. `tone` says how an end ends: positive, negative; `count` is the badge, 0: none."""

    id: str
    kind: NodeKind
    lane: Lane
    title: str
    notes: tuple[str, ...] = ()
    tone: str = ""
    count: int = 0


@dataclass(frozen=True)
class Edge:
    """What leads from one node to another; `words` say why."""

    source: str
    target: str
    kind: EdgeKind
    words: str


@dataclass(frozen=True)
class Graph:
    """Rows from top to bottom: what stands in one row belongs together, its first node above all."""

    title: str
    rows: tuple[tuple[Node, ...], ...]
    edges: tuple[Edge, ...]

    @property
    def nodes(self) -> Iterator[Node]:
        for row in self.rows:
            yield from row

    def leading_from(self, node: str) -> list[Edge]:
        return [edge for edge in self.edges if edge.source == node]

    def node(self, node_id: str) -> Node:
        return next(node for node in self.nodes if node.id == node_id)


def graph_of(definition: FlowDefinition, sitting: Sitting = NOWHERE) -> Graph:
    """The graph of a flow of steps; for one of states see `stages`."""
    order = _in_order(definition)
    rows, edges = [_start_row(definition, order)], list(_from_start(definition, order))
    if definition.expires:
        edges.append(Edge(CLOCK, EXPIRY, "end", "when the time is over"))
    for name in order:
        row, own = _step_row(definition, name, sitting)
        rows.append(row)
        edges += own
    for name in order:
        edges += _into(definition, name)
    last, ending = _last_row(definition)
    rows.append(last)
    edges += [
        Edge(_exit(definition, name), last[0].id, "end", _left(definition.steps[name])) for name in _last(order, edges)
    ]
    return Graph(definition.title, tuple(tuple(row) for row in rows), (*edges, *ending))


def foundations(definition: FlowDefinition, name: str) -> dict[str, EdgeKind]:
    """The steps that one waits for: those it `needs`, else those whose answers its condition looks at."""
    step = definition.steps[name]
    if step.needs:
        return {need: "needs" for need in step.needs if need in definition.steps}
    return {other: "decides" for other in _looked_at(definition, step.when) if other != name}


def _looked_at(definition: FlowDefinition, condition: str | None) -> list[str]:
    if condition is None:
        return []
    names = {".".join(name.split(".")[1:2]) for name in compile_condition(condition).names if name.startswith("data.")}
    return [
        name for name, step in definition.steps.items() if names & {*step.fields, *([name] if step.payment else [])}
    ]


def _in_order(definition: FlowDefinition) -> list[str]:
    """Every step below those it waits for, otherwise as in the file; a circle is broken where the file begins it."""
    waits = {name: set(foundations(definition, name)) for name in definition.steps}
    left, order = dict.fromkeys(definition.steps), []
    while left:
        ready = next((name for name in left if not waits[name] & left.keys()), next(iter(left)))
        order.append(ready)
        del left[ready]
    return order


# --- rows ---------------------------------------------------------------------------------------------------------


def _start_row(definition: FlowDefinition, order: list[str]) -> list[Node]:
    lane = _start_lane(definition, order)
    ways = [_sentence(way) for way in starts_in_words(definition)]
    ways += children_in_words(definition, definition.effects_for("created"))
    row = [Node(START, "start", lane, "Start", tuple(ways))]
    clocks = list(_clocks(definition))
    if clocks:
        row.append(Node(CLOCK, "clock", "system", "Clock", tuple(clocks)))
    if definition.expires:
        calls = calls_in_words(definition.effects_for("expired"))
        row.append(Node(EXPIRY, "end", "system", "Expired", (f"Then {calls}",) if calls else (), "negative"))
    return row


def _start_lane(definition: FlowDefinition, order: list[str]) -> Lane:
    """Whoever begins it; what an event begins stands above its first step, and never upon the clock."""
    start = definition.start
    if start.customer or start.onboarding:
        return "customer"
    if start.staff or not order:
        return "staff"
    first = definition.steps[order[0]].actor
    return first if first != "system" else "staff"


def _clocks(definition: FlowDefinition) -> Iterator[str]:
    if definition.deadline:
        yield f"Due {deadline_in_words(definition.deadline)}"
    if definition.expires:
        yield f"Expires {deadline_in_words(definition.expires)}"
    for timer in definition.timers.values():
        yield _sentence(timer_in_words(definition, timer))


def _step_row(definition: FlowDefinition, name: str, sitting: Sitting) -> tuple[list[Node], list[Edge]]:
    step = definition.steps[name]
    kind: NodeKind = "payment" if step.payment else "step"
    notes = tuple(_notes(definition, name, step))
    row = [Node(_step_id(name), kind, step.actor, step.title, notes, count=sitting.at_step.get(name, 0))]
    edges: list[Edge] = []
    if step.approval:
        review = _review_id(name)
        notes, waiting = tuple(_review_notes(step.approval)), sitting.in_review.get(name, 0)
        row.append(Node(review, "review", "staff", "Review", notes, count=waiting))
        edges += [
            Edge(_step_id(name), review, "sent", "sent for approval"),
            Edge(review, _step_id(name), "returned", "changes needed"),
        ]
    for n, rule in enumerate(step.outcome):
        outcome = rule.complete or rule.close or ""
        condition = condition_in_words(definition, rule.if_)
        row.append(_end(definition, f"end:{name}:{n}", outcome, (f"If {condition}",)))
        runs_at_once = step.approval is None or rule.on == "submitted"
        edges.append(
            Edge(_step_id(name) if runs_at_once else _review_id(name), f"end:{name}:{n}", "rule", f"if {condition}")
        )
    return row, edges


def _notes(definition: FlowDefinition, name: str, step: Step) -> Iterator[str]:
    if step.payment:
        amount = {"ask": "the amount is set at the start"}.get(str(step.payment.amount), "")
        yield f"Payment in {step.payment.currency}" + (f"; {amount}" if amount else "")
    if asked := questions(sum(field.type != "info" for field in step.fields.values())):
        yield asked
    if step.when:
        yield f"Only if {condition_in_words(definition, step.when)}"
    if step.done_when:
        yield f"Done by itself when {condition_in_words(definition, step.done_when)}"
    if step.deadline:
        yield f"Due {deadline_in_words(step.deadline, 'it opens')}"
    if calls := calls_in_words(step.do):
        yield _sentence(calls)
    happens = (effects for event, effects in definition.effects.items() if event.startswith(f"step.{name}."))
    for effects in (step.do, *happens):
        yield from children_in_words(definition, effects)


def _review_notes(approval: Approval) -> Iterator[str]:
    by = in_words(approval.by)
    yield f"By {by}" + (f", {approval.need} of them" if approval.need > 1 else "")
    if approval.returns:
        yield f"Handed back {approval.returns} time{'s' if approval.returns > 1 else ''} at most"
    if approval.escalate:
        yield f"After {span_in_words(approval.escalate.after)}, {in_words(approval.escalate.to)} is told"


def _last_row(definition: FlowDefinition) -> tuple[list[Node], list[Edge]]:
    """The outcome that staff confirm (C42), or the end that comes by itself (A31)."""
    if completes_by_itself(definition):
        return [_end(definition, DONE, "complete", (), "Completed")], []
    outcomes = definition.all_outcomes()
    by_rule = {rule.complete or rule.close for step in definition.steps.values() for rule in step.outcome}
    chosen = [name for name in outcomes if name not in by_rule] or list(outcomes)
    also = [outcomes[name].label for name in outcomes if name not in chosen]
    notes = ["Confirmed by staff once every step is done"]
    notes += [f"Or a step ends it as {listed(also, 'or')}"] if also else []
    row = [Node(CHOICE, "choice", "staff", "Outcome", tuple(notes))]
    row += [_end(definition, f"end:{name}", name, ()) for name in chosen]
    return row, [Edge(CHOICE, f"end:{name}", "end", outcomes[name].label) for name in chosen]


def _end(definition: FlowDefinition, node_id: str, name: str, notes: tuple[str, ...], title: str = "") -> Node:
    outcome = definition.all_outcomes().get(name) or Outcome(label=name, kind="negative")
    calls = calls_in_words(definition.effects_for("completed" if outcome.kind == "positive" else "closed"))
    return Node(
        node_id, "end", "system", title or outcome.label, (*notes, *([f"Then {calls}"] if calls else [])), outcome.kind
    )


# --- edges ----------------------------------------------------------------------------------------------------------


def _from_start(definition: FlowDefinition, order: list[str]) -> Iterator[Edge]:
    for name in order:
        if not foundations(definition, name):
            yield Edge(START, _step_id(name), "start", "begins")


def _into(definition: FlowDefinition, name: str) -> Iterator[Edge]:
    for other, kind in foundations(definition, name).items():
        yield Edge(_exit(definition, other), _step_id(name), kind, _left(definition.steps[other]))


def _last(order: list[str], edges: list[Edge]) -> list[str]:
    """The steps that nothing waits for."""
    followed = {edge.source.partition(":")[2] for edge in edges if edge.kind in ("needs", "decides")}
    return [name for name in order if name not in followed]


def _exit(definition: FlowDefinition, name: str) -> str:
    """The node whose end is the end of the step."""
    return _review_id(name) if definition.steps[name].approval else _step_id(name)


def _left(step: Step) -> str:
    """What has to have happened for the step to be over."""
    if step.approval:
        return "approved"
    return "paid" if step.payment else "done"


def _step_id(name: str) -> str:
    return f"step:{name}"


def _review_id(name: str) -> str:
    return f"review:{name}"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
