"""How an instance ends: completed or closed with an outcome, cancelled, or expired; and its end moved by staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from flows import access
from flows.actions import kinship, owing, planning, settling, versions, withdrawing
from flows.actions.scope import as_told, roots, scope_of
from flows.catalogue import FlowDefinition
from flows.events import (
    DueDateChanged,
    Event,
    ExpiryExtended,
    InstanceCancelled,
    InstanceClosed,
    InstanceCompleted,
    InstanceExpired,
)
from flows.models import Instance
from flows.rules import people, statuses
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.rules.expressions import compile_text
from flows.words import USUAL, spoken
from flows.words import gettext as _
from flows.work import Work

LONGEST_MESSAGE = 4000


def end_with(
    work: Work,
    instance: Instance,
    definition: FlowDefinition,
    outcome: str,
    automatic: bool = True,
    message: str | None = None,
) -> None:
    """End an instance with an outcome of its flow: positive completes it, negative closes it (C20, C43, C44).

    `message` is what the customer reads; None takes the flow's words.
    """
    rule = definition.all_outcomes()[outcome]
    words = message_of(work.session, instance, outcome, work.now) if message is None else message
    instance.close_message = words[:LONGEST_MESSAGE]
    instance.outcome, instance.outcome_kind = outcome, rule.kind
    positive = rule.kind == "positive"
    fact = (InstanceCompleted if positive else InstanceClosed)(outcome, automatic)
    _end(work, instance, definition, "completed", fact, "completed" if positive else "closed")


def message_of(session: Session, instance: Instance, outcome: str, now: datetime) -> str:
    """What an outcome tells the customer, in their language; empty when the flow says nothing (C45)."""
    if not versions.definition_of(session, instance).all_outcomes()[outcome].message:
        return ""
    with spoken(instance.customer.language if instance.customer is not None else USUAL):
        definition = versions.spoken_of(session, instance)
        message = definition.all_outcomes()[outcome].message or ""
        text = as_told(compile_text(message), instance, definition, now)
        return str(text.render_or(scope_of(session, instance, definition, now, wanted=roots(text.names)), message))


def conclude(
    work: Work, instance: Instance, outcome: str, message: str | None = None, version: int | None = None
) -> None:
    """Staff confirm the outcome once every visible step is completed (C42 to C45; needs `review`).

    `message` is what the customer reads; None takes the flow's words. Raises OutOfStep while steps are open, Stale for
    an older page.
    """
    access.require(work.actor, "review")
    statuses.check_running(instance, work.now)
    access.check_version(instance, version)
    refuse_by_hand(instance)
    definition = versions.definition_of(work.session, instance)
    if outcome not in definition.all_outcomes():
        raise Invalid(_("Choose one of the outcomes of this flow"), "/outcome", "choice")
    if open_steps := instance.unfinished:
        titles = ", ".join(f"“{definition.steps[name].title}”" for name in open_steps)
        raise OutOfStep(_("Complete every step first. Still to do: %(titles)s", titles=titles), "open-steps")
    end_with(work, instance, definition, outcome, automatic=False, message=_checked_message(message))


def close_request(
    work: Work, instance: Instance, definition: FlowDefinition, outcome: str, message: str | None = None
) -> None:
    """End it as not fulfilled whatever is still open (C37); who may is decided by `reviewing`.

    `message` is what the customer reads; None takes the flow's words.
    """
    rule = definition.all_outcomes().get(outcome)
    if rule is None or rule.kind != "negative":
        raise Invalid(_("Choose how it is closed"), "/outcome", "choice")
    end_with(work, instance, definition, outcome, automatic=False, message=_checked_message(message))


def expire(work: Work, instance: Instance, definition: FlowDefinition) -> None:
    """The end came before the answers (A6). The instance row is locked and open."""
    expired_at = instance.expires_at or work.now
    _end(work, instance, definition, "expired", InstanceExpired(expired_at.isoformat()), "expired")


def cancel(work: Work, instance: Instance, definition: FlowDefinition, reason: str) -> None:
    """Cancel an open instance (C21); `reason` is shown to the customer."""
    if not instance.is_open:
        raise OutOfStep(_("%(reference)s has ended already", reference=instance.reference), "instance-closed")
    _end(work, instance, definition, "cancelled", InstanceCancelled(reason), "cancelled")


def refuse_by_hand(instance: Instance) -> None:
    """Cases and tasks of departments end by the actions of their flow, so that state and status stay one (B26)."""
    if instance.state is not None:
        raise OutOfStep(_("%(reference)s is moved by its own actions, from its own page", reference=instance.reference))


def cancel_request(work: Work, instance: Instance, reason: str) -> None:
    """Cancel because a person says so: staff with `cancel`, or the customer where the flow lets them (Q29)."""
    definition = versions.definition_of(work.session, instance)
    if work.actor.is_staff:
        access.require(work.actor, "cancel")
    elif not people.is_among(work.actor, definition.cancel.by, instance.standing):
        raise Refused(_("This cannot be cancelled by you. Ask us to do it"), known=True)
    statuses.check_running(instance, work.now)
    refuse_by_hand(instance)
    if instance.order_uid is not None:
        raise OutOfStep(_("This belongs to an order. Cancel the order, and this is cancelled with it"))
    if work.actor.kind == "customer" and instance.has_begun:
        raise OutOfStep(_("We have begun to work on this, so only we can cancel it now. Send us a message"))
    if not reason.strip():
        raise Invalid(_("Say why it is cancelled"), "/reason", "required")
    cancel(work, instance, definition, reason.strip()[:400])


def change_due(work: Work, instance: Instance, due_at: datetime | None, reason: str) -> None:
    """Another due date, or none (staff with `create`). Reminders that count from it move with it."""
    access.require(work.actor, "create")
    statuses.check_running(instance, work.now)
    if due_at is not None and due_at <= work.now:
        raise Invalid(_("Enter a date in the future"), "/due_at", "past")
    instance.due_at = due_at
    instance.version += 1
    planning.move_timer(work, instance, planning.DEADLINE, "overdue", due_at)
    planning.replan_by_due_date(work, instance, versions.definition_of(work.session, instance))
    work.record(instance, DueDateChanged(due_at.isoformat() if due_at else "", reason.strip()[:400]))


def extend(work: Work, instance: Instance, expires_at: datetime, reason: str) -> None:
    """Give the customer more time: move the end of an open instance (staff)."""
    access.require(work.actor, "orders")
    statuses.check_running(instance, work.now)
    if instance.expires_at is None:
        raise Invalid(_("This task does not expire"), "/expires_at", "no_expiry")
    if expires_at <= work.now:
        raise Invalid(_("Enter a date in the future"), "/expires_at", "past")
    if not reason.strip():
        raise Invalid(_("Say why the customer gets more time"), "/reason", "required")
    instance.expires_at = expires_at
    planning.move_timer(work, instance, planning.EXPIRY, "expiry", expires_at)
    instance.version += 1
    work.record(instance, ExpiryExtended(expires_at.isoformat(), reason.strip()[:400]))


def _checked_message(message: str | None) -> str | None:
    if message is None:
        return None
    if len(message) > LONGEST_MESSAGE:
        raise Invalid(
            _("Use %(longest_message)s characters at most", longest_message=f"{LONGEST_MESSAGE:,}"),
            "/message",
            "too-long",
        )
    return access.clean(message).strip()


def _end(work: Work, instance: Instance, definition: FlowDefinition, status: str, fact: Event, moment: str) -> None:
    """`moment` names the effects that are owed; an instance that ends a second time owes them anew (Q23)."""
    instance.status = status
    instance.closed_at = instance.last_activity_at = work.now
    settling.hand_over(work, instance, None)
    instance.version += 1
    planning.cancel_timers(work, instance)
    unpaid = [step.name for step in instance.steps if step.opened_at is not None and step.state != "completed"]
    if any(definition.steps[name].payment for name in unpaid):
        withdrawing.cancel_open(work, instance)
    work.record(instance, fact)
    kinship.tell_parent(work, instance, ended=True)
    if moment != "completed":
        kinship.take_along(work, instance, definition)
    again = f".{instance.reopenings}" if instance.reopenings else ""
    owing.owe(work, instance, definition, moment + again, definition.effects_for(moment))
