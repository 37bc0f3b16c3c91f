"""A flow starts another one below an instance, once; the parent hears of it; who sees it; and what ends with what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows import access, catalogue
from flows.actions import acting, beginning, closing, delivering, sealing
from flows.actions.beginning import Wish
from flows.actions.children import DEEPEST
from flows.actions.scope import scope_of
from flows.catalogue.loader import load_packages
from flows.clock import clock
from flows.models import Department, Effect, Instance
from flows.queries import family, invariants, timeline
from flows.rules.actors import SYSTEM
from flows.rules.errors import Refused
from flows.work import end_reading, unit_of_work
from messaging import outbox
from tests.children.conftest import HERE, SHIPPED, House


def with_a_visit(house: House) -> Instance:
    house.report()
    house.submit("look", visit=True)
    house.carry_out()
    [visit] = house.children("home-visit")
    return visit


@pytest.mark.requirement("D2")
def test_an_effect_starts_a_child_for_the_same_customer(house: House) -> None:
    visit = with_a_visit(house)
    parent = house.now()
    assert (visit.parent_id, visit.organisation_id, visit.customer_id) == (
        parent.id,
        parent.organisation_id,
        parent.customer_id,
    )
    assert (visit.source, visit.creator_id, visit.inputs["about"]) == (
        "event",
        house.world.agent.user_id,
        parent.inputs["what"],
    )
    assert ("child_started", visit.title) in house.told()
    assert house.told(visit.reference) == [("instance_started", house.ref)]


@pytest.mark.requirement("D2")
def test_a_child_that_ends_with_its_parent_does_not_start_after_it(
    house: House, move_clock: Callable[..., datetime]
) -> None:
    house.report()
    house.submit("look", visit=True)
    move_clock(to=clock.now() + timedelta(seconds=1))
    house.cancel()
    house.carry_out()
    assert house.children("home-visit") == []
    assert house.owed("pending", "incident") == []
    told = timeline.of_instance(house.world.agent, house.now())[-1]
    assert told.sentence == "start home-visit was skipped: what it was a part of had ended already"


@pytest.mark.requirement("D2")
def test_a_parent_goes_on_when_its_child_is_done(house: House) -> None:
    visit = with_a_visit(house)
    assert house.states() == {"look": "completed", "visit": "open", "answer": "locked"}
    assert house.now().waiting_on == "system"
    house.submit("time", visit.reference, house.world.tenant, day="Friday")
    house.carry_out()
    assert house.states()["visit"] == "open", "begun is not done"
    house.submit("go", visit.reference, found="well")
    house.carry_out()
    assert house.states() == {"look": "completed", "visit": "completed", "answer": "open"}
    assert ("child_ended", "completed") in house.told()
    assert not any(invariants.broken(access.read_as(SYSTEM)).values())


@pytest.mark.requirement("D2")
def test_without_the_condition_nothing_starts(house: House) -> None:
    house.report()
    house.submit("look", visit=False)
    assert house.carry_out() == 0
    assert house.children() == []
    assert house.states() == {"look": "completed", "visit": "skipped", "answer": "open"}


@pytest.mark.requirement("D2", "B6")
def test_a_job_in_the_house_goes_to_its_department_and_is_not_shown(house: House) -> None:
    house.report()
    house.submit("look", visit=False, job="Clear the gutter", who="Repairs")
    house.carry_out()
    [job] = house.children("house-job")
    assert (job.title, job.state, job.is_internal) == ("Clear the gutter", "New", True)
    assert (job.department_id is not None, job.assignee_id) == (True, house.world.agent.user_id)
    definition = catalogue.current().flows["put-it-right"].definition
    end_reading()
    assert family.children(house.world.tenant, house.now(), definition) == []
    end_reading()
    assert [one.reference for one in family.children(house.world.reader, house.now(), definition)] == [job.reference]
    end_reading()
    with pytest.raises(Refused):
        access.instance_to_read(house.world.tenant, job.reference)
    said = [entry.sentence for entry in timeline.of_instance(house.world.tenant, house.now())]
    assert not any("gutter" in sentence for sentence in said)


@pytest.mark.requirement("X1")
def test_a_condition_over_a_child_means_the_same_whoever_acts(house: House, tmp_path: Path) -> None:
    """The customer does not see an internal child; what waits for it must not change when they act."""
    serve(tmp_path, SHIPPED_TEXT.replace("with_parent: true}", "internal: true}"))
    visit = with_a_visit(house)
    assert visit.is_internal
    definition = catalogue.current().flows["put-it-right"].definition
    with unit_of_work(house.world.tenant) as work:
        parent = access.instance_to_change(work, house.ref)
        scope = scope_of(work.session, parent, definition, work.now, {"child"})
    words = {"ref": visit.reference, "status": "not_started", "state": "", "outcome": "", "open": True}
    assert scope["child"] == {"home_visit": words}


@pytest.mark.requirement("X20")
def test_a_private_answer_waits_sealed_and_is_sealed_again_in_the_child(house: House) -> None:
    house.report(code="4711")
    house.submit("look", visit=True)
    [owed] = house.owed()
    assert "4711" not in str(owed.payload)
    house.carry_out()
    [visit] = house.children()
    assert "4711" not in str(visit.inputs)
    assert sealing.unsealed(visit.inputs["code"]) == "4711"


@pytest.mark.requirement("D2")
def test_a_redelivered_effect_starts_nothing_more(house: House) -> None:
    visit = with_a_visit(house)
    [owed] = [one for one in house.owed("done") if one.kind == "start"]
    assert outbox.deliver(owed.id) is False
    with unit_of_work(SYSTEM) as work:  # as if its being done had been lost
        work.session.get_one(Effect, owed.id).state = "pending"
    assert outbox.deliver(owed.id) is True
    assert [one.reference for one in house.children()] == [visit.reference]


@pytest.mark.requirement("D2")
@given(orders=st.lists(st.sampled_from(["deliver", "lose", "retry"]), max_size=12))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_often_it_is_delivered_one_child_starts(house: House, orders: list[str]) -> None:
    """`lose` forgets that it was done, as a restored copy would; what is asked of it is asked again."""
    before = len(house.children())
    house.report()
    house.submit("look", visit=True)
    [effect_id] = [one.id for one in house.owed() if one.kind == "start"]
    for order in ["deliver", *orders]:
        if order == "deliver":
            outbox.deliver(effect_id)
            continue
        with unit_of_work(SYSTEM) as work:
            effect = work.session.get_one(Effect, effect_id)
            effect.state = "pending" if order == "lose" else "incident"
            if order == "retry":
                work.session.flush()
                delivering.retry(work, effect_id)
    house.carry_out()
    assert len(house.children()) == before + 1
    assert not any(invariants.broken(access.read_as(SYSTEM)).values())


@pytest.mark.requirement("X36")
def test_what_a_flow_asks_for_and_is_not_told_is_an_incident_that_can_be_retried(house: House) -> None:
    house.report()
    house.submit("look", visit=False, job="Clear the gutter", who="Nowhere")
    house.carry_out()
    [owed] = house.owed("incident")
    assert "house-job cannot be started: 'Nowhere' is no active department" in owed.last_fault
    assert house.told()[-1][0] == "effect_gave_up"
    with unit_of_work(SYSTEM) as work:
        work.session.add(Department(uid="dep_nowhere", name="Nowhere", members=[]))
    with unit_of_work(house.world.admin) as work:
        delivering.retry(work, owed.id)
    house.carry_out()
    assert len(house.children("house-job")) == 1


@pytest.mark.requirement("X36")
def test_only_the_machinery_and_who_sees_to_incidents_carry_it_out(house: House) -> None:
    house.report()
    house.submit("look", visit=True)
    [owed] = house.owed()
    for actor in (house.world.tenant, house.world.reader):
        with pytest.raises(Refused), unit_of_work(actor) as work:
            delivering.call(work, owed.id)
    assert house.children() == []


@pytest.mark.requirement("D2")
def test_once_per_starts_one_for_all(house: House, tmp_path: Path) -> None:
    serve(tmp_path, SHIPPED_TEXT.replace("with_parent: true}", 'once_per: "${{ customer.id }}"}'))
    first = with_a_visit(house)
    house.report()
    house.submit("look", visit=True)
    house.carry_out()
    assert [one.reference for one in house.children("home-visit")] == [first.reference]
    assert house.states()["visit"] == "open", "it is a part of the other one"


@pytest.mark.requirement("X28")
def test_it_may_be_for_another_customer(house: House, tmp_path: Path) -> None:
    serve(tmp_path, SHIPPED_TEXT.replace("with_parent: true}", "for: cus_acme}"))
    visit = with_a_visit(house)
    assert visit.customer_name == "Acme Ltd"
    assert house.told(visit.reference) == [("instance_started", "")], "whose part it is, is not theirs to know"
    end_reading()
    with pytest.raises(Refused):
        access.instance_to_read(house.world.tenant, visit.reference)
    end_reading()
    assert access.parent_of(house.world.acme_owner, house.now(visit.reference)) is None
    house.submit("time", visit.reference, house.world.acme_owner, day="Friday")
    house.submit("go", visit.reference, found="well")
    house.carry_out()
    assert house.states()["visit"] == "completed"


@pytest.mark.requirement("C21")
def test_what_is_to_end_with_its_parent_does_and_the_rest_goes_on(house: House) -> None:
    house.report()
    house.submit("look", visit=True, job="Clear the gutter", who="Repairs")
    house.carry_out()
    house.cancel()
    house.carry_out()
    [visit], [job] = house.children("home-visit"), house.children("house-job")
    assert (visit.status, job.status) == ("cancelled", "not_started")
    facts = [entry.facts for entry in timeline.of_instance(SYSTEM, visit) if entry.kind == "instance_cancelled"]
    assert facts == [{"reason": f"{house.ref}, which this was a part of, has ended"}]


@pytest.mark.requirement("C21", "B25")
def test_a_case_among_them_enters_its_cancelled_state(house: House, tmp_path: Path) -> None:
    serve(tmp_path, SHIPPED_TEXT.replace("internal: true}", "internal: true, with_parent: true}"))
    house.report()
    house.submit("look", visit=False, job="Clear the gutter", who="Repairs")
    house.carry_out()
    house.cancel()
    house.carry_out()
    [job] = house.children("house-job")
    assert (job.state, job.status, job.waiting_on) == ("Dropped", "cancelled", None)


@pytest.mark.requirement("C20")
def test_a_parent_that_is_completed_leaves_its_children_alone(house: House) -> None:
    visit = with_a_visit(house)
    house.submit("time", visit.reference, house.world.tenant, day="Friday")
    house.submit("go", visit.reference, found="well")
    house.carry_out()
    house.submit("answer", words="All is well")
    with unit_of_work(house.world.admin) as work:
        closing.conclude(work, access.instance_to_change(work, house.ref), "complete")
    assert house.carry_out() == 0


@pytest.mark.requirement("B19")
def test_a_case_hears_of_a_task_that_is_done(house: House) -> None:
    house.report()
    house.submit("look", visit=False, job="Clear the gutter", who="Repairs")
    house.carry_out()
    [job] = house.children("house-job")
    for action in ("begin", "finish"):
        with unit_of_work(house.world.agent) as work:
            acting.act(work, access.instance_to_change(work, job.reference), action)
    house.carry_out()
    assert ("child_ended", "completed") in house.told()


@pytest.mark.requirement("X36")
def test_a_flow_that_starts_itself_comes_to_an_end_as_an_incident(house: House, tmp_path: Path) -> None:
    serve(tmp_path, ENDLESS, "endless")
    with unit_of_work(house.world.agent) as work:
        beginning.start_by_staff(work, "endless", "usr_priya", Wish())
    house.carry_out()
    assert len(house.children()) == DEEPEST - 1
    [owed] = house.owed("incident")
    assert "number 12 of a line of tasks that start each other" in owed.last_fault


ENDLESS = """\
flow: endless
schema: 1
title: Endless
start: {staff: true}
steps:
  one: {title: One, actor: staff}
effects:
  created:
    - if: instance.open
      start: endless
"""
SHIPPED_TEXT = (HERE / "flows" / "put-it-right.flow.yaml").read_text()


def serve(folder: Path, text: str, name: str = "put-it-right") -> None:
    """Serve the flows of these tests, one of them with another text."""
    for file in (HERE / "flows").iterdir():
        (folder / file.name).write_text(file.read_text())
    (folder / f"{name}.flow.yaml").write_text(text)
    catalogue.use(load_packages(SHIPPED, [folder]))
    assert catalogue.current().broken == []
