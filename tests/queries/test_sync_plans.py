"""How the databases find what changed: along indexes that begin with whose it is, and no further than what changed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from flows.access import read_as
from flows.clock import clock
from flows.models import Instance
from flows.narrowing import organisations_of
from flows.queries import changes
from flows.queries.changes import Kind, Walk
from flows.rules.actors import SYSTEM, Actor
from flows.work import end_reading, unit_of_work
from tests.bench import households, lists
from tests.queries.plans import analyse, plan_of
from tests.world import World

CHANGED = 5


@pytest.fixture
def full(app: Flask, world: World) -> World:
    """Thousands of requests of many customers, of which a few change, and the figures that PostgreSQL plans by."""
    households.people(random.Random(1), 60)
    households.instances(4_000)
    lists.fill(world, 0, 4_000)
    with unit_of_work(SYSTEM) as work:
        for one in work.session.scalars(select(Instance).where(Instance.subject.is_(None)).limit(CHANGED)):
            one.title = "Changed"
    analyse()
    return world


def plan(actor: Actor, walk: Walk) -> list[Any]:
    return plan_of(
        lambda: changes.since(actor, walk, list(Kind), 200), lambda one: "user_version" in one or "pg_snapshot" in one
    )


@pytest.mark.requirement("D5")
def test_what_changed_is_found_along_its_index(full: World, database: str) -> None:
    end_reading()
    newest = read_as(SYSTEM).scalar(select(func.max(Instance.changed))) or 0
    accounts = list(read_as(SYSTEM).scalars(organisations_of(full.buyer.user_id or 0)))
    walk = Walk(since=newest, accounts=accounts)
    passed = (clock.now() - timedelta(minutes=5), clock.now())
    steps, timely = (plan(full.buyer, one) for one in (walk, replace(walk, passed=passed)))
    if database == "postgres":
        read = [one for one in steps if one.get("Relation Name") == "instances"]
        assert read
        assert not [one for one in timely if one["Node Type"] == "Seq Scan" and one["Relation Name"] == "instances"]
        most = max(one["Actual Rows"] + one.get("Rows Removed by Filter", 0) for one in read)
        assert most <= 10 * CHANGED, "no further than what changed; for what time changes, than what is open"
    else:
        lines = [str(one[3]) for one in steps]
        found = [line for line in lines if "instances" in line]
        assert [line for line in found if "ix_instances_organisation_id_changed_id" in line]
        assert not [line for line in found if line.startswith("SCAN")], lines
