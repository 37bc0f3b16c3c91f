"""The session of the piece of work under way: the application's, or that of a throw-away database while a play is on.

Nothing here has heard of Flask: a play from the command line would wait longer for it than for the play.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from flows.models.base import Base

WRITES = "baton_writes"
"""Execution option of a connection that will write: SQLite then takes its one write lock at BEGIN."""
OPTIONS: dict[str, Any] = {"expire_on_commit": False, "autoflush": False}
"""Of every session."""
IN_MEMORY = "sqlite://"

Source = Callable[[], Session]
_sources: list[Source] = []
"""The last one serves."""


def session() -> Session:
    """The session of this thread. RuntimeError where neither an application nor a play has a database."""
    if not _sources:
        raise RuntimeError("no database is open: serve an application (wsgi.create_app), or play on a throw-away one")
    return _sources[-1]()


def serve(source: Source) -> None:
    """From now on sessions come from here."""
    _sources.append(source)


@contextmanager
def served(source: Source) -> Iterator[None]:
    """Inside of the block sessions come from here; what was served before waits meanwhile."""
    serve(source)
    try:
        yield
    finally:
        _sources.remove(source)


@contextmanager
def throwaway() -> Iterator[None]:
    """A database in memory with every table and no row, for the time inside; what was served before waits meanwhile.

    One inside another is refused: there is one.
    """
    if _thrown in _sources:
        raise RuntimeError("a throw-away database is open already")
    with served(_thrown):
        empty(_thrown().connection())
        _thrown().close()
        try:
            yield
        finally:
            _thrown().close()
            _thrown().info.clear()


def empty(connection: Connection) -> None:
    """Every table and no row: whatever the database in memory had is written over."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    _every_table().backup(raw)


@cache
def _thrown() -> Session:
    """Its engine stays from one play to the next, and with it every statement that SQLAlchemy has compiled.

    SQLite keeps them parsed too: a play asks more than the 128 different ones that the driver would keep.
    """
    kept = {"check_same_thread": False, "cached_statements": 2_000}
    engine = create_engine(IN_MEMORY, poolclass=StaticPool, connect_args=kept)
    return Session(engine, **OPTIONS)


@cache
def _every_table() -> sqlite3.Connection:
    """An empty database that is copied in a millisecond; making the tables takes a hundred."""
    engine = create_engine(IN_MEMORY, poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine, checkfirst=False)
    found = engine.raw_connection().driver_connection
    assert isinstance(found, sqlite3.Connection)
    return found


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own would come too late
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    raw = connection.connection.driver_connection  # asked directly where nothing can be in the way: it is done so often
    assert isinstance(raw, sqlite3.Connection)
    # A deferred transaction that turns to writing fails at once when another writes; IMMEDIATE waits its turn.
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        _number_transaction(raw)
    else:
        raw.execute("BEGIN")


def _number_transaction(raw: sqlite3.Connection) -> None:
    """PostgreSQL numbers its transactions; on SQLite the number that a file keeps for its application does (ADR 0016).

    It is written under the one write lock and rolled back with the rest, so a later commit has a higher one.
    """
    [number] = raw.execute("PRAGMA user_version").fetchone()
    raw.execute(f"PRAGMA user_version = {number + 1}")
