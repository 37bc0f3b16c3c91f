"""A request full of private answers, with everybody who may or may not read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask

from flows import access, catalogue
from flows.actions import beginning, sealing, submitting
from flows.actions.beginning import Wish
from flows.models import Instance
from flows.rules.actors import SYSTEM, Actor
from flows.work import end_reading, unit_of_work
from tests.guided.conftest import SHIPPED, Play
from tests.private import plugin
from tests.served import serve
from tests.world import World

IBAN, INCOME, BORN, DIAGNOSIS = "GB33BUKB20201555555555", 87_654, "2019-05-04", "Coeliac disease"
EMERGENCY, CASE_CODE, PIN = "Auntie Meera 07700900123", "CC-20771", "4711-0815"
MONEY = {
    "iban": IBAN,
    "income": INCOME,
    "children": [{"name": "Asha", "born": BORN, "school": "Mill Road"}],
    "diagnosis": DIAGNOSIS,
}
OTHER_SECRET = "another secret of forty characters, at least"
"""A SECRET_KEY under which nothing was sealed."""
SECRETS = (IBAN, str(INCOME), "876.54", BORN, "4 May 2019", DIAGNOSIS, EMERGENCY, CASE_CODE, PIN)


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ("messaging", "portal", "admin")


@pytest.fixture(autouse=True)
def served(app: Flask) -> Iterator[None]:
    """The flow of these tests."""
    before = catalogue.current()
    serve([*SHIPPED, ("private-play", "tests.private.plugin")])
    plugin.HANDED.clear()
    yield
    catalogue.use(before)


class Confided(Play):
    """The request of the tenant, and what is done in it."""

    def begin(self) -> Instance:
        wish = Wish(inputs={"case_code": CASE_CODE}, fields={"emergency": EMERGENCY})
        with unit_of_work(self.world.agent) as work:
            instance = beginning.start_by_staff(work, "support", "usr_priya", wish)
            work.session.flush()
            self.ref = instance.reference
        return self.now()

    def draft(self, name: str, given: Mapping[str, Any], by: Actor | None = None, merge: bool = False) -> None:
        with unit_of_work(by or self.world.tenant) as work:
            submitting.save_draft(work, *self._at(work, name), given, merge=merge)

    def form(self, name: str, actor: Actor) -> dict[str, Any]:
        """What the form of this actor is filled with."""
        end_reading()
        instance = access.instance_to_read(actor, self.ref)
        step = access.step_of(instance, name)
        session = access.read_as(actor)
        definition = self.definition()
        return submitting.values_to_show(session, instance, definition, step, instance.created_at, actor)

    def answers(self, name: str) -> dict[str, Any]:
        """What was given in a step, in clear."""
        return sealing.opened(self.definition().steps[name].fields, self.step(name).answers)

    def definition(self) -> Any:
        return catalogue.current().flows["support"].definition


@pytest.fixture
def confided(world: World) -> Confided:
    """A request that has begun."""
    play = Confided(world)
    play.begin()
    return play


def everything_stored() -> list[str]:
    """Every value of every row of every table, as text."""
    from flows.db import db
    from flows.models import Base

    end_reading()
    access.read_as(SYSTEM)
    rows = [row for table in Base.metadata.sorted_tables for row in db.session.execute(table.select()).all()]
    return [str(value) for row in rows for value in row]
