"""Every attempt at a step that was sent, the newest first, and what was decided about each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import joinedload

from flows.access import read_as
from flows.models import Review, Step, Submission
from flows.rules.actors import Actor


class Attempt(NamedTuple):
    """One attempt, and the review that handed it back, if one did."""

    submission: Submission
    returned: Review | None


def of_step(actor: Actor, step: Step) -> list[Submission]:
    """Whoever sent it comes with each."""
    query = select(Submission).where(Submission.step_id == step.id).options(joinedload(Submission.submitted_by))
    return list(read_as(actor).scalars(query.order_by(Submission.attempt.desc())))


def decisions(actor: Actor, step: Step) -> dict[int, list[Review]]:
    """Attempt -> decisions, the oldest first. Customers see what was returned; notes and reasons are between staff."""
    query = select(Review).where(Review.step_id == step.id).order_by(Review.id)
    if not actor.is_staff:
        query = query.where(Review.decision == "returned")
    found: dict[int, list[Review]] = {}
    rows: Sequence[Review] = read_as(actor).scalars(query).all()
    for review in rows:
        found.setdefault(review.attempt, []).append(review)
    return found


def reviews_of(actor: Actor, step: Step) -> Sequence[Review]:
    """The decisions on all attempts at a step, oldest first (Q17)."""
    return read_as(actor).scalars(select(Review).where(Review.step_id == step.id).order_by(Review.id)).all()


def with_returns(actor: Actor, step: Step) -> list[Attempt]:
    """In one statement. What reviewers say among themselves is no part of it: approvals and closings are left out."""
    handed_back = and_(
        Review.step_id == Submission.step_id, Review.attempt == Submission.attempt, Review.decision == "returned"
    )
    query = select(Submission, Review).outerjoin(Review, handed_back).where(Submission.step_id == step.id)
    return [Attempt(*row) for row in read_as(actor).execute(query.order_by(Submission.attempt.desc()))]
