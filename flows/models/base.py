"""What every table shares: the declarative base, moments in UTC, opaque ids, and the mark of an owned row."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Enum, ForeignKey, MetaData, String, TypeDecorator
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, registry
from sqlalchemy.sql.functions import FunctionElement

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

    @declared_attr
    @classmethod
    def organisation_id(cls) -> Mapped[int]:
        """Where rows are stamped, the index of what changed begins with it, so that it needs none of its own."""
        return mapped_column(ForeignKey("organisations.id"), index=not issubclass(cls, Stamped))


class TransactionNumber(FunctionElement[int]):
    """The number of the transaction that is under way: later transactions have higher ones (ADR 0016)."""

    type = BigInteger()
    name = "transaction_number"
    inherit_cache = True


class FirstUndecided(FunctionElement[int]):
    """Every transaction with a lower number has ended, and the statement that asks sees what those have written."""

    type = BigInteger()
    name = "first_undecided"
    inherit_cache = True


class NextTransaction(FunctionElement[int]):
    """No transaction that the statement that asks can see has this number or a higher one."""

    type = BigInteger()
    name = "next_transaction"
    inherit_cache = True


_USER_VERSION = "(SELECT user_version FROM pragma_user_version)"
_NUMBERS: dict[type[FunctionElement[int]], tuple[str, str]] = {
    TransactionNumber: ("pg_current_xact_id()", _USER_VERSION),
    FirstUndecided: ("pg_snapshot_xmin(pg_current_snapshot())", f"({_USER_VERSION} + 1)"),
    NextTransaction: ("pg_snapshot_xmax(pg_current_snapshot())", f"({_USER_VERSION} + 1)"),
}
"""On PostgreSQL and on SQLite, whose one writer raises the number when it begins (`flows.sessions`)."""


@compiles(TransactionNumber)
@compiles(FirstUndecided)
@compiles(NextTransaction)
def _number(element: FunctionElement[int], compiler: Any, **_options: Any) -> str:
    on_postgresql, on_sqlite = _NUMBERS[type(element)]
    return on_sqlite if compiler.dialect.name == "sqlite" else f"CAST(CAST({on_postgresql} AS text) AS bigint)"


class Stamped:
    """A row that knows which transaction changed it last; phones ask what changed since a number (ADR 0016).

    The database stamps every INSERT and UPDATE of the row, so no verb has to think of it.
    """

    changed: Mapped[int] = mapped_column(BigInteger, default=TransactionNumber(), onupdate=TransactionNumber())


def one_of(name: str, *values: str) -> Enum:
    """A column that takes these words only, checked by the database; no native enum, so that words can be added."""
    return Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def opaque_id(prefix: str) -> str:
    """A fresh id for the outside: prefix, underscore, 20 characters with 100 random bits."""
    return prefix + "_" + "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(20))


def uid_column(prefix: str) -> Mapped[str]:
    return mapped_column(String(32), unique=True, default=lambda: opaque_id(prefix), insert_sentinel=True)
