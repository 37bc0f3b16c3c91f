"""Everything that was answered in a task, step by step, as far as this customer may read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.actions import withholding
from flows.catalogue import FlowDefinition
from flows.models import Instance
from flows.queries import lookups
from flows.queries.files import files_of
from flows.rules.actors import Actor
from flows.words import gettext as _
from portal.pages.step_form import answer_rows
from portal.pages.task_page import shown_steps


def by_step(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime) -> list[dict[str, Any]]:
    """What was asked at the start, then steps in their order, each with its answers for `ui.summary_list`."""
    steps, found = shown_steps(actor, instance, definition, now), []
    if asked := lookups.asked_at_start(actor, instance, definition, now):
        found.append({"title": _("What was asked"), "ours": False, "at": instance.created_at, "rows": asked})
    rules = [withholding.rule_for(actor, instance, step, definition.steps[step.name]) for step in steps]
    files = files_of(actor, instance, *((rule.fields, step.answers) for rule, step in zip(rules, steps, strict=True)))
    for rule, step in zip(rules, steps, strict=True):
        if rows := answer_rows(rule, step, step.answers, files) if step.attempt else []:
            found.append({"title": rule.title, "ours": step.actor != "customer", "at": step.submitted_at, "rows": rows})
    return found


def has_files(steps: list[dict[str, Any]]) -> bool:
    return any(row.get("files") for step in steps for row in step["rows"])
