"""Moves of running instances to another version of their flow, each with what it takes to go back (X13)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Owned
from flows.models.catalogue import FlowVersion


class FlowMigration(Owned, Base):
    """One instance that moved, as a part of `run`.

    `before` holds its rows as they were, by table, and is emptied when there is no way back any more; `after` is the
    fingerprint of the same rows when it had moved: only while it holds can the move be undone. `seq` is its place in
    the timeline.
    """

    __tablename__ = "flow_migrations"
    __table_args__ = (UniqueConstraint("run", "instance_id"), Index(None, "flow", "at", "id"))

    run: Mapped[str] = mapped_column(String(32))
    flow: Mapped[str] = mapped_column(String(64))
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    from_version_id: Mapped[int] = mapped_column(ForeignKey("flow_versions.id"), index=True)
    to_version_id: Mapped[int] = mapped_column(ForeignKey("flow_versions.id"), index=True)
    before: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after: Mapped[str] = mapped_column(String(64))
    seq: Mapped[int]
    actor_name: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]

    from_version: Mapped[FlowVersion] = relationship(foreign_keys=[from_version_id])
    to_version: Mapped[FlowVersion] = relationship(foreign_keys=[to_version_id])
