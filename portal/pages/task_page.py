"""What the page of a task says: its steps on both sides, what happens next, reminders and history (P4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from flows.access import read_as
from flows.actions import paying, versions
from flows.catalogue import FlowDefinition
from flows.models import Instance, Payment, Step
from flows.queries import grid, payments, timeline
from flows.queries import standing as asking
from flows.queries.timeline import Entry
from flows.rules import answers
from flows.rules.actors import SYSTEM, Actor
from flows.rules.words import money_in_words
from portal.pages.showing import Tag, cancels_its_order, end_of, task_tag
from portal.pages.step_form import takes_answers

SENT = ("step_submitted", "payment_received")
"""What is told of a step that completes in the same moment."""
BAD_KINDS = ("instance_expired", "instance_cancelled", "order_cancelled", "order_failed")


def words(actor: Actor, instance: Instance, now: datetime) -> dict[str, Any]:
    """Everything the template shows, in a constant number of statements."""
    definition = versions.definition_of(read_as(actor), instance)
    shown = [step for step in instance.steps if step.state != "skipped"]
    paid_for = [step for step in shown if definition.steps[step.name].payment]
    found = payments.of_many(actor, paid_for)
    prices = {step.name: _price(actor, instance, definition, step, now) for step in paid_for}

    def row(step: Step) -> dict[str, Any]:
        made = _row(instance, definition, step, now)
        return _paying_row(made, prices[step.name], found.get(step.id, ())) if step.name in prices else made

    return {
        "instance": instance,
        "definition": definition,
        "tag": _status(instance, definition, now),
        "end": end_of(instance),
        "order": asking.orders_of(actor, [instance]).get(instance.subject or ""),
        "cancels": cancels_its_order(definition),
        "may_complete": grid.needs_action(instance, now),
        "yours": [row(step) for step in shown if step.actor == "customer"],
        "ours": [row(step) for step in shown if step.actor != "customer"],
        "reminders": asking.reminders_to_come(actor, instance, now) if grid.needs_action(instance, now) else (),
        "history": history_rows(timeline.of_instance(actor, instance)),
    }


def _status(instance: Instance, definition: FlowDefinition, now: datetime) -> Tag:
    """How it stands; a flow may have its own words for what is still to do."""
    tag = task_tag(instance, now)
    own = next((words for status, words in definition.status_labels.items() if status == instance.status), None)
    return Tag(own, tag.tone) if own and grid.needs_action(instance, now) and tag.tone != "bad" else tag


def history_rows(entries: list[Entry]) -> list[dict[str, Any]]:
    """A timeline for `ui.timeline`; what every entry says is over, so none is still to come.

    Who did it is said of people alone, and a step that was sent and so completed is one line.
    """
    states, sent = dict.fromkeys(BAD_KINDS, "bad"), {entry.at for entry in entries if entry.kind in SENT}
    return [
        {
            "title": entry.sentence,
            "at": entry.at,
            "text": entry.who if entry.who != SYSTEM.name else "",
            "state": states.get(entry.kind, "done"),
        }
        for entry in entries
        if entry.kind != "step_completed" or entry.at not in sent
    ]


def _row(instance: Instance, definition: FlowDefinition, step: Step, now: datetime) -> dict[str, Any]:
    rule = definition.steps[step.name]
    reachable = step.actor == "customer" and (step.attempt > 0 or takes_answers(instance, step, now))
    tag = _tag(instance, step)
    return {
        "title": rule.title,
        "url": f"/tasks/{instance.reference}/steps/{step.name}" if reachable else None,
        "dialog": takes_answers(instance, step, now) and not answers.asks_for_files(rule.fields),
        "hint": _hint(definition, step),
        "tag": tag.words,
        "tone": tag.tone,
    }


def _paying_row(row: dict[str, Any], price: str, found: Sequence[Payment]) -> dict[str, Any]:
    """A step that is paid for says how much, and leads to its own page, because the browser goes elsewhere to pay."""
    on_its_way = any(one.state == "processing" for one in found)
    tag = {"tag": _("Payment on its way"), "tone": "info"} if on_its_way else {}
    return {**row, "dialog": False, "hint": " · ".join(filter(None, (price, row["hint"]))), **tag}


def _price(actor: Actor, instance: Instance, definition: FlowDefinition, step: Step, now: datetime) -> str:
    minor = paying.price_of(read_as(actor), instance, definition, step, now).minor
    return money_in_words(minor, paying.rule_of(definition, step).currency) if minor else ""


def _hint(definition: FlowDefinition, step: Step) -> str:
    needs = definition.steps[step.name].needs
    if step.state != "locked" or not needs:
        return ""
    return _("After: %(steps)s", steps=", ".join(definition.steps[name].title for name in needs))


def _tag(instance: Instance, step: Step) -> Tag:
    """A step's state in the words for customers (SCREENS.md section 2)."""
    match step.state:
        case "completed":
            return Tag(_("Completed"), "plain")
        case _ if not instance.is_open:
            return Tag(_("Not done"), "plain")
        case "locked":
            return Tag(_("Cannot start yet"), "plain")
        case "pending_approval":
            return Tag(_("Being reviewed"))
        case "returned" | "reopened":
            return Tag(_("Changes needed"), "bad")
        case _ if step.actor != "customer":
            return Tag(_("With us"))
        case _ if step.draft is not None:
            return Tag(_("In progress"), "info")
    return Tag(_("Not started"), "info")
