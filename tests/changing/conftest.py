"""A flow in two versions: requests that run on the first, and short words for changing it under them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from flows import access, catalogue
from flows.actions import migrating, versions
from flows.actions.foreseeing import foresee
from flows.catalogue.loader import load_packages
from flows.catalogue.registry import Registry
from flows.clock import clock
from flows.models import FlowVersion
from flows.queries import invariants
from flows.rules.actors import SYSTEM, Actor
from flows.rules.migrations import Plan
from flows.work import end_reading, unit_of_work
from tests.guided.conftest import SHIPPED, Play
from tests.world import World

V1 = (Path(__file__).parents[1] / "guided" / "flows" / "move-in.flow.yaml").read_text()


@pytest.fixture
def parts() -> tuple[str, ...]:
    """Verbs are tested without any door."""
    return ()


def changed(text: str, *changes: tuple[str, str]) -> str:
    """The text with these replacements, each of something that is there."""
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return text


@dataclass
class Changing(Play):
    """A request of the flow, and the file of the flow."""

    folder: Path = Path()

    def write(self, *changes: tuple[str, str], text: str = V1, name: str = "move-in") -> int:
        """The file with these replacements is loaded and published; its number."""
        (self.folder / f"{name}.flow.yaml").write_text(changed(text, *changes), encoding="utf-8")
        registry = self.load()
        with unit_of_work(SYSTEM) as work:
            return versions.publish(work, registry.flows[name]).number

    def load(self) -> Registry:
        """Serve what the file says now; nobody has begun with it yet."""
        registry = load_packages(SHIPPED, [self.folder])
        assert not registry.broken, registry.broken[0].problems[0].text()
        catalogue.use(registry)
        return registry

    def version(self, number: int) -> FlowVersion:
        end_reading()
        query = select(FlowVersion).where(FlowVersion.number == number, FlowVersion.flow == self.now().flow)
        return access.read_as(SYSTEM).scalars(query).one()

    def plan(self, number: int) -> Plan:
        target = versions.of_version(self.version(number))
        return foresee(access.read_as(SYSTEM), self.now(), target, clock.now()).plan

    def said(self, number: int) -> tuple[str, list[str]]:
        """The verdict, and every reason without its cure."""
        plan = self.plan(number)
        return plan.verdict, [one.text for one in plan.reasons]

    def spoil(self, number: int) -> None:
        """The text of a version as a newer Baton may have written it: this one cannot read it."""
        with unit_of_work(SYSTEM) as work:
            text = "flow: move-in\nschema: 1\nnonsense: 1\n"
            work.session.execute(update(FlowVersion).where(FlowVersion.number == number).values(text=text))
        versions._definitions.clear()

    def migrate(self, number: int, by: Actor | None = None, yellow: bool = True, run: str | None = None) -> Plan:
        version = self.version(number)
        with unit_of_work(by or self.world.admin) as work:
            instance = access.instance_to_change(work, self.ref)
            plan = migrating.migrate(work, instance, work.session.merge(version, load=False), yellow=yellow, run=run)
        self.check()
        return plan

    def undo(self, by: Actor | None = None, run: str | None = None) -> None:
        with unit_of_work(by or self.world.admin) as work:
            migrating.undo(work, access.instance_to_change(work, self.ref), run)
        self.check()

    def check(self) -> None:
        end_reading()
        assert invariants.broken_rows(access.read_as(SYSTEM)) == {}


@pytest.fixture
def change(app: Flask, world: World, tmp_path: Path) -> Changing:
    found = Changing(world, folder=tmp_path)
    found.write()
    return found
