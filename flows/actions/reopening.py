"""Taken up again: a completed step, or a whole instance after its end (C38, Q7, Q23)."""

from __future__ import annotations

from datetime import datetime

from flows import access
from flows.actions import closing, owing, planning, settling, versions
from flows.actions.accounts.tallies import count_try
from flows.actions.reviewing import hand_back
from flows.catalogue import FlowDefinition
from flows.events import InstanceReopened, ReopeningAsked, StepConfirmed, StepReopened
from flows.models import Instance, Step
from flows.rules import moves, reopenings, statuses
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.words import gettext as _
from flows.work import Work

LONGEST_REASON = 1000
ASKED_A_DAY = 3
DAY_SECONDS = 24 * 60 * 60


def reopen_step(work: Work, instance: Instance, step: Step, reason: str = "", version: int | None = None) -> None:
    """A completed step is its actor's again; the reason, if any, is sent to the customer (C38; needs `review`).

    Completed steps that stand on it keep their answers and are marked "check again"; open ones lock until it is done.
    On a finished instance the instance is taken up again too, which needs `cancel` besides (Q23).
    """
    access.require(work.actor, "review")
    definition = versions.definition_of(work.session, instance)
    access.check_version(step, version)
    if len(reason) > LONGEST_REASON:
        raise Invalid(
            _("Use %(longest_reason)s characters at most", longest_reason=f"{LONGEST_REASON:,}"), "/reason", "too-long"
        )
    moves.target("reopen", step.state)
    if definition.steps[step.name].payment is not None:
        raise OutOfStep(_("A payment is not made a second time. Refund it, or add a step for what is still to pay"))
    if not instance.is_open:
        _refuse_what_is_over(instance, ("completed",))
        access.require(work.actor, "cancel")
        _take_up(work, instance, definition, reason)
        planning.begin_end_anew(work, instance, definition)
    again = [name for name in moves.dependents(definition, step.name) if _must_be_checked(instance, name)]
    hand_back(work, step, "reopened", reason.strip(), {})
    title = definition.steps[step.name].title
    work.record(instance, StepReopened(step.name, title, reason.strip(), again))
    moment = f"step.{step.name}.reopened"
    owing.owe(work, instance, definition, f"{moment}.{instance.event_seq}", definition.effects_for(moment))
    planning.step_happened(work, instance, definition, step.name, "reopened")
    settling.settle(work, instance, definition)


def confirm_step(work: Work, instance: Instance, step: Step) -> None:
    """Staff looked at a step that is marked "check again": it holds as it is (needs `review`)."""
    access.require(work.actor, "review")
    if not step.check_again:
        raise OutOfStep(_("This step need not be checked again"))
    step.check_again = False
    step.version += 1
    instance.version += 1
    work.record(
        instance, StepConfirmed(step.name, versions.definition_of(work.session, instance).steps[step.name].title)
    )


def revive(work: Work, instance: Instance, reason: str, expires_at: datetime | None = None) -> None:
    """A cancelled or expired instance goes on where it was, with a reason and, where it has an end, a new one (Q7).

    Needs `cancel`. Off for what belongs to an order, because the order is gone.
    """
    access.require(work.actor, "cancel")
    closing.refuse_by_hand(instance)
    _refuse_what_is_over(instance, ("cancelled", "expired"))
    if not reason.strip():
        raise Invalid(_("Say why it is taken up again"), "/reason", "required")
    is_past = instance.expires_at is not None and instance.expires_at <= work.now
    if is_past and (expires_at is None or expires_at <= work.now):
        raise Invalid(_("Enter a new end in the future"), "/expires_at", "past")
    definition = versions.definition_of(work.session, instance)
    _take_up(work, instance, definition, reason)
    if expires_at is not None and instance.expires_at is not None:
        instance.expires_at = expires_at
        planning.move_timer(work, instance, planning.EXPIRY, "expiry", expires_at)
    settling.settle(work, instance, definition)


def ask(work: Work, instance: Instance, reason: str) -> None:
    """The customer says why an ended request should go on (P10); whoever works on it hears, and decides.

    It may be said again, in other words, a few times a day: nothing else changes until staff answer.
    """
    if work.actor.kind != "customer":
        raise Refused(_("Only the customer asks; staff take it up again"), known=True)
    if not reopenings.may_be_asked_for(instance, work.now):
        raise OutOfStep(_("This can be asked within 14 days of the end of a request. Start a new one instead"))
    words = access.clean(reason).strip()
    if not words:
        raise Invalid(_("Say what is wrong"), "/reason", "required")
    if len(words) > LONGEST_REASON:
        raise Invalid(
            _("Use %(longest_reason)s characters at most", longest_reason=f"{LONGEST_REASON:,}"), "/reason", "too-long"
        )
    count_try(work, f"reopen:{instance.uid}", ASKED_A_DAY, DAY_SECONDS)
    instance.version += 1
    work.record(instance, ReopeningAsked(words))


def _refuse_what_is_over(instance: Instance, ways: tuple[str, ...]) -> None:
    if instance.order_uid is not None:
        raise OutOfStep(_("This belongs to an order that went on without it. Place the order again"), "instance-closed")
    if instance.status not in ways:
        status = _(statuses.IN_WORDS[instance.status])
        raise OutOfStep(
            _("%(reference)s is %(status)s", reference=instance.reference, status=status), "instance-closed"
        )


def _take_up(work: Work, instance: Instance, definition: FlowDefinition, reason: str) -> None:
    ended_at = instance.closed_at
    instance.closed_at = instance.outcome = instance.outcome_kind = None
    instance.close_message = ""
    instance.status = "in_progress"
    instance.reopenings += 1
    planning.resume_timers(work, instance, definition, ended_at)
    work.record(instance, InstanceReopened(reason.strip()[:LONGEST_REASON]))


def _must_be_checked(instance: Instance, name: str) -> bool:
    """Marks a completed step; says whether it was one."""
    step = instance.step(name)
    if step is None or step.state != "completed":
        return False
    step.check_again = True
    step.version += 1
    return True
