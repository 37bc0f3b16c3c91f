"""Steps: which are shown, how they move, how far an instance is, who it waits for and how it ends by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.errors import OutOfStep
from flows.rules.moves import MOVES, allowed, awaited, names_in_conditions, next_states, submitted_state, target
from flows.rules.outcomes import auto_outcome, completes_by_itself
from flows.rules.progress import Progress, progress
from flows.rules.statuses import OPEN, is_overdue, is_past, status_of, waiting_on
from flows.rules.visibility import visibility

Make = Callable[..., Any]
STATES = ("locked", "open", "returned", "reopened", "pending_approval", "completed", "skipped")
BEGUN = {
    "identity": "open",
    "household": "open",
    "pets": "locked",
    "deposit": "locked",
    "agreement": "locked",
    "keys": "locked",
}


def scope(**data: Any) -> dict[str, Any]:
    return {"data": data, "links": {}}


@pytest.mark.requirement("X2", "Q19")
def test_a_step_that_is_not_decided_is_hidden_and_progress_may_grow(onboarding: Any) -> None:
    begun = next_states(onboarding, {}, scope())
    assert begun == BEGUN
    seen = visibility(onboarding, begun, scope())
    assert seen.undecided == {"pets"}
    assert "pets" not in seen.shown
    assert seen.may_grow
    assert progress(begun, definition=onboarding, scope=scope()) == Progress(0, 5, True, 0)


@pytest.mark.requirement("X1", "Q19")
def test_an_answer_shows_or_hides_a_step(onboarding: Any) -> None:
    done = {**BEGUN, "household": "completed"}
    without = next_states(onboarding, done, scope(has_pets=False))
    assert without["pets"] == "skipped"
    assert progress(without, definition=onboarding, scope=scope(has_pets=False)) == Progress(1, 5, False, 20)
    with_pets = next_states(onboarding, done, scope(has_pets=True))
    assert with_pets["pets"] == "open"
    assert progress(with_pets, definition=onboarding, scope=scope(has_pets=True)) == Progress(1, 6, False, 16)


@pytest.mark.requirement("Q19")
def test_a_step_hidden_later_comes_back_completed(onboarding: Any) -> None:
    given = {**BEGUN, "household": "completed", "pets": "completed"}
    hidden = next_states(onboarding, given, scope(has_pets=False, pet_list=[]))
    assert hidden["pets"] == "skipped"
    assert next_states(onboarding, hidden, scope(has_pets=True), accepted=["pets"])["pets"] == "completed"
    assert next_states(onboarding, hidden, scope(has_pets=True))["pets"] == "open"


@pytest.mark.requirement("C33")
def test_needs_open_in_turn_and_a_link_ticks_its_step(onboarding: Any) -> None:
    done = {**BEGUN, "identity": "completed", "household": "completed", "pets": "skipped"}
    paid = next_states(onboarding, done, scope(has_pets=False))
    assert (paid["deposit"], paid["agreement"]) == ("open", "locked")
    paid["deposit"] = "completed"
    linked = {"data": {"has_pets": False}, "links": {"agreement": {"id": 1}}}
    assert next_states(onboarding, paid, scope(has_pets=False))["agreement"] == "open"
    assert next_states(onboarding, paid, linked)["agreement"] == "open"  # the move-in date is still to be given
    settled = next_states(onboarding, paid, linked, accepted=["agreement"])
    assert (settled["agreement"], settled["keys"]) == ("completed", "open")
    assert next_states(onboarding, paid, scope(has_pets=False), accepted=["agreement"])["agreement"] == "open"
    reopened = next_states(onboarding, {**paid, "identity": "reopened", "deposit": "open"}, scope(has_pets=False))
    assert reopened["deposit"] == "locked"


@pytest.mark.requirement("X2")
def test_what_will_never_be_answered_is_decided(flow: Make, step: Make) -> None:
    """B depends on an optional answer that was left out, C on a step that was skipped: neither waits for ever."""
    made = flow(
        a=step(fields={"x": None, "note": None}),
        b=step(when='data.note == "yes"', fields={"y": None}),
        c=step(when="data.y > 3"),
        d=step(when="!has(data.y)", needs=("b",)),
    )
    assert next_states(made, {"a": "open"}, scope()) == {"a": "open", "b": "locked", "c": "locked", "d": "locked"}
    after = next_states(made, {"a": "completed"}, scope(x=1, y=9))  # y was kept from before b was hidden
    assert after == {"a": "completed", "b": "skipped", "c": "skipped", "d": "open"}
    assert names_in_conditions(made) == {"data.note", "data.y"}


@pytest.mark.requirement("Q27")
def test_nothing_to_pay_lets_nobody_jump_the_queue(onboarding: Any) -> None:
    free = {"deposit"}
    begun = next_states(onboarding, {}, scope(), free=free)
    assert (begun["deposit"], begun["agreement"], begun["keys"]) == ("skipped", "locked", "locked")
    assert awaited(onboarding, begun, "agreement") == ["identity", "household"]
    done = {**begun, "identity": "completed", "household": "completed"}
    assert next_states(onboarding, done, scope(has_pets=False), free=free)["agreement"] == "open"


@given(st.fixed_dictionaries({name: st.sampled_from(STATES) for name in BEGUN}), st.sampled_from([None, True, False]))
def test_settling_is_settled_and_loses_no_work(onboarding: Any, states: dict[str, str], has_pets: bool | None) -> None:
    known = scope() if has_pets is None else scope(has_pets=has_pets)
    after = next_states(onboarding, states, known)
    assert next_states(onboarding, after, known) == after
    for name, state in states.items():
        if name != "pets" and state in ("completed", "pending_approval", "returned", "reopened"):
            assert after[name] == state
    counted = progress(after, definition=onboarding, scope=known)
    assert 0 <= counted.done <= counted.total
    assert (counted.percent == 100) == (counted.done == counted.total and not counted.may_grow)


@pytest.mark.requirement("C36", "C38")
def test_moves_are_for_the_right_party_in_the_right_state() -> None:
    assert allowed("open", "customer") == ["save_draft", "submit", "submit_for_approval"]
    assert allowed("open", "customer", "staff") == []
    assert allowed("pending_approval", "staff", "customer") == ["approve", "return"]
    assert allowed("completed", "staff", "customer") == ["reopen"]
    assert allowed("completed", "customer") == allowed("locked", "customer") == []
    assert allowed("skipped", "system") == ["unlock", "lock", "restore"]
    assert {state for move in MOVES for state in (*move.come_from, move.to) if state} == set(STATES)


@pytest.mark.requirement("C34", "C36")
def test_a_move_leads_where_the_table_says_or_says_why_not(step: Make) -> None:
    assert target("return", "pending_approval") == "returned"
    assert target("save_draft", "returned") == "returned"
    with pytest.raises(OutOfStep, match="it is completed"):
        target("submit", "completed")
    assert submitted_state(step()) == "completed"
    assert submitted_state(step(approval=SimpleNamespace())) == "pending_approval"


@pytest.mark.requirement("C17", "C18", "C19", "C20", "C21")
def test_the_status_follows_the_steps() -> None:
    assert status_of({"a": "open", "b": "locked", "c": "skipped"}) == "not_started"
    assert status_of({"a": "completed", "b": "open"}) == "in_progress"
    assert status_of({"a": "returned"}) == "in_progress"
    assert status_of({"a": "completed", "b": "pending_approval"}) == "awaiting_review"
    assert status_of({"a": "completed"}) == "in_progress"  # all done, no outcome yet
    assert [status_of({"a": "open"}, closed) for closed in ("completed", "cancelled", "expired")] == [
        "completed",
        "cancelled",
        "expired",
    ]
    with pytest.raises(ValueError, match="not 'closed'"):
        status_of({}, "closed")


@pytest.mark.requirement("X4")
def test_one_party_holds_the_baton(onboarding: Any, flow: Make, step: Make) -> None:
    assert waiting_on(onboarding, BEGUN, "not_started") == "customer"
    assert waiting_on(onboarding, {**BEGUN, "identity": "pending_approval"}, "awaiting_review") == "staff"
    assert waiting_on(onboarding, {"agreement": "open", "keys": "locked"}, "in_progress") == "staff"
    assert waiting_on(onboarding, dict.fromkeys(BEGUN, "completed"), "in_progress") == "staff"
    assert waiting_on(flow(a=step()), {"a": "completed"}, "in_progress") == "system"
    assert waiting_on(flow(a=step("system")), {"a": "open"}, "not_started") == "system"
    assert waiting_on(onboarding, BEGUN, "expired") is None


@pytest.mark.requirement("C22", "Q20", "Q30")
def test_overdue_and_expired_hold_by_the_clock() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    assert is_overdue("in_progress", now - timedelta(seconds=1), now)
    assert not is_overdue("in_progress", now, now)
    assert not is_overdue("in_progress", None, now)
    assert not any(is_overdue(status, now - timedelta(days=1), now) for status in ("completed", "cancelled", "expired"))
    assert {
        status for status in ("not_started", "awaiting_review") if is_overdue(status, now - timedelta(1), now)
    } < OPEN
    assert is_past(now, now)
    assert not is_past(now + timedelta(seconds=1), now)
    assert not is_past(None, now)


def rule(condition: str, complete: str | None = None, close: str | None = None, on: str | None = None) -> Any:
    return SimpleNamespace(if_=condition, complete=complete, close=close, on=on)


@pytest.mark.requirement("C46", "Q22")
def test_the_first_rule_that_holds_ends_the_instance(step: Make) -> None:
    rules = (rule("data.later", "complete"), rule('data.right == "n"', close="not_eligible"), rule("true", "complete"))
    assert auto_outcome(step(outcome=rules), scope(right="n")) == ("close", "not_eligible")
    assert auto_outcome(step(outcome=rules), scope(right="y")) == ("complete", "complete")
    assert auto_outcome(step(outcome=rules[:2]), scope(right="y")) is None
    assert auto_outcome(step(), scope()) is None


@pytest.mark.requirement("C46", "Q22")
def test_a_step_with_an_approval_decides_when_it_is_approved(step: Make) -> None:
    reviewed = step(approval=SimpleNamespace(), outcome=(rule("true", close="close"),))
    assert auto_outcome(reviewed, scope()) is None
    assert auto_outcome(reviewed, scope(), on="approved") == ("close", "close")
    early = step(approval=SimpleNamespace(), outcome=(rule("true", close="close", on="submitted"),))
    assert auto_outcome(early, scope()) == ("close", "close")


@pytest.mark.requirement("A31")
def test_a_flow_completes_by_itself_when_nobody_of_ours_has_anything_to_do(
    onboarding: Any, flow: Make, step: Make
) -> None:
    assert completes_by_itself(flow(details=step()))
    assert completes_by_itself(flow(details=step(), check=step("system")))
    assert not completes_by_itself(onboarding)
    assert not completes_by_itself(flow(details=step(), check=step("staff")))
    assert not completes_by_itself(flow(details=step(approval=SimpleNamespace())))
    assert not completes_by_itself(flow({"done": None}, details=step()))
    assert not completes_by_itself(flow())
