"""Who may decide on answers that wait for approval: asked by the page, the API and the verb alike (Q18, X6, X7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from flows.actions import standing_in
from flows.catalogue.schema import Step as StepRule
from flows.models import Instance, Review, Step
from flows.rules import reviews
from flows.rules.actors import Actor
from flows.rules.reviews import Right


@dataclass(frozen=True)
class Deciding:
    """One reader at one moment. Who is away, and who has approved before, is asked once and only where it matters."""

    session: Session
    actor: Actor
    now: datetime

    def right(self, instance: Instance, step: Step, rule: StepRule) -> Right | None:
        """Whether this actor may decide on the step, and for whom they stand in; None when nothing waits there."""
        if step.state != "pending_approval" or not instance.is_running(self.now):
            return None
        return reviews.right_to_review(
            self.actor,
            rule.approval,
            step.submitted_by_id,
            instance.standing,
            away=lambda: self._away,
            approvers=approvers(self.session, step) if rule.approval is not None and rule.approval.need > 1 else (),
        )

    @cached_property
    def _away(self) -> list[standing_in.Colleague]:
        if not self.actor.may("review"):
            return []
        return standing_in.covered_by(self.session, self.actor, self.now)


def approvers(session: Session, step: Step) -> list[int | None]:
    """Who has approved the newest attempt so far; with `need` more than one that does not complete it yet."""
    query = select(Review.reviewer_id).where(
        Review.step_id == step.id, Review.attempt == step.attempt, Review.decision == "approved"
    )
    return list(session.scalars(query))
