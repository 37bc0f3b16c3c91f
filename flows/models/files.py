"""Uploads: what a person sent, where its bytes are, and whether it was looked at before anybody may open it (X19)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, one_of, uid_column
from flows.models.cases import Comment
from flows.models.conversations import Message
from flows.models.people import User

UPLOAD_STATES = ("checking", "ready", "refused")


class Upload(Base):
    """One file. Its bytes lie outside the web root under `sha256`; `kind` and `mime` are read off its content.

    Until it is part of an instance only its sender sees it. A draft holds it, or it came with a comment or a message
    (`comment_id`, `message_id`): `instance_id`, `step` and `field` say where, and whoever may read that instance, and
    the field (`visible_to`; empty: everybody), may read it; one of a sensitive field (`is_sensitive`) staff have shown
    to them, each time recorded. Once it was sent (`attached_at`) it stays. What nothing holds is forgotten after a
    week.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        Index(
            "ix_uploads_unattached",
            "created_at",
            postgresql_where=text("instance_id IS NULL"),
            sqlite_where=text("instance_id IS NULL"),
        ),
        Index(None, "uploaded_by_id", "created_at"),
    )

    uid: Mapped[str] = uid_column("up")
    name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size: Mapped[int]
    kind: Mapped[str] = mapped_column(one_of("kind", "image", "pdf", "office", "text"))
    mime: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(one_of("state", *UPLOAD_STATES), default="checking")
    refusal: Mapped[str] = mapped_column(String(400), default="")
    preview_sha256: Mapped[str | None] = mapped_column(String(64), index=True)
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    step: Mapped[str] = mapped_column(String(64), default="")
    field: Mapped[str] = mapped_column(String(160), default="")
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    visible_to: Mapped[list[str]] = mapped_column(default=list)
    is_sensitive: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    attached_at: Mapped[datetime | None]

    uploaded_by: Mapped[User] = relationship()
    comment: Mapped[Comment | None] = relationship(back_populates="uploads")
    message: Mapped[Message | None] = relationship(back_populates="uploads")
