"""Every attempt at a step that was sent, the newest first."""

from __future__ import annotations

from sqlalchemy import select

from flows.access import read_as
from flows.models import Step, Submission
from flows.rules.actors import Actor


def of_step(actor: Actor, step: Step) -> list[Submission]:
    query = select(Submission).where(Submission.step_id == step.id).order_by(Submission.attempt.desc())
    return list(read_as(actor).scalars(query))
