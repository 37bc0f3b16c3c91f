"""One row per future moment: the database remembers, RQ only carries (ARCHITECTURE.md section 4)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Owned, one_of
from flows.models.instances import Instance

TIMER_KINDS = ("reminder", "step_overdue", "escalation", "overdue", "expiry")


class Timer(Owned, Base):
    """One occurrence of a timer of an instance; `n` counts from 1. It ends exactly once: fired, missed or cancelled."""

    __tablename__ = "timers"
    __table_args__ = (
        UniqueConstraint("instance_id", "name", "n"),
        Index(
            "ix_timers_due", "due_at", postgresql_where=text("ended_at IS NULL"), sqlite_where=text("ended_at IS NULL")
        ),
    )

    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    name: Mapped[str] = mapped_column(String(64))
    n: Mapped[int]
    kind: Mapped[str] = mapped_column(one_of("kind", *TIMER_KINDS))
    due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ending: Mapped[str | None] = mapped_column(one_of("ending", "fired", "missed", "cancelled"))
    handed_at: Mapped[datetime | None]
    hints: Mapped[int] = mapped_column(default=0)

    instance: Mapped[Instance] = relationship()
