"""Looking back beyond a move to another version: every answer of then, under the names of then (X10, X13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flows import access
from flows.actions import versions
from flows.actions.scope import scope_of
from flows.authoring.play.recording import record
from flows.authoring.why import look_at, reasons
from flows.clock import clock
from flows.queries import past
from flows.rules.actors import SYSTEM
from flows.rules.past import OF_STEP
from flows.work import end_reading
from tests.changing.conftest import Changing
from tests.guided.conftest import HOUSEHOLD, IDENTITY
from tests.world import World

NAMED_ANEW = (
    ("  household:\n", "  home:\n"),
    ("needs: [identity, household]", "needs: [identity, home]"),
    ("      has_pets:", "      animals:"),
    ("data.has_pets", "data.animals"),
    ("    rent: {type", "    rent_a_month: {type"),
    ("* 2 < rent * 5", "* 2 < rent_a_month * 5"),
)
TWO = (*NAMED_ANEW, ("rating: {", "moved: {household: home, has_pets: animals, rent: rent_a_month}\n\nrating: {"))
THREE = (
    *NAMED_ANEW,
    ("      legal_name:", "      whole_name:"),
    (
        "  keys:\n",
        "  garden:\n    title: Garden\n    actor: customer\n    fields: {size: {type: text, label: Size}}\n  keys:\n",
    ),
    ("rating: {", "moved: {legal_name: whole_name}\n\nrating: {"),
)


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ()


@pytest.fixture
def change(app: Flask, world: World, tmp_path: Path) -> Changing:
    found = Changing(world, folder=tmp_path)
    found.write()
    return found


@dataclass(frozen=True)
class Seen:
    """What the rows said at a moment."""

    seq: int
    at: datetime
    steps: list[tuple[Any, ...]]
    answers: dict[str, Any]
    inputs: dict[str, Any]
    scope: dict[str, Any]


def seen(change: Changing) -> Seen:
    end_reading()
    session, row, now = access.read_as(SYSTEM), change.now(), clock.now()
    return Seen(
        row.event_seq,
        now,
        [tuple(getattr(step, name) for name in OF_STEP) for step in row.steps],
        {step.name: step.answers for step in row.steps if step.attempt},
        row.inputs,
        scope_of(session, row, versions.definition_of(session, row), now),
    )


@pytest.mark.requirement("X10", "X13")
def test_what_was_answered_is_seen_beyond_every_move(change: Changing) -> None:
    change.start()
    life = [seen(change)]
    change.submit("household", HOUSEHOLD)
    life.append(seen(change))
    change.migrate(change.write(*TWO))
    life.append(seen(change))
    change.submit("identity", IDENTITY)
    change.send_back("identity", remarks={"legal_name": "In full, please"})
    life.append(seen(change))
    change.migrate(change.write(*THREE))
    life.append(seen(change))
    change.undo()
    life.append(seen(change))
    assert ["home" in one.answers for one in life] == [False, False, True, True, True, True]
    whole = past.life_of(SYSTEM, change.ref)
    for real in life:
        look = look_at(whole, SYSTEM, clock.now(), seq=real.seq)
        was = look.instance
        assert [tuple(getattr(step, name) for name in OF_STEP) for step in was.steps] == real.steps
        assert {step.name: step.answers for step in was.steps if step.attempt} == real.answers
        assert was.inputs == real.inputs
        session = access.read_as(SYSTEM)
        was.flow_version_id = look.version.id
        assert scope_of(session, was, look.definition, real.at) == real.scope
    end_reading()


@pytest.mark.requirement("X10", "X13")
def test_why_reads_the_answers_of_then(change: Changing) -> None:
    change.start()
    change.submit("household", HOUSEHOLD)
    answered = change.now().event_seq
    change.migrate(change.write(*TWO))
    look = look_at(past.life_of(SYSTEM, change.ref), SYSTEM, clock.now(), seq=answered)
    why = next(one for one in reasons(look) if (one.kind, one.name, one.key) == ("step", "pets", "when"))
    assert (why.written, [(value.name, value.text) for value in why.values]) == (
        "when: data.has_pets == true", [("data.has_pets", "Yes" if HOUSEHOLD["has_pets"] else "No")]
    )  # fmt: skip
    end_reading()


@pytest.mark.requirement("X13", "X32")
def test_a_life_that_moved_is_recorded_under_the_names_of_today(change: Changing) -> None:
    change.start()
    change.submit("household", HOUSEHOLD)
    change.submit("identity", IDENTITY)
    change.send_back("identity", remarks={"legal_name": "In full, please"})
    change.migrate(change.write(*TWO))
    change.migrate(change.write(*THREE))
    change.submit("identity", {"whole_name": "Priya Shah", "right_to_rent": "y"})
    recorded = record(change.ref)
    assert "household" not in recorded.text
    assert "submit: home" in recorded.text
    assert "remarks: {whole_name: Sample}" in recorded.text
    assert "# not played: the move from version 1 to version 2 at " in recorded.text
    assert "# not played: the move from version 2 to version 3 at " in recorded.text


@pytest.mark.requirement("X13", "X32")
def test_a_life_whose_move_only_renamed_plays(change: Changing) -> None:
    change.start()
    change.submit("household", HOUSEHOLD)
    change.migrate(change.write(*TWO))
    change.submit("identity", IDENTITY)
    change.approve("identity")
    recorded = record(change.ref)
    assert recorded.failures == (), f"{recorded.text}{recorded.failures}"
