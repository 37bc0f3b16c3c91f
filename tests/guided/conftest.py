"""Guided requests through their verbs: a flow of the shape of the shipped one, and short words for what people do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import assigning, beginning, closing, reopening, reviewing, submitting
from flows.actions.beginning import Wish
from flows.models import Instance, Step, TimelineEvent, User
from flows.rules.actors import SYSTEM, Actor
from flows.rules.past import TRACES
from flows.work import Work, end_reading, unit_of_work
from tests.served import serve
from tests.world import World

SHIPPED = [
    (name, f"flows.plugins.{name}")
    for name in ("coro", "shop", "department_request", "department_task", "tenant_onboarding")
]
IDENTITY = {"legal_name": "Priya Shah", "right_to_rent": "y"}
HOUSEHOLD = {"income": 300_000, "has_pets": False}


@pytest.fixture
def parts() -> tuple[str, ...]:
    """Verbs are tested without any door."""
    return ()


@pytest.fixture(autouse=True)
def move_in(app: Flask) -> Iterator[None]:
    before = catalogue.current()
    serve(SHIPPED, Path(__file__).parent / "flows")
    yield
    catalogue.use(before)


@dataclass
class Play:
    """A request and who does what in it; every method is one piece of work, and `now()` reads it anew."""

    world: World
    ref: str = ""

    def start(self, flow: str = "move-in", **wish: Any) -> Instance:
        wish.setdefault("inputs", {"rent": 100_000})
        with unit_of_work(self.world.agent) as work:
            instance = beginning.start_by_staff(work, flow, "usr_priya", Wish(**wish))
            work.session.flush()
            self.ref = instance.reference
        return self.now()

    def now(self) -> Instance:
        end_reading()
        return access.instance_to_read(SYSTEM, self.ref)

    def states(self) -> dict[str, str]:
        return {step.name: step.state for step in self.now().steps}

    def step(self, name: str) -> Step:
        step = self.now().step(name)
        assert step is not None
        return step

    def kinds(self) -> list[str]:
        end_reading()
        query = select(TimelineEvent.kind).where(TimelineEvent.instance_id == self.now().id).order_by(TimelineEvent.seq)
        return list(access.read_as(SYSTEM).scalars(query))

    def facts(self, kind: str) -> Mapping[str, Any]:
        end_reading()
        query = select(TimelineEvent.facts).where(
            TimelineEvent.instance_id == self.now().id, TimelineEvent.kind == kind
        )
        found = list(access.read_as(SYSTEM).scalars(query.order_by(TimelineEvent.seq)))[-1]
        return {name: value for name, value in found.items() if name != TRACES}

    def _at(self, work: Work, name: str) -> tuple[Instance, Step]:
        instance = access.instance_to_change(work, self.ref)
        return instance, access.step_of(instance, name)

    def submit(self, name: str, given: Mapping[str, Any], by: Actor | None = None, **more: Any) -> None:
        with unit_of_work(by or self.world.tenant) as work:
            submitting.submit(work, *self._at(work, name), given, **more)

    def approve(self, name: str, by: Actor | None = None, **more: Any) -> None:
        with unit_of_work(by or self.world.agent) as work:
            reviewing.approve(work, *self._at(work, name), **more)

    def send_back(self, name: str, message: str = "Please look again", by: Actor | None = None, **more: Any) -> None:
        with unit_of_work(by or self.world.agent) as work:
            reviewing.return_for_resubmission(work, *self._at(work, name), message=message, **more)

    def close(self, name: str, by: Actor | None = None, **more: Any) -> None:
        more = {"reason": "False papers", "message": "We could not go ahead.", **more}
        with unit_of_work(by or self.world.agent) as work:
            reviewing.close_request(work, *self._at(work, name), **more)

    def reopen(self, name: str, by: Actor | None = None, **more: Any) -> None:
        with unit_of_work(by or self.world.agent) as work:
            reopening.reopen_step(work, *self._at(work, name), **more)

    def confirm(self, name: str, by: Actor | None = None) -> None:
        with unit_of_work(by or self.world.agent) as work:
            reopening.confirm_step(work, *self._at(work, name))

    def assign(self, to: str | None, by: Actor | None = None, **more: Any) -> None:
        with unit_of_work(by or self.world.agent) as work:
            user = work.session.scalar(select(User).where(User.uid == to)) if to else None
            assigning.assign(work, access.instance_to_change(work, self.ref), user, **more)

    def conclude(
        self, outcome: str = "complete", message: str = "Well done", by: Actor | None = None, **more: Any
    ) -> None:
        with unit_of_work(by or self.world.agent) as work:
            closing.conclude(work, access.instance_to_change(work, self.ref), outcome, message, **more)

    def through(self, *, pets: bool = False) -> None:
        """Everything up to the outcome, as it should go."""
        self.submit("identity", IDENTITY)
        self.approve("identity")
        self.submit("household", {**HOUSEHOLD, "has_pets": pets})
        if pets:
            self.submit("pets", {"pet_name": "Rex"})
            self.approve("pets", by=self.world.admin)
        self.submit("inspection", {"found": "All well"}, by=self.world.agent)
        self.submit("keys", {"slot": "Monday"})


@pytest.fixture
def play(world: World) -> Play:
    return Play(world)
