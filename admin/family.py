"""Instances that belong together, each with how it stands: by its stage, or by its status where steps lead it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from admin.instance_list import status_tags
from admin.showing import Tag
from flows.access import read_as
from flows.actions import versions
from flows.catalogue import FlowDefinition
from flows.models import Instance
from flows.rules import stages
from flows.rules.actors import Actor

TONES = {"todo": "", "doing": "info", "done": "ok", "cancelled": "plain"}


def state_tag(instance: Instance, definition: FlowDefinition) -> Tag:
    """The stage in the flow's words, in the tone of its column."""
    state = instance.state or ""
    return Tag(stages.state_label(definition, state), TONES[definition.states[state].is_])


def with_tags(actor: Actor, rows: Iterable[Instance], now: datetime) -> list[tuple[Instance, Tag]]:
    """Rows with their tags."""
    return [(one, _tag(actor, one, now)) for one in rows]


def _tag(actor: Actor, instance: Instance, now: datetime) -> Tag:
    if instance.state is None:
        return status_tags(instance, now)[0]
    return state_tag(instance, versions.in_lists(read_as(actor), instance))
