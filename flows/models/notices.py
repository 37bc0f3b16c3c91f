"""Words in the portal for one person, the requests that a person has muted, and the devices that pushes go to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Stamped, one_of, uid_column
from flows.models.instances import Instance
from flows.models.orders import Order
from flows.models.people import SignIn, User

PROVIDERS = ("fcm", "webpush")


class Notice(Stamped, Base):
    """A few words for one person in their inbox; those `at_top` are shown on every page until seen (A13)."""

    __tablename__ = "notices"
    __table_args__ = (Index(None, "user_id", "seen_at", "id"), Index(None, "user_id", "changed", "id"))

    uid: Mapped[str] = uid_column("ntf")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    kind: Mapped[str] = mapped_column(String(24))
    at_top: Mapped[bool] = mapped_column(default=True)
    text: Mapped[str] = mapped_column(String(400))
    link_text: Mapped[str] = mapped_column(String(120), default="")
    url: Mapped[str] = mapped_column(String(400), default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
    instance: Mapped[Instance | None] = relationship()
    order: Mapped[Order | None] = relationship()


class Mute(Base):
    """A request about which a person wants no pushes, and no mails but those that always come."""

    __tablename__ = "mutes"
    __table_args__ = (UniqueConstraint("user_id", "instance_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    until: Mapped[datetime | None]
    created_at: Mapped[datetime]

    instance: Mapped[Instance] = relationship()


class Device(Base):
    """A phone or browser that pushes go to, for as long as the session it was registered in lives (C52).

    `address` is the token of FCM or the endpoint of a Web Push subscription; one address is one device of one person.
    """

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("user_id", "installation_id"),)

    uid: Mapped[str] = uid_column("dev")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    sign_in_id: Mapped[int] = mapped_column(ForeignKey("sign_ins.id"), index=True)
    installation_id: Mapped[str] = mapped_column(String(80))
    provider: Mapped[str] = mapped_column(one_of("provider", *PROVIDERS))
    address: Mapped[str] = mapped_column(String(2000))
    address_hash: Mapped[str] = mapped_column(String(64), unique=True)
    keys: Mapped[dict[str, Any]] = mapped_column(default=dict)
    name: Mapped[str] = mapped_column(String(120), default="")
    language: Mapped[str] = mapped_column(String(12), default="")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]

    user: Mapped[User] = relationship()
    sign_in: Mapped[SignIn] = relationship()
