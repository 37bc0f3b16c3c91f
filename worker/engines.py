"""The database of a command that needs no application."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine

from flows.db import engine_options
from flows.settings import Settings


def engine_of(settings: Settings) -> Engine:
    """An engine of its own, for one thread."""
    return create_engine(settings.database, **engine_options(settings.database, threads=1))
