"""Due timers fire under the lock of their instance, oldest first; of late ones only what still makes sense (Q30)."""

from __future__ import annotations

from sqlalchemy import select

from flows import access
from flows.actions import closing, escalating, owing, planning, versions
from flows.actions.scope import roots, scope_of
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Timer as TimerRule
from flows.events import InstanceOverdue, StepOverdue, TimerFired, TimerMissed
from flows.models import Instance, TimelineEvent, Timer
from flows.rules import statuses
from flows.rules.errors import OutOfStep, Refused
from flows.rules.expressions import compile_condition
from flows.rules.moves import WITH_ACTOR
from flows.rules.timing import late_policy
from flows.words import gettext as _
from flows.work import Work


def fire_due(work: Work, instance_id: int) -> int:
    """Fire what is due for one instance, now, once; returns how many timers ended. Called again it finds nothing."""
    try:
        instance = access.instance_to_change(work, instance_id)
    except Refused:
        return 0
    due = work.session.scalars(
        select(Timer).where(Timer.instance_id == instance.id, Timer.ended_at.is_(None), Timer.due_at <= work.now)
    ).all()
    if not due:
        return 0
    definition = versions.definition_of(work.session, instance)
    late = late_policy(due)
    for timer in late.missed:
        _end(work, timer, "missed")
        work.record(instance, TimerMissed(timer.name, timer.n))
    for timer in late.to_fire:
        _fire(work, instance, definition, timer)
    return len(due)


def remind_now(work: Work, instance: Instance) -> None:
    """Send the flow's reminder at once, because a person asked for it (staff); the planned ones stay."""
    access.require(work.actor, "message")
    definition = versions.definition_of(work.session, instance)
    rule = next((rule for rule in definition.timers.values() if rule.is_reminder), None)
    statuses.check_running(instance, work.now)
    if rule is None:
        raise OutOfStep(_("%(title)s has no reminder to send", title=instance.title))
    work.record(instance, TimerFired("reminder", 0, 0))
    owing.owe(work, instance, definition, f"timer.by_hand.{instance.event_seq}", rule.do)


def _fire(work: Work, instance: Instance, definition: FlowDefinition, timer: Timer) -> None:
    if not instance.is_open:
        _end(work, timer, "cancelled")
    elif timer.kind == "expiry":
        _end(work, timer, "fired")
        closing.expire(work, instance, definition)
    elif timer.kind == "overdue":
        _end(work, timer, "fired")
        is_again = _was_overdue(work, instance)
        work.record(instance, InstanceOverdue(timer.due_at.isoformat()))
        occasion = f"overdue.{instance.event_seq}" if is_again else "overdue"
        owing.owe(work, instance, definition, occasion, definition.effects_for("overdue"))
    elif timer.kind in ("step_overdue", "escalation"):
        _end(work, timer, "fired")
        _fire_of_step(work, instance, definition, timer)
    else:
        _fire_rule(work, instance, definition, timer, definition.timers[timer.name])


def _was_overdue(work: Work, instance: Instance) -> bool:
    """It was given more time since, and is late a second time: what its flow says then is owed anew."""
    told = select(TimelineEvent.id).where(
        TimelineEvent.instance_id == instance.id, TimelineEvent.kind == InstanceOverdue.kind()
    )
    return work.session.scalar(told.limit(1)) is not None


def _fire_of_step(work: Work, instance: Instance, definition: FlowDefinition, timer: Timer) -> None:
    """A step is late, or nobody has taken its review (X5)."""
    step = instance.step(timer.name.partition(".")[2])
    if step is None:
        return
    rule = definition.steps[step.name]
    if timer.kind == "step_overdue":
        if step.state in WITH_ACTOR:
            work.record(instance, StepOverdue(step.name, rule.title, timer.due_at.isoformat()))
    elif step.state == "pending_approval" and rule.approval is not None and rule.approval.escalate is not None:
        escalating.escalate(work, instance, step, rule)


def _fire_rule(work: Work, instance: Instance, definition: FlowDefinition, timer: Timer, rule: TimerRule) -> None:
    holds = rule.while_ is None or _holds(work, instance, definition, rule.while_)
    _end(work, timer, "fired" if holds else "cancelled")
    if holds:
        work.record(instance, TimerFired(timer.name, timer.n, 0 if rule.every else len(rule.spans)))
        owing.owe(work, instance, definition, f"timer.{timer.name}.{timer.n}", rule.do)
    if rule.every is not None:
        # Counted from now, not from the moment missed: after a week's outage one reminder comes, not seven.
        planning.plan_timer(work, instance, timer.name, rule, work.now, first=timer.n + 1)


def _holds(work: Work, instance: Instance, definition: FlowDefinition, text: str) -> bool | None:
    condition = compile_condition(text)
    return condition.holds(scope_of(work.session, instance, definition, work.now, roots(condition.names)))


def _end(work: Work, timer: Timer, ending: str) -> None:
    timer.ended_at, timer.ending = work.now, ending
