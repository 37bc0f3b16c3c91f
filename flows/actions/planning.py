"""Future moments of an instance as timer rows, written in the transaction that creates their cause."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import case, func, or_, select, update

from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Deadline
from flows.catalogue.schema import Timer as TimerRule
from flows.models import Instance, Step, Timer
from flows.rules import timing
from flows.work import Work

EXPIRY = "expires"
DEADLINE = "deadline"
STEP_DUE, REVIEW = "due.", "review."
"""Beginnings of the names of timers that belong to one step."""


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
    return moments(rule, start, instance.due_at, instance.time_zone)


def moments(rule: TimerRule, start: datetime, due_at: datetime | None, zone: str) -> list[datetime]:
    """The same for any due date."""
    after, before_due, after_due = (
        [timing.parse_span(text) for text in spans or ()] for spans in (rule.after, rule.before_due, rule.after_due)
    )
    return timing.due_moments(
        created_at=start,
        due_at=due_at,
        after=after,
        before_due=before_due,
        after_due=after_due,
        every=timing.parse_span(rule.every) if rule.every else None,
        zone=zone,
        calendar=timing.calendar_named(rule.calendar),
        time=rule.time,
    )


def step_opened(work: Work, instance: Instance, definition: FlowDefinition, step: Step) -> None:
    """A step's own due date counts from its opening; so do the timers that say so (X3)."""
    step_happened(work, instance, definition, step.name, "opened")
    rule = definition.steps[step.name]
    step.due_at = moment_of(rule.deadline, work.now, instance.time_zone)
    if step.due_at is not None:
        _plan_once(work, instance, f"{STEP_DUE}{step.name}", "step_overdue", step.due_at)


def review_asked(work: Work, instance: Instance, definition: FlowDefinition, step: Step) -> None:
    """When others are told that nobody has decided yet (X5)."""
    approval = definition.steps[step.name].approval
    if approval is None or approval.escalate is None:
        return
    # Working days are those of the flow's own deadline: a landlord in England escalates on English working days.
    calendar = timing.calendar_named(definition.deadline.calendar if definition.deadline else None)
    moment = timing.add(work.now, timing.parse_span(approval.escalate.after), instance.time_zone, calendar=calendar)
    _add(work, instance, f"{REVIEW}{step.name}", step.attempt, "escalation", moment)


def step_happened(work: Work, instance: Instance, definition: FlowDefinition, step: str, what: str) -> None:
    """Start the timers that count `from: step.x.opened` and its kind; those of an earlier time are over."""
    for name, rule in definition.timers.items():
        if rule.from_ == f"step.{step}.{what}":
            start_over(work, instance, name, rule)


def start_over(work: Work, instance: Instance, name: str, rule: TimerRule) -> None:
    """A timer counts from now; what is left of an earlier time is over."""
    plan_timer(work, instance, name, rule, work.now, first=_start_over(work, instance, name))


def replan_by_due_date(work: Work, instance: Instance, definition: FlowDefinition) -> None:
    """Timers that count from the due date, after it was moved."""
    for name, rule in definition.timers.items():
        if rule.before_due or rule.after_due:
            coming = occurrences(rule, instance.created_at, instance)
            plan_anew(work, instance, name, [moment for moment in coming if moment > work.now])


def plan_anew(work: Work, instance: Instance, name: str, coming: Sequence[datetime]) -> None:
    """A timer comes at these moments, and at none that it would have come at before."""
    for n, moment in enumerate(coming, _start_over(work, instance, name)):
        _add(work, instance, name, n, "reminder", moment)


def step_is_due(work: Work, instance: Instance, step: Step, moment: datetime | None) -> None:
    """The due date of an open step is another one; None: it has none any more. One that is past is told to nobody."""
    step.due_at = moment
    if moment is None:
        _end(work, instance, f"{STEP_DUE}{step.name}")
    else:
        _miss_if_past(work, _plan_once(work, instance, f"{STEP_DUE}{step.name}", "step_overdue", moment))


def rename_step(work: Work, instance: Instance, before: str, after: str) -> None:
    """The timers of a step go by its new name."""
    due, review = f"{STEP_DUE}{before}", f"{REVIEW}{before}"
    renamed = case((Timer.name == due, f"{STEP_DUE}{after}"), else_=f"{REVIEW}{after}")
    work.session.execute(
        update(Timer).where(Timer.instance_id == instance.id, Timer.name.in_((due, review))).values(name=renamed),
        execution_options={"synchronize_session": False},
    )


def end_timer(work: Work, instance: Instance, name: str) -> None:
    """What this timer was for has happened."""
    _end(work, instance, name)


def resume_timers(work: Work, instance: Instance, definition: FlowDefinition, ended_at: datetime | None) -> None:
    """An instance that is taken up again gets back what was still to come when it ended (Q7, Q23).

    What was called off before that, because it was planned anew or its flow changed, does not come back; nor does a
    timer that the flow has no more, though it was called off at the very moment of the end.
    """
    _write_timers(work)
    work.session.execute(
        update(Timer)
        .where(
            Timer.instance_id == instance.id,
            Timer.ending == "cancelled",
            Timer.due_at > work.now,
            Timer.ended_at >= (ended_at or work.now),
            or_(Timer.kind != "reminder", Timer.name.in_(definition.timers)),
        )
        .values(ended_at=None, ending=None, handed_at=None, hints=0),
        execution_options={"synchronize_session": False},
    )


def begin_end_anew(work: Work, instance: Instance, definition: FlowDefinition) -> None:
    """Taken up after its end came, it gets as much time as at the beginning; else nobody could do anything with it."""
    if instance.expires_at is not None and instance.expires_at <= work.now:
        instance.expires_at = moment_of(definition.expires, work.now, instance.time_zone)
        move_timer(work, instance, EXPIRY, "expiry", instance.expires_at)


def move_timer(work: Work, instance: Instance, name: str, kind: str, moment: datetime | None) -> None:
    """The one planned occurrence of an end or a due date is at another moment now; None: there is none any more.

    Nobody may choose a moment that is past; where a changed flow makes it so, nothing happens for it (X13).
    """
    timer = work.session.scalar(select(Timer).where(Timer.instance_id == instance.id, Timer.name == name, Timer.n == 1))
    if timer is None:
        if moment is not None:
            _miss_if_past(work, _add(work, instance, name, 1, kind, moment))
    elif moment is None:
        timer.ended_at, timer.ending = timer.ended_at or work.now, timer.ending or "cancelled"
    else:
        timer.due_at, timer.ended_at, timer.ending, timer.handed_at, timer.hints = moment, None, None, None, 0
        _miss_if_past(work, timer)


def _miss_if_past(work: Work, timer: Timer) -> None:
    if timer.due_at <= work.now:
        timer.ended_at, timer.ending = work.now, "missed"


def _plan_once(work: Work, instance: Instance, name: str, kind: str, moment: datetime) -> Timer:
    return _add(work, instance, name, _start_over(work, instance, name), kind, moment)


def _start_over(work: Work, instance: Instance, name: str) -> int:
    """The next number of a timer, whose earlier occurrences end here."""
    if instance.id is None:
        return 1  # it is being created in this very work
    _write_timers(work)
    _end(work, instance, name)
    last = select(func.max(Timer.n)).where(Timer.instance_id == instance.id, Timer.name == name)
    return (work.session.scalar(last) or 0) + 1


def _write_timers(work: Work) -> None:
    """The statement that follows finds them as this work has left them."""
    if any(isinstance(row, Timer) for row in (*work.session.new, *work.session.dirty)):
        work.session.flush()


def _end(work: Work, instance: Instance, name: str) -> None:
    work.session.execute(
        update(Timer)
        .where(Timer.instance_id == instance.id, Timer.name == name, Timer.ended_at.is_(None))
        .values(ended_at=work.now, ending="cancelled"),
        execution_options={"synchronize_session": False, "autoflush": False},
    )


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


def _add(work: Work, instance: Instance, name: str, n: int, kind: str, moment: datetime) -> Timer:
    timer = Timer(
        instance=instance,
        organisation_id=instance.organisation_id,
        name=name,
        n=n,
        kind=kind,
        due_at=moment,
    )
    work.session.add(timer)
    return timer
