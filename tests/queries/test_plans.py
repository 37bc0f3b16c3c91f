"""How the databases find a page of the Task Instances list: along indexes, sorting no more than a page of each."""

from __future__ import annotations

import random
from typing import Any

import pytest
from flask import Flask

from flows.clock import clock
from flows.queries import instances, search
from flows.queries.instances import Filters
from tests.bench import households
from tests.queries.conftest import user_id
from tests.queries.plans import analyse, plan_of
from tests.world import World

ROWS, HOMES, PAGE = 4_000, 60, 26


@pytest.fixture
def full(app: Flask, world: World) -> World:
    """Four thousand requests, and the figures that PostgreSQL plans by."""
    households.people(random.Random(1), HOMES)
    households.instances(ROWS)
    analyse()
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
    return plan_of(
        lambda: instances.listed(world.agent, clock.now(), filters, cursor, sort), lambda one: one.startswith("SELECT")
    )


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
