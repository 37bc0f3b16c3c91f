"""Tenancy agreements brought in from the housing management system, to link requests to (C41)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from flows.models.base import Base, uid_column


class Agreement(Base):
    """One agreement by its number; `rent_minor` in minor units a month."""

    __tablename__ = "agreements"
    __table_args__ = (Index(None, "address"), Index(None, "tenant_name"))

    uid: Mapped[str] = uid_column("agr")
    number: Mapped[str] = mapped_column(String(64), unique=True)
    tenant_name: Mapped[str] = mapped_column(String(160))
    tenant_email: Mapped[str] = mapped_column(String(254), default="")
    address: Mapped[str] = mapped_column(String(400))
    rent_minor: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3), default="GBP")
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    activated_by_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    activated_at: Mapped[datetime | None]
    imported_at: Mapped[datetime]

    def __str__(self) -> str:
        return f"{self.number} {self.address}"
