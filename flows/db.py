"""The database: Flask-SQLAlchemy on our base. The one file in the heart that has heard of Flask."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import StaticPool

from flows.models.base import Base

WRITES = "baton_writes"
"""Execution option of a connection that will write: SQLite then takes its one write lock at BEGIN."""

NO_ANSWERS_IN_LOGS: dict[str, Any] = {"hide_parameters": True}
"""An error of the database names the statement; what was to be written may be somebody's answer."""

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False, "autoflush": False})


def engine_options(url: str, threads: int = 8) -> dict[str, Any]:
    """Engine options for a URL: no statement or lock waits for ever, a lost connection is noticed before use."""
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": 10}, **NO_ANSWERS_IN_LOGS}
    return {
        **NO_ANSWERS_IN_LOGS,
        "pool_pre_ping": True,
        "pool_size": threads,
        "max_overflow": 4,
        "pool_timeout": 5,
        "connect_args": {
            "connect_timeout": 5,
            "options": "-c lock_timeout=8s -c statement_timeout=20s -c idle_in_transaction_session_timeout=60s",
        },
    }


IN_MEMORY = "sqlite://"


@contextmanager
def throwaway(app: Flask | None = None) -> Iterator[None]:
    """A database in memory with every table and no row, for the time inside; what was served before waits meanwhile.

    An `app` whose own database is IN_MEMORY serves it: then its pages can be asked for. One inside another of the
    same app is refused: it has one.
    """
    app = app or _throwaway_app()
    assert app.config["SQLALCHEMY_DATABASE_URI"] == IN_MEMORY, "nobody's rows are written over"
    if app.extensions.get("thrown"):
        raise RuntimeError("a throw-away database is open already")
    with app.app_context():
        app.extensions["thrown"] = True
        with db.engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)
            _every_table().backup(raw)
        try:
            yield
        finally:
            db.session.remove()
            app.extensions["thrown"] = False


@cache
def _throwaway_app() -> Flask:
    """Its engine stays from one time to the next, and with it every statement that SQLAlchemy has compiled."""
    app = Flask("throwaway", static_folder=None, template_folder=None)
    app.config["SQLALCHEMY_DATABASE_URI"] = IN_MEMORY
    db.init_app(app)
    return app


@cache
def _every_table() -> sqlite3.Connection:
    """An empty database that is copied in a millisecond; making the tables takes a hundred."""
    engine = create_engine(IN_MEMORY, poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
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
    if connection.dialect.name == "sqlite":
        # A deferred transaction that turns to writing fails at once when another writes; IMMEDIATE waits its turn.
        immediate = connection.get_execution_options().get(WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
        if immediate:
            _number_transaction(connection)


def _number_transaction(connection: Connection) -> None:
    """PostgreSQL numbers its transactions; on SQLite the number that a file keeps for its application does (ADR 0016).

    It is written under the one write lock and rolled back with the rest, so a later commit has a higher one.
    """
    [number] = connection.exec_driver_sql("PRAGMA user_version").one()
    connection.exec_driver_sql(f"PRAGMA user_version = {number + 1}")
