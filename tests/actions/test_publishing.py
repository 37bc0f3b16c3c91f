"""An event that a plugin declares: its payload is held against its type, and a repeat begins nothing."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask

from flows import catalogue
from flows.actions import publishing
from flows.catalogue.loader import load_packages
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid
from flows.work import unit_of_work
from tests.world import World


@pytest.fixture(autouse=True)
def served(app: Flask) -> None:
    catalogue.use(load_packages([("lifts", "tests.actions.lifts")]))
    assert catalogue.current().broken == []


def publish(event: str = "lifts.due", **payload: object) -> list[str]:
    with unit_of_work(SYSTEM) as work:
        return [one.inputs["on"] for one in publishing.publish(work, event, payload)]


@pytest.mark.requirement("A2", "D2")
def test_what_starts_with_it_begins_once(world: World) -> None:
    due = {"tenant": world.household, "building": "Mill House", "on": "2027-01-31"}
    assert publish(**due) == ["2027-01-31"]
    assert publish(**due) == [], "delivered again"
    assert publish(**{**due, "on": date(2028, 1, 31)}) == ["2028-01-31"]
    assert publish(**{**due, "building": "Elsewhere"}) == [], "its condition"


@pytest.mark.requirement("A2", "D2")
def test_what_does_not_fit_is_refused_whole(world: World) -> None:
    with pytest.raises(Invalid, match="did you mean 'lifts") as unknown:
        publish("lifts.deu")
    assert unknown.value.problems[0].pointer == "/event"
    with pytest.raises(Invalid) as wrong:
        publish(tenant=world.household, on="soon")
    assert [problem.pointer for problem in wrong.value.problems] == ["/payload/building", "/payload/on"]
    with pytest.raises(Invalid, match="is no customer"):
        publish(tenant="usr_nobody", building="Mill House", on="2027-01-31")
