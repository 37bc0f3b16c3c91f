"""A review that nobody takes is brought before others (X5)."""

from __future__ import annotations

from sqlalchemy import select

from flows.actions.owing import recipients
from flows.catalogue.schema import Step as StepRule
from flows.events import ReviewEscalated
from flows.models import Instance, Notice, Step, User
from flows.work import Work


def escalate(work: Work, instance: Instance, step: Step, rule: StepRule) -> None:
    """Tell the people that the flow names, each with a notice that leads to the step; `messaging` mails them too."""
    assert rule.approval is not None
    assert rule.approval.escalate is not None
    ids = recipients(work, instance, rule.approval.escalate.to)
    names = work.session.scalars(select(User.name).where(User.id.in_(ids)).order_by(User.name)).all()
    work.record(instance, ReviewEscalated(step.name, rule.title, list(names)))
    for user_id in ids:
        work.session.add(
            Notice(
                user_id=user_id,
                organisation_id=instance.organisation_id,
                text=f"{rule.title} of {instance.customer_name} waits for a review since {step.submitted_at:%-d %B}",
                link_text="Review it",
                url=f"{instance.staff_page}#step-{step.name}",
                created_at=work.now,
            )
        )
