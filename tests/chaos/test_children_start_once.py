"""Workers are killed while flows start other flows: each child starts once, and each parent hears of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from sqlalchemy import ColumnElement, func, select

from flows import access, catalogue
from flows.access import read_as
from flows.actions import beginning, submitting
from flows.clock import clock
from flows.db import db
from flows.models import Effect, Instance, TimelineEvent
from flows.queries import invariants
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.chaos.test_due_timers import House, house, parts
from tests.world import World

__all__ = ["house", "parts"]

FLOWS = Path(__file__).parents[1] / "children" / "flows"
COUNT = 60
LONGEST_SECONDS = 60


@pytest.fixture(autouse=True)
def flows_that_start_flows(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the processes of the house, which are begun after it, and for this one."""
    monkeypatch.setenv("BATON_FLOW_FOLDERS", str(FLOWS))


def count(of: type, *conditions: ColumnElement[bool]) -> int:
    found = read_as(SYSTEM).scalar(select(func.count()).select_from(of).where(*conditions)) or 0
    db.session.rollback()
    return found


def requests_that_need_a_visit(world: World) -> None:
    clock.follow(None)
    for _ in range(COUNT):
        with unit_of_work(world.tenant) as work:
            made = beginning.start_by_customer(work, "put-it-right", world.household, {"what": "Damp"})
            work.session.flush()
            reference = made.reference
        with unit_of_work(world.agent) as work:
            instance = access.instance_to_change(work, reference)
            submitting.submit(work, instance, access.step_of(instance, "look"), {"visit": True})


@pytest.mark.chaos
@pytest.mark.requirement("D2", "D3")
def test_killed_workers_start_each_child_once(world: World, house: House) -> None:
    before = catalogue.current()
    catalogue.use(catalogue.loader.load([FLOWS]))
    try:
        requests_that_need_a_visit(world)
    finally:
        catalogue.use(before)
    for name in ("ticker", "worker"):
        house.start(name)
    deadline = time.monotonic() + LONGEST_SECONDS
    for share in (0.2, 0.5, 0.8):
        while count(Instance, Instance.parent_id.is_not(None)) < COUNT * share:
            assert time.monotonic() < deadline, "children start too slowly"
            time.sleep(0.005)
        house.kill("worker")
        house.start("worker")
    while count(Effect, Effect.kind == "start", Effect.state == "done") < COUNT:
        assert time.monotonic() < deadline, "not every child started"
        time.sleep(0.02)
    assert count(Instance, Instance.parent_id.is_not(None)) == COUNT
    assert count(TimelineEvent, TimelineEvent.kind == "child_started") == COUNT
    assert not any(invariants.broken(read_as(SYSTEM)).values())
