"""What belongs to cases and department tasks: comments, who took part, and the departments they have been in."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Owned, Stamped, uid_column
from flows.models.instances import Instance
from flows.models.people import User

if TYPE_CHECKING:
    from flows.models.files import Upload


class Comment(Owned, Base):
    """Words on a case or task, files or both (B11, B12). An internal one is for staff alone."""

    __tablename__ = "comments"
    __table_args__ = (Index(None, "instance_id", "id"),)

    uid: Mapped[str] = uid_column("cmt")
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    author_name: Mapped[str] = mapped_column(String(160))
    author_kind: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(String(4000))
    is_internal: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    instance: Mapped[Instance] = relationship()
    author: Mapped[User | None] = relationship()
    uploads: Mapped[list[Upload]] = relationship(back_populates="comment", order_by="Upload.id")


class Participant(Stamped, Base):
    """Somebody who was assigned, forwarded, commented, attached or reviewed: makes "Related to me" (B33, Q16).

    `created_at` is the instance's, so that a person's list is read off one index, newest first.
    """

    __tablename__ = "participants"
    __table_args__ = (
        UniqueConstraint("instance_id", "user_id"),
        Index(None, "user_id", "created_at", "instance_id"),
    )

    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    first_at: Mapped[datetime]


class DepartmentStay(Stamped, Base):
    """A department that an instance is or was in: what its managers see (Q15). `created_at` is the instance's."""

    __tablename__ = "department_stays"
    __table_args__ = (
        UniqueConstraint("instance_id", "department_id"),
        Index(None, "department_id", "created_at", "instance_id"),
    )

    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("departments.id"))
    created_at: Mapped[datetime]
    first_at: Mapped[datetime]
