"""How the databases find a page of the Task Instances list: along indexes, sorting no more than a page of each."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from flows.clock import clock
from flows.db import db
from flows.queries import instances, search
from flows.queries.instances import Filters
from flows.work import end_reading
from tests.bench import households
from tests.queries.conftest import user_id
from tests.world import World

ROWS, HOMES, PAGE = 4_000, 60, 26


@pytest.fixture
def full(app: Flask, world: World) -> World:
    """Four thousand requests, and the figures that PostgreSQL plans by."""
    households.people(random.Random(1), HOMES)
    households.instances(ROWS)
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return world


def asked(world: World) -> dict[str, tuple[Filters, str, str | None]]:
    gus = user_id("usr_gus")
    second = instances.listed(world.agent, clock.now(), limit=100).next_cursor
    found = {words: search.instances_meant(world.agent, words) for words in ("quintrell", "priya ahmed")}
    return {
        "newest first": (Filters(), "created", None),
        "a later page": (Filters(), "created", second),
        "agent + status": (Filters(agents=(gus,), statuses=("in_progress",)), "created", None),
        "mine": (Filters(agents=(gus,), is_open=True), "created", None),
        "all open": (Filters(is_open=True), "created", None),
        "by due date": (Filters(is_open=True), "due", None),
        "overdue": (Filters(statuses=("overdue",)), "due", None),
        **{f"search {words}": (Filters(found=whom), "created", None) for words, whom in found.items()},
    }


def plan(world: World, filters: Filters, sort: str, cursor: str | None) -> list[Any]:
    """What the database says about the statement of a page."""
    made: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        made.append((statement, parameters))

    end_reading()
    event.listen(Engine, "before_cursor_execute", note)
    instances.listed(world.agent, clock.now(), filters, cursor, sort)
    event.remove(Engine, "before_cursor_execute", note)
    ((statement, parameters),) = [one for one in made if one[0].startswith("SELECT")]
    is_postgres = db.engine.dialect.name == "postgresql"
    how = "EXPLAIN (ANALYZE, FORMAT JSON) " if is_postgres else "EXPLAIN QUERY PLAN "
    answer = db.session.connection().exec_driver_sql(how + statement, parameters).all()
    if not is_postgres:
        return list(answer)
    told = answer[0][0]
    return list(nodes((json.loads(told) if isinstance(told, str) else told)[0]["Plan"]))


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes(inner)


def test_a_page_is_found_by_walking_indexes(full: World, database: str) -> None:
    for name, (filters, sort, cursor) in asked(full).items():
        steps = plan(full, filters, sort, cursor)
        if database == "postgres":
            read = [one for one in steps if one.get("Relation Name") == "instances"]
            assert read, name
            assert not [one for one in read if one["Node Type"] == "Seq Scan"], name
            sorted_rows = [one["Plans"][0]["Actual Rows"] for one in steps if "Sort" in one["Node Type"]]
            assert all(rows <= PAGE * 12 for rows in sorted_rows), (name, sorted_rows)
        else:
            lines = [str(one[3]) for one in steps]
            walks = [line for line in lines if line.startswith("SCAN instances")]
            assert all("USING INDEX" in line for line in walks), (name, lines)
            sorts = [one for one in steps if "TEMP B-TREE FOR ORDER BY" in str(one[3])]
            assert all(one[1] == 0 for one in sorts), (
                name,
                "only the page itself is sorted",
                chr(10).join(map(str, steps)),
            )
