"""A request whose flow starts others: a visit that the customer sees, and a job in the house."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import beginning, closing, submitting
from flows.actions.beginning import Wish
from flows.catalogue.loader import load_packages
from flows.models import Effect, Instance, TimelineEvent
from flows.rules.actors import SYSTEM, Actor
from flows.work import end_reading, unit_of_work
from messaging import outbox
from tests.world import World

HERE = Path(__file__).parent
SHIPPED = [("department_task", "flows.plugins.department_task")]
AT_HOME = ("call", "start", "hear", "end")


@pytest.fixture
def parts() -> tuple[str, ...]:
    """Verbs are tested without any door."""
    return ()


@pytest.fixture(autouse=True)
def flows_that_start_flows(app: Flask) -> None:
    catalogue.use(load_packages(SHIPPED, [HERE / "flows"]))
    assert catalogue.current().broken == []


@dataclass
class House:
    """One request and what came of it; every method is one piece of work, `carry_out` does what is owed at home."""

    world: World
    ref: str = ""

    def report(self, by: Actor | None = None, **more: Any) -> Instance:
        with unit_of_work(by or self.world.tenant) as work:
            given = {"what": "Damp in the hall", **more}
            made = beginning.start_by_customer(work, "put-it-right", self.world.household, given)
            work.session.flush()
            self.ref = made.reference
        return self.now()

    def report_by_staff(self) -> Instance:
        with unit_of_work(self.world.agent) as work:
            wish = Wish(fields={"what": "Damp in the hall"})
            made = beginning.start_by_staff(work, "put-it-right", "usr_priya", wish)
            work.session.flush()
            self.ref = made.reference
        return self.now()

    def submit(self, step: str, ref: str = "", by: Actor | None = None, **given: Any) -> None:
        with unit_of_work(by or self.world.agent) as work:
            instance = access.instance_to_change(work, ref or self.ref)
            submitting.submit(work, instance, access.step_of(instance, step), given)

    def cancel(self, ref: str = "") -> None:
        with unit_of_work(self.world.admin) as work:
            closing.cancel_request(work, access.instance_to_change(work, ref or self.ref), "Not needed")

    def carry_out(self) -> int:
        """What is owed at home, and what that owes, until nothing is; how much it was."""
        done = 0
        while owed := self.owed():
            for one in owed:
                done += outbox.deliver(one.id)
        return done

    def owed(self, *states: str) -> list[Effect]:
        end_reading()
        query = select(Effect).where(Effect.kind.in_(AT_HOME), Effect.state.in_(states or ("pending",)))
        return list(access.read_as(SYSTEM).scalars(query.order_by(Effect.id)))

    def now(self, ref: str = "") -> Instance:
        end_reading()
        return access.instance_to_read(SYSTEM, ref or self.ref)

    def children(self, flow: str = "") -> list[Instance]:
        end_reading()
        query = select(Instance).where(Instance.parent_id.is_not(None)).order_by(Instance.id)
        found = access.read_as(SYSTEM).scalars(query).all()
        return [one for one in found if flow in ("", one.flow)]

    def states(self, ref: str = "") -> dict[str, str]:
        return {step.name: step.state for step in self.now(ref).steps}

    def told(self, ref: str = "") -> list[tuple[str, str]]:
        """Kind and words of what its timeline says about children, and of its beginning."""
        instance = self.now(ref)
        kinds = ("child_started", "child_ended", "instance_started", "effect_gave_up")
        query = select(TimelineEvent.kind, TimelineEvent.facts).where(
            TimelineEvent.instance_id == instance.id, TimelineEvent.kind.in_(kinds)
        )
        rows = access.read_as(SYSTEM).execute(query.order_by(TimelineEvent.seq))
        return [
            (kind, str(facts.get("status") or facts.get("parent") or facts.get("title", ""))) for kind, facts in rows
        ]


@pytest.fixture
def house(world: World) -> House:
    return House(world)
