"""The database of an application: Flask-SQLAlchemy on our base. The one file in the heart that has heard of Flask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from flows import sessions
from flows.models.base import Base

NO_ANSWERS_IN_LOGS: dict[str, Any] = {"hide_parameters": True}
"""An error of the database names the statement; what was to be written may be somebody's answer."""

db = SQLAlchemy(model_class=Base, session_options={**sessions.OPTIONS})
sessions.serve(lambda: db.session())


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


@contextmanager
def thrown_by(app: Flask) -> Iterator[None]:
    """The database in memory that is the app's own, with every table and no row, so that its pages can be asked for.

    One inside another of the same app is refused: it has one.
    """
    assert app.config["SQLALCHEMY_DATABASE_URI"] == sessions.IN_MEMORY, "nobody's rows are written over"
    if app.extensions.get("thrown"):
        raise RuntimeError("a throw-away database is open already")
    with app.app_context(), sessions.served(lambda: db.session()):
        app.extensions["thrown"] = True
        with db.engine.connect() as connection:
            sessions.empty(connection)
        try:
            yield
        finally:
            db.session.remove()
            app.extensions["thrown"] = False
