"""What a step costs, which way a payment goes, and what a provider's word means: without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from flows.rules import payments
from flows.rules.payments import MOST_MINOR, MOVES, STATES, Price, Situation, Verdict, Word, price_of, verdict
from tests.rules.conftest import make_flow, make_step

NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)


def rule(amount: int | str, currency: str = "GBP") -> Any:
    return SimpleNamespace(amount=amount, currency=currency)


@pytest.mark.requirement("C27", "X22")
@pytest.mark.parametrize(
    ("amount", "amounts", "scope", "price"),
    [
        ("ask", {"deposit": 45_000}, None, Price(45_000)),
        ("ask", {"deposit": 0}, None, Price(0)),
        ("ask", {}, None, Price()),
        ("ask", {"other": 5}, None, Price()),
        (4_500, {}, None, Price(4_500)),
        (4_500, {"deposit": 5_000}, None, Price(5_000)),
        ("${{ data.rent * 2 }}", {}, {"data": {"rent": 100}}, Price(200)),
        ("${{ data.rent * 1.5 }}", {}, {"data": {"rent": 100.0}}, Price(150)),
        ("${{ data.rent * 2 }}", {}, {"data": {}}, Price()),
        ("${{ data.rent * 2 }}", {}, None, Price()),
        ("${{ 0 }}", {}, {}, Price(0)),
    ],
)
def test_what_a_step_costs(amount: int | str, amounts: dict[str, int], scope: Any, price: Price) -> None:
    assert price_of("deposit", rule(amount), amounts, scope) == price


@pytest.mark.requirement("X22")
@pytest.mark.parametrize(
    ("hole", "words"),
    [
        ("${{ 0 - 5 }}", "must be from 0 to"),
        ("${{ 1000000 * 1000 }}", "must be from 0 to"),
        ("${{ 1.5 }}", "no whole number"),
        ("${{ 'five' }}", "no whole number"),
        ("${{ true }}", "no whole number"),
        ("45${{ 1 }}", "no whole number"),
        ("${{ data.rent + 1 }}", "cannot be worked out"),
    ],
)
def test_an_amount_that_cannot_be_paid_says_why(hole: str, words: str) -> None:
    price = price_of("deposit", rule(hole), {}, {"data": {"rent": "much"}})
    assert price.minor is None
    assert words in price.problem


def definition(**amounts: int | str) -> Any:
    return make_flow(
        talk=make_step(), **{name: make_step(payment=rule(amount), title=name) for name, amount in amounts.items()}
    )


@pytest.mark.requirement("Q27")
def test_what_costs_nothing_is_free() -> None:
    flow = definition(
        asked=("ask"), constant=0, dear=5, worked_out="${{ data.n * 1 }}", unknown="${{ data.x }}", bad="${{ 'x' }}"
    )
    scope = {"data": {"n": 0}}
    assert payments.free_steps(flow, {"asked": 0}, scope) == {"asked", "constant", "worked_out"}
    assert payments.free_steps(flow, {"asked": 1, "constant": 7}, scope) == {"worked_out"}
    assert payments.names_in_amounts(flow) == {"data.n", "data.x"}


@pytest.mark.requirement("C27")
def test_amounts_asked_for_at_the_start() -> None:
    flow = definition(deposit="ask", fee="ask", constant=500)
    assert payments.amounts_asked(flow) == {"deposit": "GBP", "fee": "GBP"}
    assert payments.check_amounts(flow, {"deposit": 45_000, "fee": 0}) == ({"deposit": 45_000, "fee": 0}, [])
    found, problems = payments.check_amounts(flow, {"deposit": -1, "constant": 5})
    assert found == {}
    assert [(one.pointer, one.code) for one in problems] == [
        ("/amounts/deposit", "amount"), ("/amounts/fee", "required"), ("/amounts/constant", "unknown"),
    ]  # fmt: skip


@pytest.mark.parametrize("minor", [-1, MOST_MINOR + 1, True, 1.0, "5", None])
def test_amounts_that_are_none(minor: Any) -> None:
    problem = payments.amount_problem(minor)
    assert problem is not None
    assert problem.pointer == "/amount"
    assert payments.amount_problem(MOST_MINOR) is None
    assert payments.amount_problem(0) is None


@pytest.mark.requirement("X22")
def test_the_ways_of_a_payment() -> None:
    assert set(MOVES) == set(STATES)
    assert {to for ways in MOVES.values() for to in ways} <= set(STATES)
    assert not MOVES["refunded"], "the end"
    for state in ("paid", "refunding", "refunded"):
        assert not MOVES[state] & {"pending", "processing", "failed", "cancelled", "paid"}, "money is never forgotten"
    assert not payments.may_become("cancelled", "paid"), "what was called off is given back, never taken"
    assert payments.may_become("failed", "paid"), "it may come after all"


def test_when_a_checkout_is_looked_at_again() -> None:
    looks = [payments.next_look(NOW, n, NOW) - NOW for n in range(6)]
    day = timedelta(days=1)
    assert looks == [timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=25), day, day]
    late = NOW + timedelta(hours=3)
    assert payments.next_look(NOW, 1, late) == late, "not in the past"


def word(outcome: Any = "paid", amount: int = 4_500, currency: str = "GBP", why: str = "") -> Word:
    return Word(outcome, "cs_1", "pay_1", amount, currency, "pi_1", why)


def ours(**more: Any) -> Situation:
    return Situation(**{"state": "pending", "amount_minor": 4_500, "currency": "GBP", "price": 4_500, **more})


@pytest.mark.requirement("X22")
@pytest.mark.parametrize("state", ["pending", "processing", "failed"])
def test_exactly_the_money_that_was_asked_is_taken(state: str) -> None:
    assert verdict(word(), ours(state=state)) == Verdict("take")


@pytest.mark.requirement("X22")
@pytest.mark.parametrize("state", ["paid", "refunding", "refunded"])
@pytest.mark.parametrize("outcome", ["open", "processing", "paid", "failed", "expired"])
def test_said_again_it_means_nothing(state: str, outcome: str) -> None:
    assert verdict(word(outcome), ours(state=state)) == Verdict("nothing")


@pytest.mark.requirement("X22")
@pytest.mark.parametrize(
    ("said", "situation", "why"),
    [
        (word(amount=4_499), ours(), "not the amount"),
        (word(amount=9_000), ours(), "not the amount"),
        (word(amount=0), ours(), "not the amount"),
        (word(currency="EUR"), ours(), "another currency"),
        (word(currency=""), ours(), "another currency"),
        (word(), ours(is_alive=False), "had ended"),
        (word(), ours(state="cancelled", is_alive=False), "had ended"),
        (word(), ours(is_paid=True), "paid already"),
        (word(), ours(state="cancelled", is_paid=True), "paid already"),
        (word(), ours(takes_money=False), "paid already"),
        (word(), ours(state="cancelled"), "called off"),
        (word(), ours(price=5_000), "has changed"),
        (word(), ours(price=None), "has changed"),
        (word(), ours(refunded_minor=4_500), "paid back"),
    ],
)
def test_money_that_cannot_be_kept_is_given_back_with_a_reason(said: Word, situation: Situation, why: str) -> None:
    judged = verdict(said, situation)
    assert judged.act == "give_back"
    assert why in judged.why


@pytest.mark.requirement("X22")
@pytest.mark.parametrize(
    ("outcome", "state", "act"),
    [
        ("open", "pending", "nothing"),
        ("processing", "pending", "wait"),
        ("processing", "processing", "nothing"),
        ("processing", "failed", "nothing"),
        ("processing", "cancelled", "nothing"),
        ("failed", "pending", "fail"),
        ("failed", "processing", "fail"),
        ("failed", "failed", "nothing"),
        ("failed", "cancelled", "nothing"),
        ("expired", "pending", "drop"),
        ("expired", "processing", "drop"),
        ("expired", "failed", "nothing"),
        ("expired", "cancelled", "nothing"),
    ],
)
def test_words_without_money(outcome: str, state: str, act: str) -> None:
    judged = verdict(word(outcome, why="Declined"), ours(state=state))
    assert judged.act == act
    assert judged.why == ("Declined" if act == "fail" else "")
    assert verdict(word("failed"), ours()).why, "a failure without a reason is told as one"
