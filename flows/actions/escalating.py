"""A review that nobody takes is brought before others (X5)."""

from __future__ import annotations

from sqlalchemy import select

from flows.actions.owing import recipients
from flows.catalogue.schema import Step as StepRule
from flows.events import ReviewEscalated
from flows.models import Instance, Step, User
from flows.work import Work


def escalate(work: Work, instance: Instance, step: Step, rule: StepRule) -> None:
    """Say so of the people that the flow names; `messaging.notify` tells them."""
    assert rule.approval is not None
    assert rule.approval.escalate is not None
    ids = recipients(work, instance, rule.approval.escalate.to)
    names = work.session.scalars(select(User.name).where(User.id.in_(ids)).order_by(User.name)).all()
    work.record(instance, ReviewEscalated(step.name, rule.title, list(names)))
