"""Switches of flows, and what they do to the lists of flows that may be started (C24)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import beginning, switching
from flows.catalogue.loader import load_packages
from flows.models import AuditEntry, FlowSwitch
from flows.queries import startable
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import OutOfStep, Refused
from flows.work import end_reading, unit_of_work
from tests.catalogue.shipped import ROOT
from tests.guided.conftest import SHIPPED
from tests.world import World

REPAIR = {"what": "doors", "where": "Hall", "details": "It sticks"}


@pytest.fixture(autouse=True)
def repairs(app: Flask) -> Iterator[None]:
    """The flows that ship, the one of the demo that customers may ask for, and the one of the guided tests."""
    before = catalogue.current()
    folders = [ROOT / "worker" / "demo" / "flows", ROOT / "tests" / "guided" / "flows"]
    catalogue.use(load_packages(SHIPPED, folders))
    assert catalogue.current().broken == []
    yield
    catalogue.use(before)


def turn(by: Actor, flow: str, name: str, on: bool) -> None:
    with unit_of_work(by) as work:
        switching.switch(work, flow, name, on)


def names(flows: list[catalogue.LoadedFlow]) -> list[str]:
    end_reading()
    return [loaded.definition.flow for loaded in flows]


def audited() -> list[tuple[str, str, dict[str, object]]]:
    end_reading()
    rows = access.read_as(SYSTEM).scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(row.actor_name, row.thing, row.facts) for row in rows if row.kind == "flow_switched"]


@pytest.mark.requirement("C24")
def test_only_active_and_assignable_flows_are_offered(world: World) -> None:
    everything = names(startable.assignable(world.agent))
    assert {"move-in", "report-a-repair", "confirm-contact-details"} <= set(everything)
    assert "coro-order-fulfilment" not in everything, "an event starts it, nobody else"
    turn(world.admin, "move-in", "assignable", False)
    turn(world.admin, "report-a-repair", "active", False)
    left = names(startable.assignable(world.agent))
    assert set(everything) - set(left) == {"move-in", "report-a-repair"}
    assert names(startable.requestable(world.tenant)) == ["move-in"], "still for customers"
    turn(world.admin, "move-in", "assignable", True)
    turn(world.admin, "report-a-repair", "active", True)
    assert names(startable.assignable(world.agent)) == everything


@pytest.mark.requirement("C24")
def test_what_cannot_be_started_is_not_offered(world: World) -> None:
    registry = catalogue.current()
    loaded = registry.flows["move-in"]
    archived = loaded.definition.model_copy(update={"archived": True})
    registry.flows["move-in"] = replace(loaded, definition=archived)
    assert "move-in" not in names(startable.assignable(world.agent))
    with pytest.raises(OutOfStep, match="archived"):
        startable.startable(world.agent, "move-in", "staff")


def test_who_is_offered_what(world: World) -> None:
    assert names(startable.assignable(world.reader)) == [], "without the permission there is nothing to choose"
    assert names(startable.assignable(world.tenant)) == []
    assert names(startable.requestable(world.agent)) == []
    assert names(startable.requestable(world.tenant)) == ["move-in", "report-a-repair"]


@pytest.mark.requirement("X10")
def test_a_switch_is_audited_once(world: World) -> None:
    for _ in range(2):
        turn(world.admin, "report-a-repair", "requestable", False)
    assert audited() == [("Ada Admin", "report-a-repair", {"requestable": [True, False]})]
    turn(world.admin, "report-a-repair", "requestable", True)
    assert [facts for _, _, facts in audited()][1:] == [{"requestable": [False, True]}]
    end_reading()
    rows = access.read_as(SYSTEM).scalars(select(FlowSwitch)).all()
    assert [(row.is_active, row.is_assignable, row.is_requestable) for row in rows] == [(True, True, True)]


def test_who_may_not_switch(world: World) -> None:
    for actor in (world.agent, world.reader, world.tenant):
        with pytest.raises(Refused) as refused:
            turn(actor, "report-a-repair", "active", False)
        assert refused.value.status == 403
    assert audited() == []


@pytest.mark.parametrize(("flow", "name"), [("nothing", "active"), ("report-a-repair", "visible")])
def test_what_is_not_there_cannot_be_switched(world: World, flow: str, name: str) -> None:
    with pytest.raises(Refused) as refused:
        turn(world.admin, flow, name, False)
    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("flow", "name"),
    [
        ("confirm-contact-details", "requestable"),
        ("coro-order-fulfilment", "active"),
        ("coro-order-fulfilment", "assignable"),
    ],
)
def test_a_way_that_the_file_does_not_offer_is_not_switched_on(world: World, flow: str, name: str) -> None:
    with pytest.raises(OutOfStep, match="its file does not say so"):
        turn(world.admin, flow, name, True)


@pytest.mark.requirement("C24")
def test_the_list_and_the_verb_say_the_same(world: World) -> None:
    turn(world.admin, "report-a-repair", "requestable", False)
    end_reading()
    with pytest.raises(OutOfStep, match="switched off"):
        startable.startable(world.tenant, "report-a-repair", "customer")
    with pytest.raises(OutOfStep, match="switched off"), unit_of_work(world.tenant) as work:
        beginning.start_by_customer(work, "report-a-repair", world.household, REPAIR)
    turn(world.admin, "report-a-repair", "requestable", True)
    end_reading()
    assert startable.startable(world.tenant, "report-a-repair", "customer").definition.title == "Report a repair"
    with unit_of_work(world.tenant) as work:
        beginning.start_by_customer(work, "report-a-repair", world.household, REPAIR)
    for name in ("nothing", "confirm-contact-details"):
        with pytest.raises(Refused):
            startable.startable(world.tenant, name, "customer")


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("", ["move-in", "report-a-repair"]),
        ("LEAK", ["report-a-repair"]),
        ("leak broken", ["report-a-repair"]),
        ("keys handing", ["move-in"]),
        ("leak keys", []),
        ("Onboarding", ["move-in"]),
        ("%", []),
        ("\0xyz", []),
    ],
)
def test_search_looks_at_title_summary_type_and_keywords(world: World, search: str, found: list[str]) -> None:
    assert names(startable.requestable(world.tenant, search)) == found


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_list_is_one_statement(world: World, count_statements: object, database: str) -> None:
    counted = count_statements()  # type: ignore[operator]
    startable.assignable(world.agent)
    assert len(counted) == 1
