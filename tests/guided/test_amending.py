"""A step or a question more for this one instance, and who works on it (C26 to C32, C39, C40)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import amending, assigning, standing_in, versions
from flows.clock import clock
from flows.models import User
from flows.queries import timeline
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, OutOfStep, Refused, Stale
from flows.work import unit_of_work
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play


def add_step(play: Play, by: object = None, **more: object) -> str:
    with unit_of_work(by or play.world.agent) as work:  # type: ignore[arg-type]
        instance = access.instance_to_change(work, play.ref)
        given = {"title": "Show us the meter", "actor": "customer", **more}
        return amending.add_step(work, instance, str(given.pop("after", "identity")), **given).name  # type: ignore[arg-type]


def add_field(play: Play, name: str, by: object = None, **question: object) -> str:
    with unit_of_work(by or play.world.agent) as work:  # type: ignore[arg-type]
        instance = access.instance_to_change(work, play.ref)
        given = {"label": "Previous address", "type": "textarea", "required": True, **question}
        return amending.add_field(work, instance, access.step_of(instance, name), given)


@pytest.mark.requirement("C39", "Q25")
def test_a_step_is_added_below_another_for_this_instance_alone(play: Play) -> None:
    play.start()
    name = add_step(play, approval=True)
    assert name == "show_us_the_meter"
    instance = play.now()
    assert [step.name for step in instance.steps][:3] == ["identity", name, "household"]
    assert (play.states()[name], instance.steps_total) == ("open", 5)
    rule = versions.definition_of(access.read_as(SYSTEM), instance).steps[name]
    assert (rule.title, rule.actor, list(rule.fields)) == (
        "Show us the meter",
        "customer",
        ["show_us_the_meter_answer"],
    )
    assert name not in catalogue.current().flows["move-in"].definition.steps
    play.submit(name, {"show_us_the_meter_answer": "4711"})
    assert play.now().status == "awaiting_review"
    play.approve(name)
    assert play.states()[name] == "completed"
    assert play.facts("step_added")["after"] == "identity"


@pytest.mark.requirement("C39")
def test_a_step_of_staff_and_what_is_refused(play: Play) -> None:
    play.start()
    name = add_step(play, title="Call the tenant", actor="staff", after="keys")
    play.submit(name, {}, by=play.world.agent)
    assert play.states()[name] == "completed"
    with pytest.raises(Invalid) as wrong:
        add_step(play, title=" ", actor="robot", after="nowhere", questions=[{"label": "", "type": "x"}])
    assert {one.pointer for one in wrong.value.problems} == {
        "/title", "/actor", "/after", "/questions/0/label", "/questions/0/type",
    }  # fmt: skip
    for nobody in (play.world.reader, play.world.tenant):
        with pytest.raises(Refused):
            add_step(play, by=nobody)


def test_two_steps_of_one_name_are_two(play: Play) -> None:
    play.start()
    assert (add_step(play), add_step(play)) == ("show_us_the_meter", "show_us_the_meter_2")
    assert len({step.position for step in play.now().steps}) == len(play.now().steps)


@pytest.mark.requirement("C40", "Q25")
def test_a_question_is_added_to_an_active_step(play: Play) -> None:
    play.start()
    seen = play.step("identity").version
    name = add_field(play, "identity", hint="Of the last three years")
    assert name == "previous_address"
    with pytest.raises(Stale):
        play.submit("identity", IDENTITY, version=seen)
    with pytest.raises(Invalid, match="previous address"):
        play.submit("identity", IDENTITY)
    play.submit("identity", {**IDENTITY, name: "1 Old Road"})
    assert play.step("identity").answers[name] == "1 Old Road"


@pytest.mark.requirement("C40", "Q25")
def test_a_question_on_a_pending_step_hands_it_back(play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    name = add_field(play, "identity", type="choice", options=["Passport", "Driving licence"], label="Which paper?")
    step = play.step("identity")
    assert step.remark is not None
    assert (step.state, step.answers["legal_name"]) == ("returned", "Priya Shah")
    assert "Which paper?" in step.remark["message"]
    rule = versions.definition_of(access.read_as(SYSTEM), play.now()).steps["identity"]
    play.submit("identity", {**IDENTITY, name: next(iter(rule.fields[name].options))})


@pytest.mark.requirement("C40")
def test_no_question_on_a_completed_step(play: Play) -> None:
    play.start()
    play.submit("household", HOUSEHOLD)
    with pytest.raises(OutOfStep, match="Reopen it first"):
        add_field(play, "household")
    with pytest.raises(Invalid, match="two different options"):
        add_field(play, "identity", type="choice", options=["One", "One"])
    with pytest.raises(Invalid, match="plain words"):
        add_field(play, "identity", label="${{ customer.name }}")


@pytest.mark.requirement("C29", "C30", "C31", "C32")
def test_assigned_with_a_note_and_kept_in_the_history(play: Play) -> None:
    play.start()
    with unit_of_work(play.world.agent) as work:
        assigning.take(work, access.instance_to_change(work, play.ref))
    assert play.now().assignee_id == play.world.user_ids["agent"]
    play.assign("usr_ada", note="Has the keys")
    play.assign(None)
    entries = [entry for entry in timeline.of_instance(play.world.admin, play.now()) if entry.kind == "assigned"]
    assert [entry.sentence for entry in entries] == [
        "Assigned to Gus Agent.",
        "Assigned to Ada Admin. Has the keys",
        "Taken from Ada Admin; unassigned now.",
    ]
    seen = [entry.sentence for entry in timeline.of_instance(play.world.tenant, play.now()) if entry.kind == "assigned"]
    assert seen == []


@pytest.mark.requirement("C30")
def test_who_may_be_assigned_and_by_whom(play: Play) -> None:
    play.start()
    with pytest.raises(Invalid, match="colleague"):
        play.assign("usr_priya")
    with pytest.raises(OutOfStep, match="nobody already"):
        play.assign(None)
    with pytest.raises(Refused):
        play.assign("usr_ada", by=play.world.reader)
    with pytest.raises(Stale):
        play.assign("usr_ada", version=play.now().version + 1)


@pytest.mark.requirement("X6")
def test_whoever_is_away_is_stood_in_for(play: Play) -> None:
    play.start()
    today = clock.now().date()
    with unit_of_work(play.world.admin) as work:
        ada = work.session.scalars(select(User).where(User.uid == "usr_ada")).one()
        gus = work.session.scalars(select(User).where(User.uid == "usr_gus")).one()
        standing_in.delegate(work, ada, gus, today, today)
    play.assign("usr_ada", by=play.world.admin)
    assert play.now().assignee_id == play.world.user_ids["agent"]
    assert play.facts("assigned")["instead_of"] == "Ada Admin"
