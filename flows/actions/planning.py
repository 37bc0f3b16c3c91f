"""Future moments of an instance as timer rows, written in the transaction that creates their cause."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Deadline
from flows.catalogue.schema import Timer as TimerRule
from flows.models import Instance, Timer
from flows.rules import timing
from flows.work import Work

EXPIRY = "expires"
DEADLINE = "deadline"


def moment_of(rule: Deadline | None, start: datetime, zone: str) -> datetime | None:
    """When a `deadline` or `expires` comes, in UTC (Q1, X3)."""
    if rule is None:
        return None
    calendar = timing.calendar_named(rule.calendar)
    return timing.add(start, timing.parse_span(rule.after), zone, calendar=calendar, time=rule.time)


def plan(work: Work, instance: Instance, definition: FlowDefinition) -> None:
    """Write the timers of a new instance: its end, its due date, and what the flow's `timers` ask for (A6, A10)."""
    if instance.expires_at is not None:
        _add(work, instance, EXPIRY, 1, "expiry", instance.expires_at)
    if instance.due_at is not None:
        _add(work, instance, DEADLINE, 1, "overdue", instance.due_at)
    for name, rule in definition.timers.items():
        if rule.from_ in (None, "created"):
            plan_timer(work, instance, name, rule, instance.created_at)


def plan_timer(work: Work, instance: Instance, name: str, rule: TimerRule, start: datetime, first: int = 1) -> None:
    """Write every occurrence of one timer; of `every` only the next, because firing plans the one after it."""
    for n, moment in enumerate(occurrences(rule, start, instance), first):
        _add(work, instance, name, n, "reminder", moment)


def occurrences(rule: TimerRule, start: datetime, instance: Instance) -> list[datetime]:
    """The moments that a timer names, in UTC; none when it counts from a due date that there is not."""
    after, before_due, after_due = (
        [timing.parse_span(text) for text in spans or ()] for spans in (rule.after, rule.before_due, rule.after_due)
    )
    return timing.due_moments(
        created_at=start,
        due_at=instance.due_at,
        after=after,
        before_due=before_due,
        after_due=after_due,
        every=timing.parse_span(rule.every) if rule.every else None,
        zone=instance.time_zone,
        calendar=timing.calendar_named(rule.calendar),
        time=rule.time,
    )


def step_happened(work: Work, instance: Instance, definition: FlowDefinition, step: str, what: str) -> None:
    """Start the timers that count `from: step.x.opened` and its kind."""
    for name, rule in definition.timers.items():
        if rule.from_ == f"step.{step}.{what}":
            plan_timer(work, instance, name, rule, work.now)


def cancel_timers(work: Work, instance: Instance) -> None:
    """End every timer that has not come: a closed instance is left in peace (A11).

    Rows that this work has fired already are written after this statement and keep their own ending.
    """
    for timer in work.session.new:
        if isinstance(timer, Timer) and timer.instance is instance:
            timer.ended_at, timer.ending = work.now, "cancelled"
    work.session.execute(
        update(Timer)
        .where(Timer.instance_id == instance.id, Timer.ended_at.is_(None))
        .values(ended_at=work.now, ending="cancelled"),
        execution_options={"synchronize_session": False},
    )


def _add(work: Work, instance: Instance, name: str, n: int, kind: str, moment: datetime) -> None:
    work.session.add(
        Timer(
            instance=instance,
            organisation_id=instance.organisation_id,
            name=name,
            n=n,
            kind=kind,
            due_at=moment,
        )
    )
