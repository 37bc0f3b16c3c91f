"""The life cycle holds together: one way of living, ways in, references between steps, states, actions and outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flows.catalogue.lint.report import Report
from flows.catalogue.problems import cure_among
from flows.catalogue.schema import FlowDefinition, MessageEffect, Messaging, Step
from flows.catalogue.source import Path
from flows.rules.payments import ODD_CURRENCIES

ENDINGS = ("completed", "closed", "cancelled", "expired")
FILE_SUFFIXES = (".flow.yaml", ".yaml")


def check_structure(definition: FlowDefinition, report: Report) -> None:
    """References, exactly-one rules, reachability."""
    _check_name(definition, report)
    _check_life(definition, report)
    _check_start(definition, report)
    for name, step in definition.steps.items():
        _check_step(name, step, definition, report)
    _check_waiting(definition, report)
    _check_states(definition, report)
    _check_moved(definition, report)
    if isinstance(definition.messaging, Messaging) and definition.messaging.open_while == "always":
        message = "messages still close when the request ends; 'always' is not carried out yet"
        report.at_value("F227", ("messaging", "open_while"), message, "", "warning")
    for event, effects in definition.effects.items():
        check_event(event, ("effects", event), definition, report)
        for n, effect in enumerate(effects):
            if isinstance(effect, MessageEffect) and not definition.has_messages:
                message = "this flow has no messages, so nobody reads this"
                report.at_key("F226", ("effects", event, n, "message"), message, "say it in an email", "warning")
            elif event in ENDINGS and isinstance(effect, MessageEffect):
                message = f"the conversation is closed once it is {event}, so nobody reads this"
                report.at_key("F226", ("effects", event, n, "message"), message, "say it in an email", "warning")


def known(
    written: str, names: Iterable[str] | Mapping[str, Any], what: str, code: str, path: Path, report: Report
) -> bool:
    """Whether a reference leads somewhere; reports it when not."""
    if written in names:
        return True
    report.at_value(code, path, f"there is no {what} '{written}'", cure_among(written, names, f"{what}s"))
    return False


def exactly_one(given: Mapping[str, Any], path: Path, report: Report, example: str = "") -> None:
    """Of several keys that exclude each other, one must be given; `example` is what to write where none is."""
    used = [key for key, value in given.items() if value]
    if len(used) != 1:
        said = f"of {', '.join(given)} exactly one must be given, not {' and '.join(used) if used else 'none'}"
        report.at_key("F108", (*path, used[1]) if used else path, said, "" if used else example)


def check_event(event: str, path: Path, definition: FlowDefinition, report: Report) -> None:
    """An event named in `effects` or `from` can happen in this flow."""
    kind, _, rest = event.partition(".")
    if kind == "step":
        step, _, happened = rest.partition(".")
        if step not in definition.steps:
            cure = cure_among(step, definition.steps, "steps")
            report.at_key("F201", path, f"there is no step '{step}'", cure)
        elif happened in ("approved", "returned") and not definition.steps[step].approval:
            report.at_key("F222", path, f"the step '{step}' has no approval, so it is never {happened}", "", "warning")
    elif kind == "entered" and rest not in definition.states:
        report.at_key("F202", path, f"there is no state '{rest}'", cure_among(rest, definition.states, "states"))
    elif (kind == "expired" and not definition.expires) or (kind == "overdue" and not definition.deadline):
        report.at_key("F225", path, f"this flow is never {kind}", "give it 'expires' or 'deadline'", "warning")


def _check_name(definition: FlowDefinition, report: Report) -> None:
    file = report.source.file.rsplit("/", 1)[-1]
    stem = next((file.removesuffix(end) for end in FILE_SUFFIXES if file.endswith(end)), None)
    if stem is not None and stem != definition.flow:
        report.at_value(
            "F110", ("flow",), f"the file is called '{file}', the flow '{definition.flow}'", f"write {stem}"
        )


def _check_life(definition: FlowDefinition, report: Report) -> None:
    if definition.steps and definition.states:
        report.at_key("F108", ("states",), "a flow has steps or states, never both")
    if not definition.steps and not definition.states:
        report.at_key("F108", ("flow",), "a flow needs steps, or states with actions")
    if bool(definition.states) != bool(definition.actions) and not definition.steps:
        report.at_key("F108", ("states",), "states and actions belong together")


def _check_start(definition: FlowDefinition, report: Report) -> None:
    start = definition.start
    if not (start.staff or start.customer or start.onboarding or start.event):
        report.at_key("F108", ("start",), "no way in: give staff, customer, onboarding or event")
    if not start.event:
        for key, given in (("if", start.if_), ("once_per", start.once_per)):
            if given:
                report.at_key("F111", ("start", key), f"'{key}' needs an 'event'")
    elif not start.once_per:
        message = "without 'once_per' a redelivered event makes a second instance"
        report.at_key("F111", ("start", "event"), message, "add once_per: ${{ ... }}", "warning")


def _check_step(name: str, step: Step, definition: FlowDefinition, report: Report) -> None:
    path: Path = ("steps", name)
    for n, needed in enumerate(step.needs):
        known(needed, definition.steps, "step", "F201", (*path, "needs", n), report)
    for n, rule in enumerate(step.outcome):
        here = (*path, "outcome", n)
        exactly_one({"complete": rule.complete, "close": rule.close}, here, report)
        for key, named in (("complete", rule.complete), ("close", rule.close)):
            if named:
                known(named, definition.all_outcomes(), "outcome", "F204", (*here, key), report)
        if rule.on == "approved" and not step.approval:
            report.at_value("F222", (*here, "on"), "the step has no approval, so this rule never runs")
    _check_pages(step, path, report)
    if step.payment is not None:
        _check_payment(step, path, report)
    if step.actor == "system" and not step.done_when and not step.do:
        report.at_key("F221", path, "nobody can complete this step", "give it done_when or do", "warning")


def _check_pages(step: Step, path: Path, report: Report) -> None:
    """Pages name questions of their step, each of them once: the answer would be asked for twice."""
    first: dict[str, str] = {}
    for page_name, page in step.pages.items():
        for n, field in enumerate(page.fields):
            here = (*path, "pages", page_name, "fields", n)
            if known(field, step.fields, "field", "F207", here, report) and field in first:
                where = "this page" if first[field] == page_name else f"the page '{first[field]}'"
                message = f"the question '{field}' stands on {where} already"
                report.at_value("F212", here, message, "leave it on one page", "warning")
            first.setdefault(field, page_name)


def _check_payment(step: Step, path: Path, report: Report) -> None:
    """The customer pays, and that is the whole answer: nothing else is asked, reviewed or waited for."""
    if step.payment is not None and step.payment.currency in ODD_CURRENCIES:
        message = f"amounts are hundredths, and {step.payment.currency} has none"
        report.at_value("F130", (*path, "payment", "currency"), message, "use a currency with two decimals")
    if step.actor != "customer":
        report.at_value("F131", (*path, "actor"), "only the customer pays", "write customer")
    others = {"fields": step.fields, "pages": step.pages, "approval": step.approval, "done_when": step.done_when}
    for key in (key for key, given in others.items() if given):
        message = f"paying is the whole of this step, so it takes no '{key}'"
        report.at_key("F131", (*path, key), message, "put it on a step of its own")


def _check_waiting(definition: FlowDefinition, report: Report) -> None:
    """Steps whose needs lead back to themselves can never open."""
    told: set[str] = set()
    for name in definition.steps:
        circle = _circle(name, definition) if name not in told else []
        if circle:
            told.update(circle)
            message = f"these steps wait for each other, and none can ever open: {' -> '.join([*circle, name])}"
            report.at_key("F220", ("steps", name, "needs"), message, "take one name out of one 'needs'")


def _circle(first: str, definition: FlowDefinition) -> list[str]:
    """The shortest way along `needs` from a step back to it; empty when there is none."""
    came_from: dict[str, str] = {}
    front = [first]
    for name in front:  # grows while it is walked
        for needed in definition.steps[name].needs:
            if needed == first:
                way = [name]
                while way[0] != first:
                    way.insert(0, came_from[way[0]])
                return way
            if needed in definition.steps and needed not in came_from:
                came_from[needed] = name
                front.append(needed)
    return []


def _check_states(definition: FlowDefinition, report: Report) -> None:
    states, actions = definition.states, definition.actions
    for extra in [name for name, state in states.items() if state.start][1:]:
        report.at_key("F112", ("states", extra, "start"), "only one state can be the start")
    for name, action in actions.items():
        for n, origin in enumerate(action.from_):
            known(origin, states, "state", "F202", ("actions", name, "from", n), report)
        if action.to:
            known(action.to, states, "state", "F202", ("actions", name, "to"), report)
    reached = _reached(definition)
    for name, state in states.items():
        if name not in reached:
            report.at_key("F223", ("states", name), f"no action leads to the state '{name}'", "", "warning")
        if state.open and not any(name in action.from_ and action.to for action in actions.values()):
            report.at_key("F224", ("states", name), f"the open state '{name}' has no way out", "", "warning")


def _reached(definition: FlowDefinition) -> set[str]:
    reached = {definition.start_state} if definition.start_state else set()
    moves = [(origin, action.to) for action in definition.actions.values() for origin in action.from_ if action.to]
    for _ in moves:
        reached |= {to for origin, to in moves if origin in reached}
    return {name for name in reached if name}


def _check_moved(definition: FlowDefinition, report: Report) -> None:
    fields = {**definition.start.questions, **definition.all_fields()}
    what = "step, question or state" if definition.steps else "state or question"
    here = {**definition.steps, **definition.states, **fields}
    for old, new in definition.moved.items():
        known(new, here, what, "F201", ("moved", old), report)
        if old in here:
            kind = "step" if old in definition.steps else "state" if old in definition.states else "question"
            report.at_key("F113", ("moved", old), f"the {kind} '{old}' is still here, so it has not moved")
