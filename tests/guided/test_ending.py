"""Outcomes, automatic ones, cancelling, taking up again, and what the customer says at the end (C20, C42 to C46)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import closing, firing, rating, reopening, versions
from flows.clock import clock
from flows.models import Effect, Timer
from flows.queries import allowed
from flows.queries.invariants import broken
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, OutOfStep, Refused, Stale
from flows.work import end_reading, unit_of_work
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play


def may(play: Play, who: object = None) -> list[str]:
    instance = play.now()
    definition = versions.definition_of(access.read_as(SYSTEM), instance)
    return allowed.of_instance(who or play.world.agent, instance, definition, clock.now())  # type: ignore[arg-type]


def nothing_is_broken() -> None:
    end_reading()
    assert {says: rows for says, rows in broken(access.read_as(SYSTEM)).items() if rows} == {}


@pytest.mark.requirement("C20", "C42", "C43", "C45")
def test_the_outcome_is_offered_when_every_visible_step_is_completed(play: Play) -> None:
    play.start()
    with pytest.raises(OutOfStep, match="Still to do: “Who you are”"):
        play.conclude()
    assert "conclude" not in may(play)
    play.through()
    instance = play.now()
    assert (instance.status, instance.waiting_on, instance.steps_done) == ("in_progress", "staff", 4)
    assert "conclude" in may(play)
    play.conclude(message="Welcome. Bring the old keys.")
    instance = play.now()
    assert (instance.status, instance.outcome_kind, instance.close_message) == (
        "completed",
        "positive",
        "Welcome. Bring the old keys.",
    )
    assert play.facts("instance_completed") == {"outcome": "complete", "automatic": False}
    nothing_is_broken()


@pytest.mark.requirement("C44")
def test_the_outcome_may_be_negative(play: Play) -> None:
    play.start()
    play.through(pets=True)
    with pytest.raises(Invalid, match="one of the outcomes"):
        play.conclude("nonsense")
    play.conclude("not_eligible")
    assert play.now().outcome_kind == "negative"


def test_an_outcome_needs_the_right_and_the_page_of_now(play: Play) -> None:
    play.start()
    play.through()
    with pytest.raises(Refused):
        play.conclude(by=play.world.reader)
    with pytest.raises(Refused):
        play.conclude(by=play.world.tenant)
    with pytest.raises(Stale):
        play.conclude(version=play.now().version - 1)
    with pytest.raises(Invalid):
        play.conclude(message="x" * 4001)


@pytest.mark.requirement("C46", "Q22")
def test_a_rule_on_a_submission_closes_it(play: Play) -> None:
    play.start()
    play.submit("household", {**HOUSEHOLD, "income": 100_000})
    instance = play.now()
    assert (instance.outcome, instance.outcome_kind, instance.close_message) == (
        "not_affordable",
        "negative",
        "The rent is too high.",
    )
    assert play.facts("instance_closed")["automatic"] is True


@pytest.mark.requirement("C46", "Q22")
def test_a_rule_on_a_step_with_approval_waits_for_the_approval(play: Play) -> None:
    play.start()
    play.submit("identity", {**IDENTITY, "right_to_rent": "n"})
    assert play.now().is_open
    play.approve("identity")
    assert play.now().outcome == "not_eligible"


@pytest.mark.requirement("C21", "Q29")
def test_staff_cancel_with_a_reason(play: Play) -> None:
    play.start()
    with pytest.raises(Refused), unit_of_work(play.world.agent) as work:
        closing.cancel_request(work, access.instance_to_change(work, play.ref), "Moved elsewhere")
    with pytest.raises(Invalid), unit_of_work(play.world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, play.ref), " ")
    with unit_of_work(play.world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, play.ref), "Moved elsewhere")
    assert play.now().status == "cancelled"
    open_timers = select(Timer).where(Timer.ended_at.is_(None))
    assert access.read_as(SYSTEM).scalars(open_timers).all() == []


@pytest.mark.requirement("Q29")
def test_a_customer_cancels_until_staff_have_begun(play: Play) -> None:
    play.start()
    assert "cancel" in may(play, play.world.tenant)
    play.through()
    assert "cancel" not in may(play, play.world.tenant)
    with pytest.raises(OutOfStep, match="only we can cancel"), unit_of_work(play.world.tenant) as work:
        closing.cancel_request(work, access.instance_to_change(work, play.ref), "Changed my mind")


@pytest.mark.requirement("C38", "Q23")
def test_a_completed_step_is_reopened_and_what_stands_on_it_is_marked(play: Play) -> None:
    play.start()
    play.through(pets=True)
    play.reopen("household", reason="Your income changed")
    step = play.step("household")
    assert step.remark is not None
    assert (step.state, step.remark["message"]) == ("reopened", "Your income changed")
    marked = {one.name for one in play.now().steps if one.check_again}
    assert marked == {"pets", "inspection", "keys"}
    assert play.now().status == "in_progress"
    play.submit("household", {**HOUSEHOLD, "has_pets": True})
    play.confirm("inspection")
    assert not play.step("inspection").check_again
    with pytest.raises(OutOfStep, match="need not be checked"):
        play.confirm("inspection")
    nothing_is_broken()


@pytest.mark.requirement("C38")
def test_who_may_reopen_what(play: Play) -> None:
    play.start()
    with pytest.raises(OutOfStep, match="not been submitted"):
        play.reopen("identity")
    play.through()
    for nobody in (play.world.reader, play.world.tenant):
        with pytest.raises(Refused):
            play.reopen("identity", by=nobody)


@pytest.mark.requirement("Q23")
def test_reopening_a_step_of_what_is_finished_takes_it_up_again(play: Play) -> None:
    play.start()
    play.through()
    play.conclude()
    with pytest.raises(Refused, match="cancel"):
        play.reopen("keys")
    play.reopen("keys", by=play.world.admin, reason="The lock was changed")
    instance = play.now()
    assert (instance.status, instance.closed_at, instance.outcome, instance.reopenings) == (
        "in_progress",
        None,
        None,
        1,
    )
    play.submit("keys", {"slot": "Tuesday"})
    play.conclude()
    assert play.now().status == "completed"
    nothing_is_broken()


@pytest.mark.requirement("Q7")
def test_a_cancelled_one_is_revived_with_its_timers(play: Play) -> None:
    play.start()
    with unit_of_work(play.world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, play.ref), "By mistake")
    with pytest.raises(Invalid), unit_of_work(play.world.admin) as work:
        reopening.revive(work, access.instance_to_change(work, play.ref), "")
    with unit_of_work(play.world.admin) as work:
        reopening.revive(work, access.instance_to_change(work, play.ref), "It was the wrong one")
    instance = play.now()
    assert (instance.status, instance.waiting_on) == ("not_started", "customer")
    waiting = access.read_as(SYSTEM).scalars(select(Timer.name).where(Timer.ended_at.is_(None))).all()
    assert sorted(set(waiting)) == ["deadline", "due.identity", "nudge"]
    with pytest.raises(OutOfStep), unit_of_work(play.world.admin) as work:
        reopening.revive(work, access.instance_to_change(work, play.ref), "Again")
    nothing_is_broken()


@pytest.mark.requirement("C22", "Q20", "X3")
def test_overdue_after_ten_working_days_and_a_new_due_date(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    due = play.now().due_at
    assert due is not None
    assert (due.date().isoformat(), due.weekday()) == ("2026-11-16", 0)
    move_clock(to=due + timedelta(minutes=1))
    assert play.now().is_overdue(clock.now())
    with unit_of_work(SYSTEM) as work:
        firing.fire_due(work, play.now().id)
    assert {"instance_overdue", "step_overdue"} <= {*play.kinds()}
    with unit_of_work(play.world.agent) as work:
        closing.change_due(work, access.instance_to_change(work, play.ref), due + timedelta(days=7), "On holiday")
    assert not play.now().is_overdue(clock.now())
    planned = select(Timer).where(Timer.ended_at.is_(None), Timer.name == "nudge")
    assert len(access.read_as(SYSTEM).scalars(planned).all()) == 2
    with pytest.raises(Invalid), unit_of_work(play.world.agent) as work:
        closing.change_due(work, access.instance_to_change(work, play.ref), due, "")


@pytest.mark.requirement("C12", "Q28")
def test_the_customer_rates_once_and_may_change_it_for_a_week(play: Play, move_clock: Callable[..., datetime]) -> None:
    def rate(score: int, comment: str = "") -> None:
        with unit_of_work(play.world.tenant) as work:
            rating.rate(work, access.instance_to_change(work, play.ref), score, comment)

    play.start()
    with pytest.raises(OutOfStep):
        rate(5)
    play.through()
    play.conclude()
    assert "rate" in may(play, play.world.tenant)
    with pytest.raises(Invalid):
        rate(6)
    rate(4, "Quick")
    rate(5, "Quick and friendly")
    assert (play.now().rating, play.now().rating_comment) == (5, "Quick and friendly")
    move_clock(days=8)
    with pytest.raises(OutOfStep, match="7 days"):
        rate(1)
    with pytest.raises(Refused), unit_of_work(play.world.agent) as work:
        rating.rate(work, access.instance_to_change(work, play.ref), 5)


@pytest.mark.requirement("X4")
def test_each_partys_time_is_added_up(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    move_clock(hours=2)
    play.submit("identity", IDENTITY)
    move_clock(hours=5)
    play.approve("identity")
    move_clock(hours=1)
    play.submit("household", HOUSEHOLD)
    waited = play.now().waited
    assert (waited["customer"] // 60, waited["staff"] // 60) == (180, 300)


def test_effects_of_a_second_end_are_owed_anew(play: Play) -> None:
    """The keys of effects are unique, so the second end must not collide with the first."""
    play.start()
    play.through()
    play.conclude()
    play.reopen("keys", by=play.world.admin)
    play.submit("keys", {"slot": "Tuesday"})
    play.conclude()
    keys = access.read_as(SYSTEM).scalars(select(Effect.key)).all()
    assert len(keys) == len(set(keys))


def test_rights_are_those_of_the_role(play: Play) -> None:
    play.start()
    nothing = replace(play.world.agent, permissions=frozenset({"view"}))
    assert may(play, nothing) == []
    assert may(play) == ["take", "assign", "change_due", "remind", "add_step"]
