"""A case or task enters a state: its status, who holds the baton, its clocks, and what is owed for it."""

from __future__ import annotations

from flows.actions import kinship, owing, participating, planning, settling
from flows.catalogue import FlowDefinition
from flows.events import InstanceCancelled, InstanceCompleted, InstanceReopened
from flows.models import Instance
from flows.rules import stages
from flows.work import Work


def begin(instance: Instance, definition: FlowDefinition) -> None:
    """The state of a new instance; what is owed for it is owed as `created`."""
    instance.state = definition.start_state
    instance.status = stages.status_of(definition, instance.state or "")


def enter(work: Work, instance: Instance, definition: FlowDefinition, state: str, comment: str) -> None:
    """Move to another state; into the same one changes nothing. The instance row is locked."""
    if state == instance.state:
        return
    was_open, before = instance.is_open, instance.status
    instance.state, instance.status = state, stages.status_of(definition, state)
    is_over = instance.status in ("completed", "cancelled")
    if is_over and was_open:
        _end(work, instance, definition, comment)
    elif was_open is False and not is_over:
        _take_up(work, instance, definition, comment)
        planning.begin_end_anew(work, instance, definition)
    elif is_over and instance.status != before:
        raise ValueError(f"an action of {definition.flow} leads from one end to another: {before} to {state}")
    if instance.status != before:
        kinship.tell_parent(work, instance, ended=is_over)
    moment = f"entered.{state}"
    for name, rule in definition.timers.items():
        if rule.from_ == moment:
            planning.start_over(work, instance, name, rule)
    owing.owe(work, instance, definition, f"{moment}.{instance.event_seq}", definition.effects_for(moment))


def follow_the_baton(work: Work, instance: Instance) -> None:
    """After a move or an assignment: who holds it now."""
    is_customer = participating.is_with_customer(work, instance)
    settling.hand_over(work, instance, stages.waiting_on(instance.status, is_customer))
    instance.last_activity_at = work.now
    instance.version += 1


def _end(work: Work, instance: Instance, definition: FlowDefinition, comment: str) -> None:
    instance.closed_at = work.now
    instance.close_message = comment
    planning.cancel_timers(work, instance)
    if instance.status == "completed":
        work.record(instance, InstanceCompleted("", automatic=False))
    else:
        work.record(instance, InstanceCancelled(comment))
        kinship.take_along(work, instance, definition)
    owing.owe(
        work, instance, definition, f"{instance.status}.{instance.event_seq}", definition.effects_for(instance.status)
    )


def _take_up(work: Work, instance: Instance, definition: FlowDefinition, comment: str) -> None:
    ended_at, instance.closed_at = instance.closed_at, None
    instance.close_message = ""
    instance.reopenings += 1
    planning.resume_timers(work, instance, definition, ended_at)
    work.record(instance, InstanceReopened(comment))
