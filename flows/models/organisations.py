"""Organisations (companies and households), who belongs to them, and invitations to join."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Stamped, one_of, uid_column


class Organisation(Stamped, Base):
    """A company or household account. `parent` is the reseller (MSP) whose people order for it too (A20, A35).

    The one of kind `house` is the operator itself: it owns the tasks that no customer is behind.
    """

    __tablename__ = "organisations"

    uid: Mapped[str] = uid_column("cus")
    name: Mapped[str] = mapped_column(String(160), index=True)
    slug: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(one_of("kind", "company", "household", "house"), default="company")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    address: Mapped[str] = mapped_column(String(400), default="")
    time_zone: Mapped[str] = mapped_column(String(64), default="Europe/London")
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]

    parent: Mapped[Organisation | None] = relationship(remote_side="Organisation.id")

    @hybrid_property
    def is_customer(self) -> bool:
        """False for the house."""
        return self.kind != "house"

    def __str__(self) -> str:
        return self.name


class Membership(Base):
    """A person in an organisation (X28). Owners invite and remove; members act."""

    __tablename__ = "memberships"
    __table_args__ = (UniqueConstraint("user_id", "organisation_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    role: Mapped[str] = mapped_column(one_of("role", "owner", "member"), default="member")
    created_at: Mapped[datetime]


class Invitation(Base):
    """A magic link to join, single use, 7 days (X27). Staff are invited without an organisation.

    `begins` is the flow that starts when it is accepted: `flow`, `inputs`, `amounts`, `assignee` (Onboarding, C10).
    """

    __tablename__ = "invitations"

    email: Mapped[str] = mapped_column(String(254), index=True)
    kind: Mapped[str] = mapped_column(one_of("kind", "customer", "staff"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    role: Mapped[str] = mapped_column(one_of("role", "owner", "member"), default="member")
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    begins: Mapped[dict[str, Any] | None]
