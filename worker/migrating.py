"""Alembic without an ini file: the database brought to the newest shape, or told apart from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.exc import OperationalError

from flows.models import Base, User
from flows.sessions import WRITES
from worker.trouble import Trouble

ONE_AT_A_TIME = 7_020_001
"""Any number, as long as it stays the same: two that start at once migrate one after the other."""


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Up to `revision`, in one transaction: all of it or nothing."""
    with _locked(engine) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Down to `revision`; `base` drops every table."""
    with _locked(engine) as connection:
        command.downgrade(_config(connection), revision)


def draft(engine: Engine, words: str, revision: str) -> None:
    """Write a revision file with what the models have and the database of `engine` has not."""
    with _locked(engine) as connection:
        command.revision(_config(connection), words, autogenerate=True, rev_id=revision)


def behind(engine: Engine) -> tuple[str | None, str | None]:
    """(revision of the database, newest revision); the same when nothing is to be done."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    return current, ScriptDirectory.from_config(_config()).get_current_head()


def differences(engine: Engine) -> list[str]:
    """What the models say and the database does not, in words; empty when they agree."""
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
    return [str(difference) for difference in found]


def is_empty(engine: Engine) -> bool:
    """True when nobody has an account yet."""
    with engine.connect() as connection:
        return connection.scalar(select(User.id).limit(1)) is None


def _config(connection: Connection | None = None) -> Config:
    spec = find_spec("migrations")
    assert spec
    assert spec.submodule_search_locations
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(next(iter(spec.submodule_search_locations)))).replace("%", "%%"))
    return config


@contextmanager
def _locked(engine: Engine) -> Iterator[Connection]:
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})"))
            yield connection
    except OperationalError as fault:
        where = engine.url.render_as_string(hide_password=True)
        raise Trouble(f"The database {where} does not answer ({fault.orig}); check DATABASE_URL") from fault
