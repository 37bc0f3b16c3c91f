"""Everything that was answered in a task, step by step, as far as this customer may read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.catalogue import FlowDefinition
from flows.models import Instance
from flows.rules.actors import Actor
from portal.pages.step_form import answer_rows, readable
from portal.pages.task_page import shown_steps


def by_step(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime) -> list[dict[str, Any]]:
    """Steps with answers, in their order, each with its questions and answers for `ui.summary_list`."""
    found = []
    for step in shown_steps(actor, instance, definition, now):
        rule = readable(actor, instance, definition.steps[step.name])
        if rows := answer_rows(rule, step.answers) if step.attempt else []:
            found.append({"title": rule.title, "ours": step.actor != "customer", "at": step.submitted_at, "rows": rows})
    return found
