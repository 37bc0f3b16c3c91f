"""Steps of an instance with their accepted answers and draft, and every attempt that was sent."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Owned, Stamped, one_of, uid_column
from flows.models.people import User

if TYPE_CHECKING:
    from flows.models.instances import Instance

STEP_STATES = ("locked", "open", "pending_approval", "completed", "returned", "reopened", "skipped")


class Step(Owned, Stamped, Base):
    """One step of one instance. The draft is shared by the people of the customer: answers saved but not sent (X14).

    `remark` is what its actor has to read first while it is returned or reopened: `message`, `by`, `at` (ISO), and
    `fields` by name (C36, C38). `check_again` marks a completed step whose foundation was reopened (Q23). `labels` says
    by source and value what people read when they chose from a lookup or picker, so that no page has to ask again.
    """

    __tablename__ = "steps"
    __table_args__ = (UniqueConstraint("instance_id", "name"), Index(None, "organisation_id", "changed", "id"))

    uid: Mapped[str] = uid_column("st")
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    name: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    actor: Mapped[str] = mapped_column(one_of("actor", "customer", "staff", "system"))
    state: Mapped[str] = mapped_column(one_of("state", *STEP_STATES), default="locked")
    attempt: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    labels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    remark: Mapped[dict[str, Any] | None]
    check_again: Mapped[bool] = mapped_column(default=False)
    draft: Mapped[dict[str, Any] | None]
    draft_saved_at: Mapped[datetime | None]
    draft_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    opened_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    completed_at: Mapped[datetime | None]
    completed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    instance: Mapped[Instance] = relationship(back_populates="steps")


class Submission(Owned, Base):
    """One attempt at giving a step's answers: kept for ever, numbered from 1."""

    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("step_id", "attempt"),)

    uid: Mapped[str] = uid_column("sub")
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"))
    attempt: Mapped[int]
    answers: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(one_of("state", "pending_approval", "accepted", "returned"))
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    submitted_at: Mapped[datetime]
    filled_at: Mapped[datetime | None]

    step: Mapped[Step] = relationship()
    submitted_by: Mapped[User | None] = relationship()


class Review(Owned, Base):
    """One decision on one attempt (C34 to C37, Q17): approved, returned with remarks, or the request closed.

    `instead_of` names who is away when their delegate decided (X6).
    """

    __tablename__ = "reviews"
    __table_args__ = (Index(None, "step_id", "attempt"),)

    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"))
    attempt: Mapped[int]
    decision: Mapped[str] = mapped_column(one_of("decision", "approved", "returned", "closed"))
    message: Mapped[str] = mapped_column(String(4000), default="")
    remarks: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reviewer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    reviewer_name: Mapped[str] = mapped_column(String(160))
    instead_of: Mapped[str] = mapped_column(String(160), default="")
    at: Mapped[datetime]
