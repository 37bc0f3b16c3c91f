"""What every table shares: the declarative base, moments in UTC, opaque ids, and the mark of an owned row."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Enum, ForeignKey, MetaData, String, TypeDecorator
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, registry

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing to confuse when read aloud

Json = JSON().with_variant(postgresql.JSONB(), "postgresql")


class Moment(TypeDecorator[datetime]):
    """A moment with a zone, stored in UTC on every database (SQLite forgets zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; moments are stored in UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can speak of them on both databases."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMES),
        type_annotation_map={datetime: Moment(), dict[str, Any]: Json, list[Any]: Json, list[str]: Json},
    )

    id: Mapped[int] = mapped_column(primary_key=True)


class Owned:
    """A row of one organisation. Reads by a customer are narrowed to their organisations in `flows.access`."""

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)


def one_of(name: str, *values: str) -> Enum:
    """A column that takes these words only, checked by the database; no native enum, so that words can be added."""
    return Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def opaque_id(prefix: str) -> str:
    """A fresh id for the outside: prefix, underscore, 20 characters with 100 random bits."""
    return prefix + "_" + "".join(secrets.choice(ALPHABET) for _ in range(20))


def uid_column(prefix: str) -> Mapped[str]:
    return mapped_column(String(32), unique=True, default=lambda: opaque_id(prefix), insert_sentinel=True)
