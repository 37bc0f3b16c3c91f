"""What a database says about how it runs one of our statements."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from flows.db import db
from flows.work import end_reading


def analyse() -> None:
    """Give PostgreSQL the figures that it plans by."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def plan_of(ask: Callable[[], object], is_meant: Callable[[str], bool]) -> list[Any]:
    """The nodes of PostgreSQL's plan, or SQLite's lines, for the one statement among those of `ask` that is meant."""
    made: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        made.append((statement, parameters))

    end_reading()
    event.listen(Engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    [(statement, parameters)] = [one for one in made if is_meant(one[0])]
    is_postgres = db.engine.dialect.name == "postgresql"
    how = "EXPLAIN (ANALYZE, FORMAT JSON) " if is_postgres else "EXPLAIN QUERY PLAN "
    answer = db.session.connection().exec_driver_sql(how + statement, parameters).all()
    if not is_postgres:
        return list(answer)
    told = answer[0][0]
    return list(_nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from _nodes(inner)
