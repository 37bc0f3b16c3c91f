"""Random lives move to a random other version and back: everything holds there, and every row is as it was here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from flows import access, catalogue
from flows.actions import migrating, snapshots, versions
from flows.authoring.play.beginning import Opening, begin, ways_of
from flows.authoring.play.fuzz import START, Life, Report
from flows.authoring.play.sandbox import Sandbox, sandbox
from flows.catalogue.loader import load_packages
from flows.catalogue.registry import LoadedFlow, Registry
from flows.db import db
from flows.models import Base, Step
from flows.queries import invariants
from flows.rules.actors import SYSTEM
from flows.rules.errors import OutOfStep
from flows.work import end_reading, unit_of_work
from tests.changing import mutations
from tests.changing.conftest import Changing
from tests.changing.test_migrating import NEW_STEP, RENAMED
from tests.guided.conftest import HOUSEHOLD, IDENTITY, SHIPPED

LIVES = 14
FLOWS = ("move-in", "tenant-onboarding", "department-request", "coro-order-fulfilment")
NOT_RESTORED = {
    **{model.__tablename__: columns for model, columns in snapshots.LIVING.items()},
    "timeline_events": None, "flow_migrations": None, "flow_versions": None,
}  # fmt: skip
"""What a move and the way back leave behind: stamps that only rise, and that both stand in the timeline."""


def rows() -> dict[str, list[Any]]:
    """Every row of every table as the database has it, without what is not restored."""
    end_reading()
    found = {}
    for table in Base.metadata.sorted_tables:
        living = NOT_RESTORED.get(table.name, ())
        if living is not None and "id" in table.columns:
            names = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in living)
            found[table.name] = (
                access.read_as(SYSTEM).execute(text(f'SELECT {names} FROM "{table.name}" ORDER BY id')).all()
            )
    end_reading()
    return {name: [tuple(row) for row in several] for name, several in found.items()}


def broken() -> dict[str, list[str]]:
    found = invariants.broken_rows(access.read_as(SYSTEM))
    end_reading()
    return found


class Turned(Life):
    """A random life that is moved in the middle of it."""

    def turn(self, met: Counter[str]) -> None:
        way = self.dice.choice(ways_of(self.registry.flows[self.name].definition))
        with sandbox(self.registry, self.name, START, "Europe/London") as stage:
            begin(stage, Opening(way), self.dice)
            report = Report(self.name, 0)
            for _ in range(self.dice.randint(0, self.steps)):
                self._step(stage, Opening(way), report)
            changed, how = mutations.another(self.registry, self.name, self.dice)
            self.story.append(f"the flow changes: {', '.join(how)}")
            for instance_id in stage.instances[:1]:
                met[self._there_and_back(stage, instance_id, changed)] += 1

    def _there_and_back(self, stage: Sandbox, instance_id: int, changed: LoadedFlow) -> str:
        before = rows()
        self._serve(stage, changed)
        try:
            with unit_of_work(SYSTEM) as work:
                version = versions.publish(work, changed)
                instance = access.instance_to_change(work, instance_id)
                verdict = migrating.migrate(work, instance, version, yellow=True).verdict
        except OutOfStep as refusal:
            assert rows() == before, self.story
            return "red" if " is red" in str(refusal) else "ended"
        assert broken() == {}, (self.story, broken())
        with unit_of_work(SYSTEM) as work:
            migrating.undo(work, access.instance_to_change(work, instance_id))
        assert broken() == {}, (self.story, broken())
        after = rows()
        assert {name: after[name] for name in after if after[name] != before[name]} == {}, self.story
        with unit_of_work(SYSTEM) as work:  # there for good, and it lives on
            version = versions.publish(work, changed)
            migrating.migrate(work, access.instance_to_change(work, instance_id), version, yellow=True)
        report = Report(self.name, 0)
        for _ in range(6):
            self._step(stage, Opening(), report)
            assert broken() == {}, (self.story, broken())
        return verdict

    def _serve(self, stage: Sandbox, changed: LoadedFlow) -> None:
        registry = catalogue.current()
        registry.flows = {**registry.flows, self.name: changed}
        stage.loaded = changed


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_packages(SHIPPED, [Path(__file__).parents[1] / "guided" / "flows"])


@pytest.mark.requirement("X13")
@pytest.mark.parametrize("name", FLOWS)
def test_random_lives_go_there_and_back(registry: Registry, name: str) -> None:
    met: Counter[str] = Counter()
    for number in range(LIVES):
        Turned(registry, name, Random(f"{name}.{number}"), 18).turn(met)  # a game
    assert met["green"] + met["yellow"] > LIVES // 4, met


@pytest.mark.requirement("X13")
def test_the_way_back_leaves_no_trace_on_either_database(change: Changing) -> None:
    change.start()
    change.submit("identity", IDENTITY)
    change.send_back("identity", remarks={"legal_name": "As in your passport"})
    change.submit("household", HOUSEHOLD)
    number = change.write(*RENAMED, *NEW_STEP, ("before_due: [3wd, 1wd]", "before_due: [2wd]"))
    before = rows()
    change.migrate(number)
    assert rows()["steps"] != before["steps"]
    change.undo()
    assert rows() == before
    assert db.session.query(Step).filter(Step.name == "meter").count() == 0
