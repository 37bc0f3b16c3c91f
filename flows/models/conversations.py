"""What staff and a customer say to each other about one request, how far each has read, and replies kept for later."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Owned, Stamped, one_of, uid_column
from flows.models.instances import Instance
from flows.models.people import User

if TYPE_CHECKING:
    from flows.models.files import Upload

LONGEST_MESSAGE = 10_000


class Message(Owned, Stamped, Base):
    """One thing that was said (C47, C48), or noted between staff (X29). Never changed, never deleted.

    Messages and notes are two threads: `seq` counts from 1 without a gap in each, so that a note leaves no trace in
    what the customer counts. `client_id` is made where it was typed: sent again, it is there once. What a flow says
    has no author but the system.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("instance_id", "is_internal", "seq"),
        UniqueConstraint("instance_id", "author_id", "client_id"),
        Index(None, "organisation_id", "changed", "id"),
    )

    uid: Mapped[str] = uid_column("msg")
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    seq: Mapped[int]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    author_name: Mapped[str] = mapped_column(String(160))
    author_kind: Mapped[str] = mapped_column(one_of("author_kind", "customer", "staff", "system"))
    text: Mapped[str] = mapped_column(String(LONGEST_MESSAGE))
    is_internal: Mapped[bool] = mapped_column(default=False)
    client_id: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]

    instance: Mapped[Instance] = relationship()
    author: Mapped[User | None] = relationship()
    uploads: Mapped[list[Upload]] = relationship(back_populates="message", order_by="Upload.id")


class ReadCursor(Stamped, Base):
    """How far a person has read the messages of an instance (Q24). It only moves forward."""

    __tablename__ = "read_cursors"
    __table_args__ = (
        UniqueConstraint("user_id", "instance_id"),
        Index(None, "instance_id"),
        Index(None, "user_id", "changed"),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    seq: Mapped[int]
    read_at: Mapped[datetime]


class SavedReply(Base):
    """Words that staff use again, with `${{ }}` holes (X29): one's own, or everybody's."""

    __tablename__ = "saved_replies"
    __table_args__ = (UniqueConstraint("user_id", "title"), Index(None, "is_shared"))

    uid: Mapped[str] = uid_column("rpl")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    title: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(String(LONGEST_MESSAGE))
    is_shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship()
