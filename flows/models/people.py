"""People, what their roles let them do, and how they sign in: one row a session for browser, phone and socket."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, one_of, uid_column

user_roles = Table(
    "user_roles",
    Base.metadata,
    Column("user_id", Integer, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", Integer, ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
)


class Role(Base):
    """A named set of permissions (`flows.rules.actors.PERMISSIONS`) for staff; flows speak of it as `role.<name>`."""

    __tablename__ = "roles"

    name: Mapped[str] = mapped_column(String(64), unique=True)
    permissions: Mapped[list[str]] = mapped_column(default=list)

    def __str__(self) -> str:
        return self.name


class User(Base):
    """A person. `kind` says which door is theirs: customers the portal and the app, staff the back office.

    `notice_choices` is what they chose to hear of (`flows.rules.notices`).
    """

    __tablename__ = "users"
    __table_args__ = (Index(None, "kind", "name"),)

    uid: Mapped[str] = uid_column("usr")
    kind: Mapped[str] = mapped_column(one_of("kind", "customer", "staff"))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(160), index=True)
    phone: Mapped[str] = mapped_column(String(40), default="")
    password_hash: Mapped[str | None] = mapped_column(String(160))
    totp_secret: Mapped[str | None] = mapped_column(String(64))
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int | None]
    email_verified_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(String(12), default="en")
    time_zone: Mapped[str] = mapped_column(String(64), default="Europe/London")
    notice_choices: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]

    roles: Mapped[list[Role]] = relationship(secondary=user_roles)

    @property
    def first_name(self) -> str:
        return self.name.split(" ")[0]

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>"


class SignIn(Base):
    """One signed-in browser or phone. Tokens are random, stored as SHA-256, and end everywhere at once when revoked.

    A browser has `token_hash` alone; a phone has a short access token in it and a rotating refresh token (API.md 7.6).
    """

    __tablename__ = "sign_ins"

    uid: Mapped[str] = uid_column("ses")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    door: Mapped[str] = mapped_column(one_of("door", "web", "app"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    refresh_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    previous_refresh_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    rotated_at: Mapped[datetime | None]
    installation_id: Mapped[str] = mapped_column(String(80), default="")
    user_agent: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    second_factor_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    access_expires_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()


class SignInCode(Base):
    """A mailed 6-digit code and its link, 15 minutes, single use, at most 5 tries (P1 of SCREENS.md)."""

    __tablename__ = "sign_in_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    link_hash: Mapped[str] = mapped_column(String(64), unique=True)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Tally(Base):
    """How often something was tried in a window, e.g. `sign-in:a@b.example`; here, so that no restart forgets it."""

    __tablename__ = "tallies"
    __table_args__ = (UniqueConstraint("key", "window_at"), Index(None, "window_at"))

    key: Mapped[str] = mapped_column(String(200))
    window_at: Mapped[datetime]
    count: Mapped[int] = mapped_column(default=0)
