"""What was started below a task or case, in the words for customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.access import read_as
from flows.actions import versions
from flows.catalogue import FlowDefinition
from flows.models import Instance
from flows.queries import family
from flows.rules import stages
from flows.rules.actors import Actor
from portal.pages.showing import Tag, task_tag

TONES = {"todo": "info", "doing": "info", "done": "ok", "cancelled": "plain"}


def below(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime) -> list[dict[str, Any]]:
    """Rows of `tasks/below.html`."""
    return [
        {"task": one, "tag": stage_tag(actor, one) if one.state else task_tag(one, now, False)}
        for one in family.children(actor, instance, definition)
    ]


def stage_tag(actor: Actor, instance: Instance) -> Tag:
    """The stage of a case or task (X30)."""
    definition, state = versions.in_lists(read_as(actor), instance), instance.state or ""
    return Tag(stages.state_label(definition, state, for_customer=True), TONES[definition.states[state].is_])
