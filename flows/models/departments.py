"""Departments, their members and managers, and who stands in for whom."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, uid_column
from flows.models.people import User
from flows.rules.timing import local_date


class Department(Base):
    """A team of staff with a queue of its own (B6, B10). `last_given_id` is whose turn it was last (round robin)."""

    __tablename__ = "departments"

    uid: Mapped[str] = uid_column("dep")
    name: Mapped[str] = mapped_column(String(120), unique=True)
    is_active: Mapped[bool] = mapped_column(default=True)
    last_given_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    members: Mapped[list[DepartmentMember]] = relationship(back_populates="department", cascade="all, delete-orphan")

    def __str__(self) -> str:
        return self.name


class Delegation(Base):
    """Somebody stands in for a colleague who is away, from one day to another, both included (X6)."""

    __tablename__ = "delegations"
    __table_args__ = (Index(None, "delegate_id", "ends_on"), CheckConstraint("user_id <> delegate_id", name="another"))

    uid: Mapped[str] = uid_column("dlg")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    delegate_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    note: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    delegate: Mapped[User] = relationship(foreign_keys=[delegate_id])

    def holds(self, now: datetime) -> bool:
        """Whether it is one of its days, by the calendar of the one who is away."""
        return self.starts_on <= local_date(now, self.user.time_zone) <= self.ends_on


class DepartmentMember(Base):
    """A staff member in a department; managers see and update what is there (Q15)."""

    __tablename__ = "department_members"
    __table_args__ = (UniqueConstraint("department_id", "user_id"),)

    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    is_manager: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime | None]

    department: Mapped[Department] = relationship(back_populates="members")
    user: Mapped[User] = relationship()

    def __str__(self) -> str:
        return f"{self.user.name}{' (manager)' if self.is_manager else ''}"
