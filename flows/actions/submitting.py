"""Answers to a step: kept as a draft, then sent; every attempt is kept and numbered (A25, A29, X14)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from flows import access
from flows.actions import answering, attaching, closing, owing, planning, sealing, settling, versions, withholding
from flows.actions.scope import roots, scope_of
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.events import StepCompleted, StepSubmitted
from flows.models import Instance, Step, Submission
from flows.models.base import opaque_id
from flows.rules import answers, moves, outcomes, private, timing
from flows.rules.actors import Actor
from flows.rules.errors import Invalid, OutOfStep, Problem, Refused, Stale
from flows.rules.expressions import compile_condition
from flows.rules.moves import WITH_ACTOR
from flows.rules.words import moment_in_words
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work

ENDED_ON = {
    "completed": N_("This task was completed on %(when)s"),
    "cancelled": N_("This task was cancelled on %(when)s"),
    "expired": N_("This task expired on %(when)s"),
}


def save_draft(
    work: Work, instance: Instance, step: Step, raw: Mapping[str, Any], version: int | None = None, merge: bool = False
) -> list[Problem]:
    """Keep answers that are not sent yet, right or wrong, and say what is wrong with them so far (X14).

    The instance row is locked. `version` is the step's that the actor saw; raises Stale when it has moved on.
    """
    definition = versions.definition_of(work.session, instance)
    check_turn(work, instance, step, version)
    rule = definition.steps[step.name]
    earlier = withholding.shown_to(work.actor, instance, step, rule, step.draft or {}) if merge else {}
    spoken = versions.spoken_of(work.session, instance)
    checked = check(work, instance, spoken, step, {**earlier, **raw}, partial=True)
    step.draft = sealing.seal(rule.fields, checked.values)
    step.draft_saved_at, step.draft_by_id = work.now, work.actor.user_id
    attaching.hold(work, instance, step.name, rule.fields, checked.values)
    return checked.problems


def discard_draft(work: Work, instance: Instance, step: Step) -> None:
    check_turn(work, instance, step, None)
    attaching.hold(
        work, instance, step.name, versions.definition_of(work.session, instance).steps[step.name].fields, {}
    )
    step.draft = step.draft_saved_at = step.draft_by_id = None


def submit(
    work: Work,
    instance: Instance,
    step: Step,
    raw: Mapping[str, Any],
    *,
    version: int | None = None,
    filled_at: datetime | None = None,
    on_behalf: bool = False,
) -> Submission:
    """Send the answers of a step; the first to commit wins (Q5). The instance row is locked.

    Raises Invalid with every problem, OutOfStep when the step takes no answers (any more), Stale when `version` is not
    the step's. `on_behalf`: staff say that they have the answers from the customer; the timeline shows who it was.
    """
    definition = versions.definition_of(work.session, instance)
    check_turn(work, instance, step, version, on_behalf)
    checked = check(work, instance, versions.spoken_of(work.session, instance), step, raw)
    if checked.problems:
        raise Invalid(checked.problems)
    attaching.attach_answers(work, instance, step.name, definition.steps[step.name].fields, checked.values)
    return _take(work, instance, definition, step, checked.values, filled_at)


def complete_paid(
    work: Work, instance: Instance, definition: FlowDefinition, step: Step, answers: Mapping[str, Any]
) -> Submission:
    """The money for a payment step is here: that is its answer (`data.<step>.paid`, `.id`, `.amount`; X22)."""
    given = sealing.opened(definition.steps[step.name].fields, step.answers)
    return _take(work, instance, definition, step, {**given, **answers}, None)


def _take(
    work: Work,
    instance: Instance,
    definition: FlowDefinition,
    step: Step,
    values: dict[str, Any],
    filled_at: datetime | None,
) -> Submission:
    """One more attempt is here: it waits for approval or completes the step, and what follows from it follows."""
    rule = definition.steps[step.name]
    stored = sealing.seal(rule.fields, values)
    submission = _accept(work, instance, step, stored, filled_at, moves.submitted_state(rule))
    if rule.payment is None:  # of money it is said that it came
        work.record(instance, StepSubmitted(step.name, rule.title, step.attempt))
    if step.state == "completed":
        work.record(instance, StepCompleted(step.name, rule.title))
    elif step.state == "pending_approval":
        planning.review_asked(work, instance, definition, step)
    if rule.deadline is not None:
        planning.end_timer(work, instance, f"{planning.STEP_DUE}{step.name}")
    _owe_for(work, instance, definition, step, rule)
    settling.settle(work, instance, definition)
    end_if_it_ends(work, instance, definition, rule, "submitted")
    return submission


def check_turn(work: Work, instance: Instance, step: Step, version: int | None, on_behalf: bool = False) -> None:
    """Whether this step takes answers from this actor now; every refusal says what happened and when."""
    check_alive(work, instance)
    if step.state == "locked":
        raise OutOfStep(_("This step cannot start yet: another one comes first"), "step-locked")
    if step.state == "skipped":
        raise OutOfStep(_("This step is not needed"))
    if step.state not in WITH_ACTOR:
        raise OutOfStep(_sent_before(instance, step), "already-submitted")
    if step.actor != work.actor.kind and not (on_behalf and work.actor.may("create")):
        raise Refused(_("This step is not yours to answer"), known=True)
    if step.actor == "staff" and work.actor.is_staff:
        access.require(work.actor, "create")
    if version is not None and version != step.version:
        raise Stale(_("This step changed since you opened it"), current=step.version)


def check(
    work: Work,
    instance: Instance,
    definition: FlowDefinition,
    step: Step,
    raw: Mapping[str, Any],
    partial: bool = False,
) -> answers.Checked:
    """Check answers against the step's fields: the one validation of page, API and import (X17).

    What the actor does not see of the step stays as it was (X20).
    """
    rule = definition.steps[step.name]
    if rule.payment is not None:
        raise OutOfStep(_("This step is done by paying. Pay first"), "payment-needed")
    context = answers.AnswerContext(
        today=timing.local_date(work.now, instance.time_zone),
        zone=instance.time_zone,
        scope=scope_of(work.session, instance, definition, work.now, wanted=names_in_conditions(rule)),
        pages=rule.conditions_of_pages(),
        uploads=attaching.check_of(work, instance, step.name, rule.fields, {**withholding.latest(step, rule), **raw}),
    )
    context = answering.with_sources(work, instance, definition, step, context)
    return withholding.check(work.actor, instance, step, rule, raw, context, partial)


def values_to_show(
    session: Session,
    instance: Instance,
    definition: FlowDefinition,
    step: Step,
    now: datetime,
    actor: Actor | None = None,
) -> dict[str, Any]:
    """What a form is filled with: the draft, else the answers given before, else the flow's defaults (A26, A27).

    `actor` is who fills it in: their party has its own private answers in clear, everybody else an empty place (X20).
    """
    rule = definition.steps[step.name]
    if step.draft is not None or step.attempt:
        return withholding.shown_to(actor, instance, step, rule, {**step.answers, **(step.draft or {})})
    fields = rule.fields if actor is None else withholding.seen(actor, instance, step, rule)
    scope, today = scope_of(session, instance, definition, now), timing.local_date(now, instance.time_zone)
    return answers.prefill(fields, scope, today, private.names_of(definition))


def draft_of(session: Session, actor: Actor, instance: Instance, step: Step) -> dict[str, Any]:
    """The draft as the actor may read it, to be sent or shown in their form."""
    rule = versions.definition_of(session, instance).steps[step.name]
    return withholding.shown_to(actor, instance, step, rule, step.draft or {})


def _sent_before(instance: Instance, step: Step) -> str:
    if step.submitted_at is None:
        return _("These answers were already sent")
    when = moment_in_words(step.submitted_at, instance.time_zone)
    return _("These answers were already sent on %(when)s", when=when)


def check_alive(work: Work, instance: Instance) -> None:
    """A deadline holds as a predicate too: an expired task takes nothing even while every worker is dead (Q30)."""
    if instance.closed_at is not None:
        when = moment_in_words(instance.closed_at, instance.time_zone)
        raise OutOfStep(_(ENDED_ON[instance.status], when=when), "instance-closed")
    if instance.is_past_expiry(work.now) and instance.expires_at is not None:
        when = moment_in_words(instance.expires_at, instance.time_zone)
        raise OutOfStep(_(ENDED_ON["expired"], when=when), "instance-closed")


def _accept(
    work: Work, instance: Instance, step: Step, values: dict[str, Any], filled_at: datetime | None, state: str
) -> Submission:
    step.attempt += 1
    step.version += 1
    step.answers, step.state = values, state
    step.draft = step.draft_saved_at = step.draft_by_id = None
    step.remark, step.check_again = None, False
    step.submitted_at, step.submitted_by_id = work.now, work.actor.user_id
    done = state == "completed"
    step.completed_at, step.completed_by_id = (work.now, work.actor.user_id) if done else (None, None)
    submission = Submission(
        uid=opaque_id("sub"),
        organisation_id=instance.organisation_id,
        instance_id=instance.id,
        step_id=step.id,
        attempt=step.attempt,
        answers=values,
        state="pending_approval" if state == "pending_approval" else "accepted",
        submitted_by_id=work.actor.user_id,
        submitted_at=work.now,
        filled_at=filled_at,
    )
    work.session.add(submission)
    return submission


def _owe_for(work: Work, instance: Instance, definition: FlowDefinition, step: Step, rule: StepRule) -> None:
    moment = f"step.{step.name}.submitted"
    owing.owe(work, instance, definition, f"{moment}.{step.attempt}", (*definition.effects_for(moment), *rule.do))
    planning.step_happened(work, instance, definition, step.name, "submitted")


def settle_to_the_end(work: Work, instance: Instance, definition: FlowDefinition) -> None:
    """Something outside its steps changed: bring it in line, and end it if a step that is done by that ends it."""
    before = {step.name for step in instance.steps if step.state == "completed"}
    settling.settle(work, instance, definition)
    for step in instance.steps:
        if step.state == "completed" and step.name not in before and instance.is_open:
            end_if_it_ends(work, instance, definition, definition.steps[step.name], "submitted")


def end_if_it_ends(
    work: Work,
    instance: Instance,
    definition: FlowDefinition,
    rule: StepRule,
    on: Literal["submitted", "approved"],
) -> None:
    """An outcome rule of the step first (C46, Q22), else the end of a flow that nobody needs to close (A31)."""
    wanted = roots(outcomes.names_in_outcomes(rule, on))
    ending = outcomes.auto_outcome(rule, scope_of(work.session, instance, definition, work.now, wanted), on)
    if ending is not None:
        closing.end_with(work, instance, definition, ending[1])
    elif instance.steps_done == instance.steps_total and outcomes.completes_by_itself(definition):
        closing.end_with(work, instance, definition, "complete")


def names_in_conditions(rule: StepRule) -> frozenset[str]:
    """What the conditions of a step's questions and pages look at: what `scope_of` has to hold for them."""
    conditions = [field.when for field in rule.fields.values() if field.when]
    conditions += rule.conditions_of_pages().values()
    return roots(name for text in conditions for name in compile_condition(text).names)
