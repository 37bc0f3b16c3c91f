"""Approve, return for resubmission, close the request: who may, when, and what becomes of it (C34 to C37)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import firing, standing_in, submitting
from flows.clock import clock
from flows.models import Notice, Review, Submission, Timer, User
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, OutOfStep, Refused, Stale
from flows.work import end_reading, unit_of_work
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play


def reviews() -> list[Review]:
    end_reading()
    return list(access.read_as(SYSTEM).scalars(select(Review).order_by(Review.id)))


@pytest.mark.requirement("C17", "C18", "C19", "C34", "C2", "C8")
def test_a_step_with_approval_waits_for_staff(play: Play) -> None:
    instance = play.start()
    assert (instance.status, instance.waiting_on, instance.steps_done) == ("not_started", "customer", 0)
    play.submit("identity", IDENTITY)
    instance = play.now()
    assert (instance.status, instance.waiting_on) == ("awaiting_review", "staff")
    assert play.step("identity").state == "pending_approval"
    assert "step_completed" not in play.kinds()
    play.submit("household", HOUSEHOLD)
    assert play.now().status == "awaiting_review"
    assert play.states()["inspection"] == "locked"
    play.approve("identity", note="Seen the passport")
    instance = play.now()
    assert (instance.status, instance.waiting_on, instance.steps_done) == ("in_progress", "staff", 2)
    assert play.states()["inspection"] == "open"
    assert play.facts("step_approved")["note"] == "Seen the passport"
    (review,) = reviews()
    assert (review.decision, review.attempt, review.reviewer_name) == ("approved", 1, "Gus Agent")


@pytest.mark.requirement("C36")
def test_returned_with_remarks_and_sent_again(play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.send_back("identity", "The name is not the one of the passport", remarks={"legal_name": "In full, please"})
    step = play.step("identity")
    assert (step.state, step.answers, play.now().status) == ("returned", IDENTITY, "in_progress")
    assert step.remark is not None
    assert (step.remark["by"], step.remark["fields"]) == ("Gus Agent", {"legal_name": "In full, please"})
    play.submit("identity", {**IDENTITY, "legal_name": "Priya Devi Shah"})
    step = play.step("identity")
    assert (step.state, step.attempt, step.remark) == ("pending_approval", 2, None)
    attempts = access.read_as(SYSTEM).scalars(select(Submission).order_by(Submission.attempt)).all()
    assert [(one.attempt, one.state, one.answers["legal_name"]) for one in attempts] == [
        (1, "returned", "Priya Shah"),
        (2, "pending_approval", "Priya Devi Shah"),
    ]
    play.approve("identity")
    assert play.step("identity").state == "completed"


def test_what_return_needs_is_told_at_once(play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    with pytest.raises(Invalid) as wrong:
        play.send_back("identity", " ", remarks={"shoe_size": "Too large"})
    assert {problem.pointer for problem in wrong.value.problems} == {"/message", "/remarks/shoe_size"}
    assert play.step("identity").state == "pending_approval"


def test_returns_have_a_limit(play: Play) -> None:
    play.start()
    for _ in range(2):
        play.submit("identity", IDENTITY)
        play.send_back("identity")
    play.submit("identity", IDENTITY)
    with pytest.raises(OutOfStep, match="as often as this flow allows"):
        play.send_back("identity")
    play.approve("identity")


@pytest.mark.requirement("C37", "C44")
def test_close_request_rejects_and_ends_it(play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    with pytest.raises(Invalid, match="Say why"):
        play.close("identity", reason="")
    with pytest.raises(Invalid, match="how it is closed"):
        play.close("identity", outcome="complete")
    play.close("identity", message="Your papers could not be accepted.")
    instance = play.now()
    assert (instance.status, instance.outcome, instance.outcome_kind) == ("completed", "close", "negative")
    assert instance.close_message == "Your papers could not be accepted."
    assert play.facts("instance_closed") == {"outcome": "close", "automatic": False}
    assert reviews()[0].message == "False papers"
    with pytest.raises(OutOfStep):
        play.approve("identity")


@pytest.mark.requirement("X7")
def test_nobody_approves_what_they_sent(play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY, by=play.world.agent, on_behalf=True)
    with pytest.raises(Refused, match="You sent these answers yourself"):
        play.approve("identity")
    play.approve("identity", by=play.world.admin)


@pytest.mark.requirement("Q18")
def test_only_those_whom_the_flow_names(play: Play) -> None:
    play.start()
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    play.submit("pets", {"pet_name": "Rex"})
    for nobody in (play.world.agent, play.world.reader, play.world.tenant):
        with pytest.raises(Refused):
            play.approve("pets", by=nobody)
    powerless = replace(play.world.admin, permissions=frozenset({"view"}))
    with pytest.raises(Refused, match="review"):
        play.approve("pets", by=powerless)
    play.approve("pets", by=play.world.admin)


def test_a_page_that_is_older_than_the_answers_decides_nothing(play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    seen = play.step("identity").version
    play.send_back("identity")
    play.submit("identity", {**IDENTITY, "legal_name": "Another"})
    with pytest.raises(Stale) as stale:
        play.approve("identity", version=seen)
    assert stale.value.current == play.step("identity").version
    play.approve("identity", version=play.step("identity").version)
    with pytest.raises(OutOfStep, match="it is completed"):
        play.send_back("identity")


@pytest.mark.requirement("X5")
@pytest.mark.parametrize("parts", [("messaging",)])  # which tells people
def test_a_review_that_nobody_takes_is_escalated(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    timer = access.read_as(SYSTEM).scalars(select(Timer).where(Timer.kind == "escalation")).one()
    assert timer.due_at.date() == date(2026, 11, 4)  # two working days after Monday the second
    move_clock(days=3)
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, play.now().id)
    assert play.facts("review_escalated") == {"step": "identity", "title": "Who you are", "to": ["Ada Admin"]}
    end_reading()
    told = access.read_as(SYSTEM).scalars(select(Notice).where(Notice.user_id == play.world.user_ids["admin"])).all()
    assert [notice.link_text for notice in told] == ["Review it"]


def test_a_review_in_time_is_not_escalated(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.approve("identity")
    move_clock(days=3)
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, play.now().id)
    assert "review_escalated" not in play.kinds()


@pytest.mark.requirement("X6")
def test_who_stands_in_decides_with_the_roles_of_the_one_who_is_away(play: Play) -> None:
    world = play.world
    play.start()
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    play.submit("pets", {"pet_name": "Rex"})
    today = clock.now().date()
    with unit_of_work(world.admin) as work:
        ada = work.session.get_one(User, world.user_ids["admin"])
        gus = work.session.get_one(User, world.user_ids["agent"])
        standing_in.delegate(work, ada, gus, today, today, "On leave")
    play.approve("pets")
    assert play.facts("step_approved")["instead_of"] == "Ada Admin"
    assert reviews()[-1].instead_of == "Ada Admin"


def test_a_delegation_is_over_after_its_last_day(play: Play, move_clock: Callable[..., datetime]) -> None:
    world = play.world
    play.start()
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    play.submit("pets", {"pet_name": "Rex"})
    today = clock.now().date()
    with unit_of_work(world.admin) as work:
        ada = work.session.get_one(User, world.user_ids["admin"])
        gus = work.session.get_one(User, world.user_ids["agent"])
        standing_in.delegate(work, ada, gus, today, today)
        with pytest.raises(Invalid):
            standing_in.delegate(work, ada, ada, today, today)
    move_clock(days=1)
    with pytest.raises(Refused):
        play.approve("pets")


@pytest.mark.requirement("Q5", "C34")
def test_a_step_that_is_not_needed_takes_no_answers_and_says_so(play: Play) -> None:
    play.start()
    play.submit("household", HOUSEHOLD)
    with unit_of_work(play.world.tenant) as work:
        instance = access.instance_to_change(work, play.ref)
        pets = access.step_of(instance, "pets", even_skipped=True)
        with pytest.raises(OutOfStep, match="This step is not needed"):
            submitting.submit(work, instance, pets, {"pet_name": "Rex"})
