"""Every attempt at a step that was sent, the newest first, and what was decided about each."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from flows.access import read_as
from flows.models import Review, Step, Submission
from flows.rules.actors import Actor


def of_step(actor: Actor, step: Step) -> list[Submission]:
    query = select(Submission).where(Submission.step_id == step.id).order_by(Submission.attempt.desc())
    return list(read_as(actor).scalars(query.options(joinedload(Submission.submitted_by))))


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
