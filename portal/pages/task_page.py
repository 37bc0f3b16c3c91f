"""What the page of a task says: its steps on both sides, what happens next, reminders and history (P4)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from flows.access import read_as
from flows.actions import versions
from flows.catalogue import FlowDefinition
from flows.models import Instance, Step
from flows.queries import grid, timeline
from flows.queries import standing as asking
from flows.queries.timeline import Entry
from flows.rules import answers
from flows.rules.actors import SYSTEM, Actor
from portal.pages.showing import Tag, cancels_its_order, end_of, task_tag
from portal.pages.step_form import takes_answers

BAD_KINDS = ("instance_expired", "instance_cancelled", "order_cancelled", "order_failed")


def words(actor: Actor, instance: Instance, now: datetime) -> dict[str, Any]:
    """Everything the template shows, in a constant number of statements."""
    definition = versions.definition_of(read_as(actor), instance)
    shown = [step for step in instance.steps if step.state != "skipped"]
    return {
        "instance": instance,
        "definition": definition,
        "tag": _status(instance, definition, now),
        "end": end_of(instance),
        "order": asking.orders_of(actor, [instance]).get(instance.subject or ""),
        "cancels": cancels_its_order(definition),
        "may_complete": grid.needs_action(instance, now),
        "yours": [_row(instance, definition, step, now) for step in shown if step.actor == "customer"],
        "ours": [_row(instance, definition, step, now) for step in shown if step.actor != "customer"],
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
    states, sent = dict.fromkeys(BAD_KINDS, "bad"), {entry.at for entry in entries if entry.kind == "step_submitted"}
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
