"""The timeline: who did what, when, with which change. Rows are appended, never updated, never deleted (X10)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, orm_insert_sentinel, relationship

from flows.models.base import Base, Owned, one_of
from flows.models.instances import Instance
from flows.models.orders import Order


class TimelineEvent(Owned, Base):
    """One fact about one instance or one order; `seq` counts from 1 without a gap in each."""

    __tablename__ = "timeline_events"
    __table_args__ = (
        UniqueConstraint("instance_id", "seq"),
        UniqueConstraint("order_id", "seq"),
        CheckConstraint("(instance_id IS NULL) <> (order_id IS NULL)", name="one_subject"),
        Index(None, "at", "id"),
    )

    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    seq: Mapped[int]
    kind: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(one_of("actor_kind", "customer", "staff", "system"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    actor_name: Mapped[str] = mapped_column(String(160))
    request_id: Mapped[str] = mapped_column(String(64))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    instance: Mapped[Instance | None] = relationship()
    order: Mapped[Order | None] = relationship()

    _in_turn: Mapped[int | None] = orm_insert_sentinel()
    """Always empty: lets SQLite take the facts of one work in one statement and tell their ids apart."""


class AuditEntry(Base):
    """A change to what has no timeline of its own: people, roles, organisations, products, incidents (X10)."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "at", "id"),)

    at: Mapped[datetime]
    actor_kind: Mapped[str] = mapped_column(one_of("actor_kind", "customer", "staff", "system"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    actor_name: Mapped[str] = mapped_column(String(160))
    request_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(64))
    thing: Mapped[str] = mapped_column(String(200))
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)
