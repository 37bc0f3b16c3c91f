"""Runs the revisions on the connection that `worker.migrating` opened, and drafts that need none of our types."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from flows.models import Base
from flows.models.base import Moment


def render_item(kind: str, thing: Any, autogen: AutogenContext) -> str | bool:
    """A revision stays true when the models move on, so it names only SQLAlchemy's own types."""
    if kind == "type" and isinstance(thing, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    render_item=render_item,
    render_as_batch=False,
)
context.run_migrations()
