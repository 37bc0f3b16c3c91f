"""Published texts of flows, what running instances are pinned to (X12), and which flows are switched on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from flows.models.base import Base


class FlowSwitch(Base):
    """What administrators say about a loaded flow: whether anybody, staff, customers may start it (C24)."""

    __tablename__ = "flow_switches"

    flow: Mapped[str] = mapped_column(String(64), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_assignable: Mapped[bool] = mapped_column(default=True)
    is_requestable: Mapped[bool] = mapped_column(default=True)


class FlowVersion(Base):
    """One published text of a flow, identified by its content hash; never changed, never deleted."""

    __tablename__ = "flow_versions"
    __table_args__ = (UniqueConstraint("flow", "content_hash"), UniqueConstraint("flow", "number"))

    flow: Mapped[str] = mapped_column(String(64))
    number: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    plugin: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]

    def __str__(self) -> str:
        return f"{self.flow} v{self.number}"
