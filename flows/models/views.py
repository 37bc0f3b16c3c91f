"""Saved views of lists: a name for a set of filters, one's own or everybody's (X9)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, uid_column
from flows.models.people import User


class SavedView(Base):
    """`page` is the list it belongs to, `query` the part of the address after the question mark."""

    __tablename__ = "saved_views"
    __table_args__ = (Index(None, "page", "is_shared"),)

    uid: Mapped[str] = uid_column("vw")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    page: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(String(1000), default="")
    is_shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship()
