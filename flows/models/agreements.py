"""Tenancy agreements brought in from the housing management system, and who is linked to what outside (C41)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Owned, uid_column
from flows.models.instances import Instance


class Agreement(Base):
    """One agreement by its number; `rent_minor` in minor units a month. An import changes what it says, never
    `move_in_on` and the two beside it: by which instance the tenancy was begun, and when that was.
    """

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
    move_in_on: Mapped[date | None]
    activated_by_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    activated_at: Mapped[datetime | None]
    imported_at: Mapped[datetime]

    def __str__(self) -> str:
        return f"{self.number} {self.address}"


class LinkHolder(Owned, Base):
    """Which instance holds a thing that only one open instance may be linked to (`flows.plugin.Option.exclusive`).

    One row a thing, so that two people who link it at the same moment cannot both succeed. It stays when the instance
    ends; the next one that links the thing takes the row over.
    """

    __tablename__ = "link_holders"
    __table_args__ = (UniqueConstraint("lookup", "value"),)

    lookup: Mapped[str] = mapped_column(String(128))
    value: Mapped[str] = mapped_column(String(200))
    link: Mapped[str] = mapped_column(String(64))
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    linked_at: Mapped[datetime]

    instance: Mapped[Instance] = relationship()
