"""How an instance ends: completed or closed with an outcome, cancelled, or expired; and its end moved by staff."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from flows import access
from flows.actions import owing, planning
from flows.actions.scope import scope_of
from flows.catalogue import FlowDefinition
from flows.events import ExpiryExtended, InstanceCancelled, InstanceClosed, InstanceCompleted, InstanceExpired
from flows.models import Instance, Timer
from flows.rules.errors import Invalid, OutOfStep
from flows.rules.expressions import compile_text
from flows.work import Work


def end_with(work: Work, instance: Instance, definition: FlowDefinition, outcome: str, automatic: bool = True) -> None:
    """End an instance with an outcome of its flow: positive completes it, negative closes it (C20, C43, C44)."""
    rule = definition.all_outcomes()[outcome]
    if rule.message:
        instance.close_message = str(
            compile_text(rule.message).render_or(scope_of(work.session, instance, definition, work.now), rule.message)
        )
    instance.outcome = outcome
    _end(work, instance, "completed")
    positive = rule.kind == "positive"
    work.record(instance, (InstanceCompleted if positive else InstanceClosed)(outcome, automatic))
    moment = "completed" if positive else "closed"
    owing.owe(work, instance, definition, moment, definition.effects_for(moment))


def expire(work: Work, instance: Instance, definition: FlowDefinition) -> None:
    """The end came before the answers (A6). The instance row is locked and open."""
    expired_at = instance.expires_at or work.now
    _end(work, instance, "expired")
    work.record(instance, InstanceExpired(expired_at.isoformat()))
    owing.owe(work, instance, definition, "expired", definition.effects_for("expired"))


def cancel(work: Work, instance: Instance, definition: FlowDefinition, reason: str) -> None:
    """Cancel an open instance (C21); `reason` is shown to the customer."""
    if not instance.is_open:
        raise OutOfStep(f"{instance.reference} has ended already", "instance-closed")
    _end(work, instance, "cancelled")
    work.record(instance, InstanceCancelled(reason))
    owing.owe(work, instance, definition, "cancelled", definition.effects_for("cancelled"))


def extend(work: Work, instance: Instance, expires_at: datetime, reason: str) -> None:
    """Give the customer more time: move the end of an open instance (staff)."""
    access.require(work.actor, "orders")
    if not instance.is_open or instance.is_past_expiry(work.now):
        raise OutOfStep(f"{instance.reference} has ended already", "instance-closed")
    if instance.expires_at is None:
        raise Invalid("This task does not expire", "/expires_at", "no_expiry")
    if expires_at <= work.now:
        raise Invalid("Enter a date in the future", "/expires_at", "past")
    if not reason.strip():
        raise Invalid("Say why the customer gets more time", "/reason", "required")
    timer = work.session.scalars(
        select(Timer).where(Timer.instance_id == instance.id, Timer.name == planning.EXPIRY, Timer.ended_at.is_(None))
    ).one()
    timer.due_at = instance.expires_at = expires_at
    instance.version += 1
    work.record(instance, ExpiryExtended(expires_at.isoformat(), reason.strip()[:400]))


def _end(work: Work, instance: Instance, status: str) -> None:
    instance.status = status
    instance.closed_at = instance.last_activity_at = work.now
    instance.waiting_on, instance.waiting_since = None, None
    instance.version += 1
    planning.cancel_timers(work, instance)
