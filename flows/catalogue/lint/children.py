"""Flows that a flow starts: they are there, are told what they ask for, and do not start each other for ever."""

from __future__ import annotations

from collections.abc import Iterator

from flows.catalogue.lint.outside import placed_effects
from flows.catalogue.lint.report import Report
from flows.catalogue.problems import closest, cure_among, nearest
from flows.catalogue.registry import Registry
from flows.catalogue.schema import FlowDefinition, FlowField, StartEffect
from flows.catalogue.schema.effects import Child
from flows.catalogue.source import Path
from flows.rules import private
from flows.rules.expressions import ExpressionProblem, compile_text


def check_children(definition: FlowDefinition, registry: Registry, report: Report) -> None:
    """Every `start` effect."""
    for path, effect in placed_effects(definition):
        if isinstance(effect, StartEffect):
            _check_child(effect, (*path, "start"), definition, registry, report)


def _check_child(
    effect: StartEffect, path: Path, definition: FlowDefinition, registry: Registry, report: Report
) -> None:
    child = effect.start
    place = (*path, "flow") if (*path, "flow") in report.source.values else path
    known = {**registry.known, definition.flow: definition}
    flow = known.get(child.flow)
    if flow is None:
        _report_unknown(child.flow, place, known, report)
        return
    if flow.archived:
        report.at_value("F421", place, f"'{flow.flow}' is archived: nothing starts of it", "", "warning")
    if effect.if_ is None and definition.flow in _started_by(flow.flow, known):
        message = f"'{definition.flow}' starts itself again and again"
        report.at_value("F424", place, message, "give the effect an 'if' that ends it")
    if child.with_parent and flow.states and not any(one.is_ == "cancelled" for one in flow.states.values()):
        message = f"'{flow.flow}' has no state that is cancelled, so it cannot end with its parent"
        report.at_key("F423", (*path, "with_parent"), message)
    _check_answers(child, place, path, flow, report)
    _check_private(child, path, definition, flow, report)


def _report_unknown(name: str, place: Path, known: dict[str, FlowDefinition], report: Report) -> None:
    """As with other names of plugins: a slip in one that is there is an error, any other may come later."""
    if nearest(name, known):
        report.at_value("F420", place, f"there is no flow '{name}'", cure_among(name, known, "flows"))
    else:
        report.at_value("F402", place, f"the flow '{name}' is not installed", "", "warning")


def _check_answers(child: Child, place: Path, path: Path, flow: FlowDefinition, report: Report) -> None:
    questions = flow.start.questions
    for given in child.with_:
        if given not in questions:
            message = f"'{flow.flow}' asks for no '{given}' at its start"
            report.at_key("F403", (*path, "with", given), message, cure_among(given, questions, "it asks for"))
        elif questions[given].type == "file":
            report.at_key("F422", (*path, "with", given), f"'{given}' is a file, and files are not handed on")
        else:
            _check_chosen(questions[given], child.with_[given], (*path, "with", given), report)
    for name, question in questions.items():
        if question.required and question.type == "file":
            report.at_value("F422", place, f"'{flow.flow}' needs the file '{name}', and files are not handed on")
        elif question.required and question.when is None and name not in child.with_:
            twin = closest(name, child.with_.keys() - questions.keys())
            here = (*path, "with", twin) if twin else place
            report.at_value("F404", here, f"'{flow.flow}' needs '{name}'", f"add it to 'with': {question.label}")
    for name, step in flow.steps.items():
        if step.payment is not None and step.payment.amount == "ask":
            message = f"'{flow.flow}' is told the amount of '{name}' by staff when they start it"
            report.at_value("F422", place, message, "give that step an amount, or a hole")


def _check_chosen(question: FlowField, value: object, path: Path, report: Report) -> None:
    """An answer written out is one of the options; one with a hole is known when it is handed on."""
    options = question.options if question.type in ("choice", "choices") else None
    if options and "${{" not in str(value) and value not in options:
        report.at_value("F425", path, f"'{value}' is not among the options", cure_among(str(value), options))


def _check_private(child: Child, path: Path, definition: FlowDefinition, flow: FlowDefinition, report: Report) -> None:
    hidden = private.names_of(definition)
    for name, value in child.with_.items():
        question = flow.start.questions.get(name)
        if question is not None and not question.sensitive and _touches(value, hidden):
            message = f"a sensitive answer goes into '{name}', which is not sensitive"
            report.at_value("F712", (*path, "with", name), message, f"make it sensitive in '{flow.flow}'", "warning")


def _touches(value: object, hidden: frozenset[str]) -> bool:
    try:
        return isinstance(value, str) and private.touches(compile_text(value).names, hidden)
    except ExpressionProblem:
        return False  # reported elsewhere


def _started_by(name: str, known: dict[str, FlowDefinition]) -> set[str]:
    """This flow and all that it starts without asking anything, at first or second hand."""
    found: set[str] = set()
    front = {name}
    while front:
        found |= front
        front = {other for one in front & known.keys() for other in _always(known[one])} - found
    return found


def _always(definition: FlowDefinition) -> Iterator[str]:
    for effect in definition.all_effects():
        if isinstance(effect, StartEffect) and effect.if_ is None:
            yield effect.start.flow
