"""Bring an instance in line with its answers: which steps are open, how far it is and whose turn it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from flows.actions import kinship, owing, planning
from flows.actions.assigning_by_rule import assign_for_step
from flows.actions.scope import filled, roots, scope_of
from flows.catalogue import FlowDefinition
from flows.events import StepCompleted, StepOpened
from flows.models import Instance, Payment, Step
from flows.rules import moves, payments, statuses
from flows.rules.progress import progress as progress_of
from flows.work import Work


def settle(work: Work, instance: Instance, definition: FlowDefinition, quietly: bool = False) -> None:
    """Open, hide and complete steps as the rules say (X1, X2), then keep the projection on the row (C8, C17-C19).

    The conditions of a flow are evaluated over accepted answers only, so a draft never opens a step. `quietly`: nobody
    did anything, so nothing of it is told to anybody and nothing is owed for it (X13).
    """
    if definition.states:  # its status is chosen, not derived
        _changed(work, instance)
        return
    names = moves.names_in_conditions(definition) | payments.names_in_amounts(definition)
    scope = scope_of(work.session, instance, definition, work.now, wanted=roots(names))
    before = {step.name: step.state for step in instance.steps}
    ever_open = {step.name for step in instance.steps if step.opened_at is not None}
    accepted = {step.name for step in instance.steps if step.attempt}
    after = moves.next_states(
        definition, before, scope, accepted, payments.free_steps(definition, instance.amounts, scope)
    )
    for step in instance.steps:
        if after[step.name] != step.state:
            _move(work, instance, definition, step, after[step.name], quietly)
    on_its_way = _money_on_its_way(work, instance, definition, after, ever_open)
    _project(work, instance, definition, after, scope, on_its_way)


def hand_over(work: Work, instance: Instance, party: str | None) -> None:
    """The baton goes to `party` (None: to nobody, it has ended); how long it was held before is added up (X4)."""
    if party == instance.waiting_on:
        return
    if instance.waiting_on is not None and instance.waiting_since is not None:
        held = int((work.now - instance.waiting_since).total_seconds())
        so_far = instance.waited.get(instance.waiting_on, 0)
        instance.waited = {**instance.waited, instance.waiting_on: so_far + max(held, 0)}
    instance.waiting_on, instance.waiting_since = party, work.now if party else None


def _project(
    work: Work,
    instance: Instance,
    definition: FlowDefinition,
    states: dict[str, str],
    scope: dict[str, Any],
    on_its_way: set[str],
) -> None:
    """Status, progress and waiting-on as lists show them: derived here and nowhere else, stored on the row."""
    progress = progress_of(states, definition=definition, scope=scope)
    instance.steps_done, instance.steps_total, instance.may_grow = progress.done, progress.total, progress.may_grow
    before, instance.status = instance.status, statuses.status_of(states)
    hand_over(work, instance, statuses.waiting_on(definition, states, instance.status, on_its_way))
    _changed(work, instance)
    if instance.event_seq and instance.status != before:  # whoever starts it knows how it begins
        kinship.tell_parent(work, instance)


def _changed(work: Work, instance: Instance) -> None:
    instance.last_activity_at = work.now
    instance.version += 1


def _money_on_its_way(
    work: Work, instance: Instance, definition: FlowDefinition, states: dict[str, str], ever_open: set[str]
) -> set[str]:
    """Names of the steps that are being paid for at this moment; nobody has paid for one that was never open."""
    if not any(definition.steps[name].payment and states[name] in moves.WITH_ACTOR for name in ever_open):
        return set()
    query = select(Step.name).join(Payment, Payment.step_id == Step.id)
    return set(work.session.scalars(query.where(Payment.instance_id == instance.id, Payment.state == "processing")))


def _move(work: Work, instance: Instance, definition: FlowDefinition, step: Step, state: str, quietly: bool) -> None:
    rule, before = definition.steps[step.name], step.state
    step.state = state
    step.version += 1
    if state == "open":
        _open(work, instance, definition, step, quietly)
    elif state == "completed":
        step.completed_at = work.now
        if quietly:
            return
        work.record(instance, StepCompleted(step.name, rule.title))
        if rule.actor == "system" and before != "skipped":  # nobody sends it, and what was done once is not done again
            owing.owe(work, instance, definition, f"step.{step.name}.done.{instance.event_seq}", rule.do)


def _open(work: Work, instance: Instance, definition: FlowDefinition, step: Step, quietly: bool) -> None:
    rule, moment = definition.steps[step.name], f"step.{step.name}.opened"
    step.opened_at = work.now
    planning.step_opened(work, instance, definition, step)
    if quietly:
        return
    if instance.event_seq:  # at the start everything opens; the timeline need not say so
        work.record(instance, StepOpened(step.name, rule.title))
    if rule.assign is not None:
        _assign(work, instance, definition, rule.assign)
    owing.owe(work, instance, definition, f"{moment}.{instance.event_seq}", definition.effects_for(moment))


def _assign(work: Work, instance: Instance, definition: FlowDefinition, wanted: str) -> None:
    before = instance.assignee_id
    assign_for_step(work, instance, filled(work.session, instance, definition, wanted, work.now))
    if instance.event_seq and instance.assignee_id not in (None, before):
        moment = f"assigned.{instance.event_seq}"
        owing.owe(work, instance, definition, moment, definition.effects_for("assigned"))
