"""Why: every reason agrees with the rows of its moment, says where its rule stands, and shows nothing private."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import firing
from flows.authoring.why import Look, Why, look_at, reasons
from flows.clock import clock
from flows.models import TimelineEvent
from flows.queries import health, past
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, Refused
from flows.rules.past import TRACES
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from tests import guided
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play
from tests.past.lives import life
from tests.past.test_past import FLOWS
from worker.commands.flows import flows

HERE = Path(guided.__file__).parent / "flows"
PLACE = re.compile(r"[\w/.-]+\.flow\.yaml:\d+")


@pytest.mark.requirement("X2", "X10")
@pytest.mark.parametrize("flow", FLOWS)
def test_every_reason_of_every_moment_agrees_with_the_rows(app: Flask, flow: str) -> None:
    with life(catalogue.current(), flow, 7, steps=25) as lived:
        reference = lived.stage.uid_of(lived.instance_id)
        whole = past.life_of(SYSTEM, reference)
        for moment in whole.moments:
            look = look_at(whole, SYSTEM, clock.now(), seq=moment.seq)
            for why in reasons(look):
                _agrees(look, why)
        end_reading()


def _agrees(look: Look, why: Why) -> None:
    assert why.what, why
    if why.place:
        assert PLACE.fullmatch(why.place), why
        file, _, line = why.place.rpartition(":")
        assert look.version.text.splitlines()[int(line) - 1].strip(), why
        assert file == look.version.plugin + "/" + look.version.flow + ".flow.yaml"
    if why.kind == "step" and why.key == "when":
        state = look.states[why.name]
        assert (state == "skipped") is (why.verdict is False), why
    if why.kind == "timer" and why.verdict is not None:
        row = next(one for one in health.timers_of(look.actor, look.life.today) if f"{one.name}.{one.n}" == why.name)
        assert why.verdict is (row.ending == "fired"), why
    if why.because is not None:
        assert why.because.seq <= look.instance.event_seq
        assert why.because.at <= look.at


@pytest.mark.requirement("X1", "X2")
def test_why_was_a_step_hidden_on_tuesday(play: Play) -> None:
    play.start()
    monday = clock.now()
    pets = _one(look_at(past.life_of(SYSTEM, play.ref), SYSTEM, monday), "step", "pets")
    assert (pets.verdict, pets.rule) == (None, "data.has_pets == true")
    assert [(one.name, one.text, one.known) for one in pets.values] == [("data.has_pets", "Not known yet", False)]
    assert pets.place.endswith("move-in.flow.yaml:47")
    clock.set(monday + timedelta(days=1))
    play.submit("household", HOUSEHOLD)
    clock.set(monday + timedelta(days=3))
    play.submit("identity", IDENTITY)
    now = _one(look_at(past.life_of(SYSTEM, play.ref), SYSTEM, clock.now()), "step", "pets")
    assert (now.verdict, now.what) == (False, "Tell us about your pets is hidden")
    assert [(one.name, one.text) for one in now.values] == [("data.has_pets", "No")]
    assert now.because is not None
    assert now.because.sentence == "Your household: answers sent"
    then = _one(look_at(past.life_of(SYSTEM, play.ref), SYSTEM, clock.now(), at=monday), "step", "pets")
    assert (then.verdict, then.values) == (None, pets.values)


@pytest.mark.requirement("C46")
def test_why_it_ended_by_itself_and_why_not(play: Play) -> None:
    play.start()
    play.submit("household", {"income": 100, "has_pets": False})
    look = look_at(past.life_of(SYSTEM, play.ref), SYSTEM, clock.now())
    ending = _one(look, "outcome", "household")
    assert (ending.verdict, ending.what) == (True, "“Not affordable” ended it when Your household was submitted")
    assert {one.name for one in ending.values} == {"data.income", "rent"}
    waiting = _one(look, "outcome", "identity")
    assert waiting.verdict is None
    assert "was not approved yet" in waiting.what


@pytest.mark.requirement("A10")
def test_why_a_timer_fired_or_did_not(play: Play) -> None:
    play.start()
    first = _one(look_at(past.life_of(SYSTEM, play.ref), SYSTEM, clock.now()), "timer", "nudge.1")
    assert (first.verdict, first.note) == (None, "As it is at this moment, it would fire")
    play.submit("household", HOUSEHOLD)
    play.submit("identity", IDENTITY)
    play.approve("identity")
    clock.set(play.now().due_at - timedelta(days=4))
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, play.now().id)
    held_back = _one(look_at(past.life_of(SYSTEM, play.ref), SYSTEM, clock.now()), "timer", "nudge.1")
    assert held_back.verdict is False
    assert "because its condition did not hold" in held_back.what
    assert [(one.name, one.text) for one in held_back.values] == [("instance.waiting_on", "staff")]


@pytest.mark.requirement("X10")
def test_what_was_before_it_began_is_said_so(play: Play) -> None:
    play.start()
    with pytest.raises(Invalid, match="it began on"):
        look_at(past.life_of(SYSTEM, play.ref), SYSTEM, clock.now(), at=clock.now().replace(year=2001))


@pytest.mark.requirement("X10")
def test_what_has_not_come_yet_is_said_so(play: Play) -> None:
    play.start()
    with pytest.raises(Invalid, match="Tuesday 3 November 2099, 9:00am has not come yet"):
        look_at(past.life_of(SYSTEM, play.ref), SYSTEM, clock.now(), at=datetime(2099, 11, 3, 9, tzinfo=UTC))


@pytest.mark.requirement("X10")
def test_a_past_that_was_not_recorded_is_not_guessed(play: Play) -> None:
    play.start()
    begun = clock.now()
    clock.set(begun + timedelta(days=1))
    play.submit("household", HOUSEHOLD)
    with unit_of_work(SYSTEM) as work:
        for row in work.session.scalars(select(TimelineEvent)):
            row.facts = {name: value for name, value in row.facts.items() if name != TRACES}
    clock.set(begun + timedelta(days=2))
    play.submit("identity", IDENTITY)
    with pytest.raises(Invalid, match="was not recorded before Tuesday 3 November 2026"):
        look_at(past.life_of(SYSTEM, play.ref), SYSTEM, clock.now(), at=begun)
    yesterday = look_at(past.life_of(SYSTEM, play.ref), SYSTEM, clock.now(), at=begun + timedelta(days=1, minutes=1))
    assert yesterday.states["identity"] == "open"
    assert yesterday.states["household"] == "completed"


@pytest.mark.requirement("X10")
def test_customers_do_not_look_back(play: Play) -> None:
    play.start()
    tenant = play.world.tenant
    with pytest.raises(Refused):
        past.life_of(tenant, play.ref)
    assert access.instance_to_read(tenant, play.ref)


@pytest.mark.requirement("X10")
@pytest.mark.parametrize("database", ["sqlite"])
def test_the_command_says_the_same_in_plain_words(
    play: Play, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    play.start()
    monkeypatch.setattr(Settings, "from_env", lambda *_args, **_more: replace(settings, flow_folders=str(HERE)))
    end_reading()
    ran = CliRunner().invoke(flows, ["why", play.ref, "--step", "pets"])
    assert ran.exit_code == 0, ran.output
    assert "rule   when: data.has_pets == true   (" in ran.output
    assert "move-in.flow.yaml:47)" in ran.output
    assert "holds  not yet known" in ran.output
    assert "read   data.has_pets = Not known yet" in ran.output
    wrong = CliRunner().invoke(flows, ["why", play.ref, "--step", "petz"])
    assert wrong.exit_code != 0
    assert "has no step called petz" in wrong.output


def _one(look: Look, kind: str, name: str) -> Why:
    return next(why for why in reasons(look) if (why.kind, why.name) == (kind, name))
