"""Begun, taken up again, called off: what the customer and staff do about a payment, allowed and refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from flows import access
from flows.actions import paying
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.work import unit_of_work
from tests.payments.conftest import Play
from tests.world import World


@pytest.mark.requirement("C27", "X22")
def test_a_payment_is_begun_for_the_amount_that_staff_said(play: Play) -> None:
    play.start(45_000)
    payment = play.begin()
    assert (payment.amount_minor, payment.currency, payment.state, payment.provider) == (
        45_000,
        "GBP",
        "pending",
        "stripe",
    )
    assert payment.reference == f"DEP-{play.ref}"
    assert payment.begun_by_id == play.world.user_ids["tenant"]
    assert play.kinds()[-1] == "payment_begun"
    assert play.state() == "open", "nothing is paid yet"


@pytest.mark.requirement("X22")
def test_begun_again_it_is_the_same_payment(play: Play) -> None:
    play.start()
    assert play.begin().uid == play.begin().uid
    assert play.kinds().count("payment_begun") == 1


def test_a_colleague_of_the_household_may_pay_and_nobody_else(play: Play, world: World) -> None:
    play.start()
    with pytest.raises(Refused, match="No such task"):
        play.begin(by=world.stranger)
    with pytest.raises(Refused, match="not yours to answer"):
        play.begin(by=world.agent)
    assert play.payments() == []


def test_nothing_is_begun_where_nothing_is_to_be_paid(play: Play) -> None:
    play.start(0)
    assert play.state() == "skipped"
    with pytest.raises(OutOfStep, match="nothing to pay"):
        play.begin()
    play.start(None)
    with pytest.raises(OutOfStep, match="not said yet how much"):
        play.begin()
    play.step = "keys"
    with pytest.raises(Refused, match="Nothing is to be paid"):
        play.begin()
    assert play.payments() == []


def test_a_locked_step_is_not_paid(play: Play, world: World) -> None:
    play.start(1, flow="charge")
    with pytest.raises(OutOfStep, match="another one comes first") as refused:
        play.begin()
    assert refused.value.code == "step-locked"
    with pytest.raises(OutOfStep, match="another one comes first"):
        play.confirm()


def test_no_card_is_taken_where_none_can_be(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.start()
    monkeypatch.setattr("flows.settings._current", play.app.config["BATON"].__class__(mode="test"))
    with pytest.raises(OutOfStep, match="Nobody can pay by card"):
        play.begin()


@pytest.mark.requirement("X22")
def test_a_payment_step_takes_no_answers(play: Play, world: World) -> None:
    play.start()
    for given in ({}, {"deposit": {"paid": True}}):
        with pytest.raises(OutOfStep, match="Pay first") as refused:
            play.submit("deposit", given)
        assert refused.value.code == "payment-needed"
    with pytest.raises(OutOfStep, match="Pay first"):
        play.save_draft("deposit")
    with pytest.raises(OutOfStep, match="Pay first"):
        play.submit("deposit", {}, by=world.agent, on_behalf=True)
    assert play.state() == "open"


@pytest.mark.requirement("Q27")
def test_an_amount_of_nothing_skips_the_step(play: Play) -> None:
    play.start(0)
    assert (play.state(), play.state("keys")) == ("skipped", "open")
    assert play.now().steps_total == 2
    play.start(1, flow="charge")
    play.submit("order", {"keys": 0})
    assert (play.state(), play.now().status) == ("skipped", "completed"), "worked out to nothing, and nothing is left"


@pytest.mark.requirement("Q27")
def test_an_amount_that_is_worked_out(play: Play) -> None:
    play.start(1, flow="charge")
    play.submit("order", {"keys": 3})
    assert play.begin().amount_minor == 2_250
    assert play.payment().reference == play.ref


@pytest.mark.requirement("Q27", "X22")
def test_staff_change_an_amount_and_the_old_payment_is_called_off(play: Play) -> None:
    play.start(45_000)
    play.go()
    old = play.payment()
    play.change(50_000, "The flat is larger")
    assert play.payment(old.uid).state == "cancelled"
    facts = play.kinds()
    assert facts[-1] == "amount_changed"
    assert play.now().amounts == {"deposit": 50_000}
    assert [effect.payload["with"]["what"] for effect in play.owed("checkout")] == ["close"], "no more looking at it"
    play.run()
    assert play.till.till.session(old.provider_reference)["status"] == "expired", "nobody can pay there any more"
    assert play.begin().amount_minor == 50_000
    play.change(45_000)
    assert play.begin().uid not in (old.uid, play.payments()[1].uid), "what was called off stays so"
    assert play.states() == ["cancelled", "cancelled", "pending"]


@pytest.mark.requirement("Q27")
def test_an_amount_set_to_nothing_skips_the_step_and_may_end_the_request(play: Play) -> None:
    play.start(45_000)
    play.begin()
    play.change(0)
    assert (play.state(), play.state("keys"), play.states()) == ("skipped", "open", ["cancelled"])
    play.change(10_000)
    assert (play.state(), play.state("keys")) == ("open", "locked"), "and back again"
    play.start(1, flow="charge")
    play.submit("order", {"keys": 3})
    play.change(0)
    assert play.now().status == "completed"


@pytest.mark.requirement("C27")
def test_an_amount_that_nobody_had_said(play: Play) -> None:
    play.start(None)
    play.change(30_000)
    assert play.begin().amount_minor == 30_000


def test_who_may_change_an_amount_and_when(play: Play, world: World) -> None:
    play.start(45_000)
    with pytest.raises(Refused):
        play.change(5, by=world.reader)
    with pytest.raises(Refused):
        play.change(5, by=world.tenant)
    for wrong in (-1, 100_000_001):
        with pytest.raises(Invalid, match="from 0 to 1,000,000"):
            play.change(wrong)
    with pytest.raises(Invalid, match=r"£450\.00 already"):
        play.change(45_000)
    play.pay("later")
    with pytest.raises(OutOfStep, match="on its way") as refused:
        play.change(5)
    assert refused.value.code == "payment-pending"
    play.till.till.clear(play.payment().provider_reference)
    play.tell()
    with pytest.raises(OutOfStep, match="paid already"):
        play.change(5)
    play.cancel()
    with pytest.raises(OutOfStep, match="was cancelled"):
        play.change(5)
    assert "amount_changed" not in play.kinds()


@pytest.mark.requirement("X22")
def test_while_money_is_on_its_way_nothing_else_is_begun(play: Play) -> None:
    play.start()
    play.pay("later")
    assert play.states() == ["processing"]
    with pytest.raises(OutOfStep, match="Do not pay again") as refused:
        play.begin()
    assert refused.value.code == "payment-pending"
    with pytest.raises(OutOfStep, match="on its way"):
        play.confirm()


@pytest.mark.requirement("X22")
def test_the_end_of_a_request_calls_its_payment_off(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    name = play.go()
    play.cancel()
    assert play.states() == ["cancelled"]
    play.run()
    assert play.till.till.session(name)["status"] == "expired"
    with pytest.raises(OutOfStep, match="was cancelled") as refused:
        play.begin()
    assert refused.value.code == "instance-closed"
    play.start(1, flow="charge")
    play.submit("order", {"keys": 1})
    move_clock(days=8)
    with pytest.raises(OutOfStep, match="expired"):
        play.begin()


def test_a_payment_whose_checkout_was_never_opened_is_used_while_its_key_counts(
    play: Play, move_clock: Callable[..., datetime]
) -> None:
    play.start()
    first = play.begin().uid
    move_clock(hours=22)
    assert play.begin().uid == first
    move_clock(hours=2)
    assert play.begin().uid != first
    assert play.states() == ["cancelled", "pending"]


def test_what_a_checkout_that_was_called_off_meanwhile_becomes(play: Play) -> None:
    """The amount changes between our question and the provider's answer."""
    play.start()
    payment = play.begin()
    play.change(50_000)
    with unit_of_work(SYSTEM) as work:
        paying.ready(work, access.payment_to_change(work, payment.uid)[1], "cs_late", "http://127.0.0.1:9/late")
    assert play.payment(payment.uid).state == "cancelled"
    assert [effect.payload["with"]["what"] for effect in play.owed("checkout")] == ["close"]


def test_looks_are_planned_until_it_comes_to_an_end(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    play.go()
    began = play.payment().created_at
    for span in (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=25)):
        (look,) = play.owed("checkout")
        assert look.next_at == began + span
        move_clock(to=look.next_at)
        play.run()
    assert play.states() == ["cancelled"], "whoever never came back"
    assert [effect.payload["with"]["what"] for effect in play.owed("checkout")] == []
    play.start()
    play.pay()
    assert play.owed("checkout") == [], "paid: nobody looks any more"
