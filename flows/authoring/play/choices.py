"""What could be done next, by anybody of the cast: what the product itself would offer them as buttons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from flows import access
from flows.actions.deciding import Deciding
from flows.actions.scope import for_actions
from flows.authoring.play.deeds import Deed
from flows.authoring.play.sandbox import Sandbox
from flows.catalogue import FlowDefinition
from flows.clock import clock
from flows.models import Instance
from flows.queries import allowed
from flows.rules import stages
from flows.rules.actors import SYSTEM, Actor
from flows.work import end_reading

BY_STEP = {
    "submit": ("submit",), "save_draft": ("save",), "pay": ("pay", "decline"), "approve": ("approve",),
    "return": ("return",), "close_request": ("close_request",), "reopen": ("reopen",), "confirm": ("confirm",),
    "answer_for_customer": ("answer_for",),
}  # fmt: skip
"""From what `allowed_actions` of a step calls it to the deed."""
LEAD_ON = frozenset({"submit", "pay", "approve", "return", "answer_for", "act", "end", "link"})


@dataclass(frozen=True)
class Choice:
    """A deed that somebody is offered; `leads_on` when the flow moves by it, other than by being called off."""

    deed: Deed
    leads_on: bool


def choices(stage: Sandbox, instance_id: int) -> list[Choice]:
    """Everything that is offered to anybody now."""
    instance = access.instance_to_read(SYSTEM, stage.uid_of(instance_id))
    definition = stage.definition_of(instance)
    scope = cache(for_actions(access.read_as(SYSTEM), instance, definition, clock.now()))
    leading = LEAD_ON if instance.assignee_id else LEAD_ON | {"take"}  # then somebody is there who may act
    found = [
        Choice(deed, deed.verb in leading)
        for who, actor in stage.cast.actors.items()
        if actor.is_staff or not instance.is_internal
        for deed in (
            *_of_instance(who, actor, instance, definition, scope),
            *_of_steps(who, actor, instance, definition),
        )
    ]
    end_reading()
    return found


def _of_instance(
    who: str, actor: Actor, instance: Instance, definition: FlowDefinition, scope: Callable[[], dict[str, Any]]
) -> Iterator[Deed]:
    now = clock.now()
    for name in allowed.of_instance(actor, instance, definition, now):
        verb, _, link = name.partition(".")
        match verb:
            case "conclude":
                yield from (Deed("end", outcome, who) for outcome in definition.all_outcomes())
            case "link" | "unlink":
                yield Deed(verb, link, who)
            case "rate":
                yield Deed("rate", "3", who)
            case "cancel" | "take":
                yield Deed(verb, "", who)
    if "message" in allowed.of_conversation(actor, instance, definition, now):
        yield Deed("say", "When will it be done?", who)
    if definition.states and instance.state is not None:
        for action in stages.offered(definition, instance.state, actor, instance.standing, scope):
            yield Deed("act", action, who)


def _of_steps(who: str, actor: Actor, instance: Instance, definition: FlowDefinition) -> Iterator[Deed]:
    now = clock.now()
    deciding = Deciding(access.read_as(SYSTEM), actor, now)
    for step in instance.steps:
        if step.state == "skipped":
            continue
        rule = definition.steps[step.name]
        right = deciding.right(instance, step, rule)
        for name in allowed.of_step(actor, instance, step, rule, now, right):
            yield from (Deed(verb, step.name, who) for verb in BY_STEP.get(name, ()))
