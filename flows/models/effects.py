"""The outbox: what is owed to the outside; and answers kept for repeated requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, one_of
from flows.models.instances import Instance
from flows.models.orders import Order

MOST_TRIES = 8
EFFECT_KINDS = ("email", "push", "call", "webhook", "check", "refund", "checkout", "start", "hear", "end")
EFFECT_STATES = ("pending", "done", "incident", "skipped")


class Effect(Base):
    """One thing owed: a mail, a push, a plugin call, a webhook. After 8 failed tries people see to it (X36).

    `chain` and `position` keep the effects of one moment in order: each waits until the calls before it are done or
    skipped, so an order is never provisioned before it was finalised. `start`, `hear` and `end` are what instances owe
    each other (`flows.actions.children`).
    """

    __tablename__ = "effects"
    __table_args__ = (
        Index(
            "ix_effects_pending",
            "next_at",
            "id",
            postgresql_where=text("state = 'pending'"),
            sqlite_where=text("state = 'pending'"),
        ),
        Index(None, "chain", "position"),
        Index(None, "state", "id"),
    )

    key: Mapped[str] = mapped_column(String(200), unique=True)
    kind: Mapped[str] = mapped_column(one_of("kind", *EFFECT_KINDS))
    chain: Mapped[str] = mapped_column(String(160))
    position: Mapped[int] = mapped_column(default=0)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(one_of("state", *EFFECT_STATES), default="pending")
    tries: Mapped[int] = mapped_column(default=0)
    handed_at: Mapped[datetime | None]
    hints: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    faults: Mapped[list[Any]] = mapped_column(default=list)
    skip_reason: Mapped[str] = mapped_column(String(400), default="")

    instance: Mapped[Instance | None] = relationship()
    order: Mapped[Order | None] = relationship()

    @property
    def last_fault(self) -> str:
        return self.faults[-1]["detail"] if self.faults else ""


class Replay(Base):
    """The first answer to an idempotency key, kept 24 h: the same request again gets the same answer (API.md 7.4)."""

    __tablename__ = "replays"
    __table_args__ = (UniqueConstraint("user_id", "scope", "key"), Index(None, "created_at"))

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    scope: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(120))
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
