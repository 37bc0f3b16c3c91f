"""Money comes, twice, too late, too little, or goes back: nothing is kept that was not asked, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from flows.clock import clock
from flows.plugin import PermanentFault
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.rules.payments import Word
from tests.payments.conftest import Play
from tests.world import World


@pytest.mark.requirement("C27", "X22")
def test_a_payment_that_comes_completes_the_step(play: Play) -> None:
    play.start(45_000)
    play.pay()
    payment = play.payment()
    assert (payment.state, payment.received_minor, payment.received_currency) == ("paid", 45_000, "GBP")
    assert payment.charge.startswith("pi_demo_")
    assert payment.paid_at == clock.now() or payment.paid_at is not None
    assert play.answer() == {"paid": True, "id": payment.uid, "amount": 45_000}
    assert (play.state(), play.state("keys")) == ("completed", "open")
    assert play.kinds()[-3:] == ["payment_received", "step_completed", "step_opened"]
    assert play.mails() == ["payment-receipt"]


@pytest.mark.requirement("X22")
def test_a_flow_ends_by_itself_when_its_last_step_is_paid(play: Play) -> None:
    play.start(1, flow="charge")
    play.submit("order", {"keys": 2})
    play.pay()
    assert play.now().status == "completed"


@pytest.mark.requirement("X22")
def test_told_twice_it_counts_once(play: Play) -> None:
    play.start()
    play.pay()
    before = play.kinds()
    for _ in range(3):
        play.tell()
    assert play.kinds() == before
    assert play.states() == ["paid"]
    assert play.mails() == ["payment-receipt"]
    assert play.incidents() == []


def paid(play: Play, **more: Any) -> Word:
    payment = play.payment()
    said = {"amount_minor": payment.amount_minor, "currency": payment.currency, "charge": "pi_1", **more}
    return Word("paid", payment.provider_reference or "cs_1", payment.uid, **said)


@pytest.mark.requirement("X22")
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"amount_minor": 40_000}, "£400.00 came for “Pay your deposit”, where £450.00 was asked"),
        ({"amount_minor": 50_000}, "£500.00 came"),
        ({"currency": "EUR"}, "€450.00 came"),
    ],
)
def test_other_money_is_written_down_given_back_and_told(play: Play, said: dict[str, Any], words: str) -> None:
    play.start(45_000)
    play.begin()
    word = paid(play, **said)
    assert play.hear(word) == "give_back"
    payment = play.payment()
    assert (payment.state, payment.received_minor, payment.received_currency) == (
        "refunding", word.amount_minor, word.currency,
    )  # fmt: skip
    assert (play.state(), play.answer()) == ("open", None)
    (incident,) = play.incidents()
    assert words in incident
    assert [effect.key for effect in play.owed("refund")] == [f"{payment.uid}:refund"]
    assert play.kinds()[-2:] == ["payment_unexpected", "effect_gave_up"]
    assert play.mails() == ["payment-returned"], "whoever paid is told as well"
    assert play.hear(word) == "nothing"
    assert len(play.incidents()) == 1
    assert play.begin().state == "pending", "and may pay what is asked"


@pytest.mark.requirement("X22")
def test_money_that_comes_after_the_end_is_given_back(play: Play) -> None:
    play.start(45_000)
    name = play.go()
    play.till.till.pay(name, "pay")
    play.cancel()
    play.tell()
    assert play.states() == ["refunding"]
    assert "the request had ended" in play.incidents()[0]
    play.run()
    assert play.states() == ["refunded"]
    (charge,) = play.till.till.charges.values()
    assert (charge["amount_refunded"], charge["refunded"]) == (45_000, True)
    assert play.now().status == "cancelled"
    assert play.answer() is None


@pytest.mark.requirement("X22", "Q30")
def test_money_that_comes_after_the_expiry_is_given_back_though_no_worker_has_noticed(
    play: Play, move_clock: Callable[..., datetime]
) -> None:
    play.start(1, flow="charge")
    play.submit("order", {"keys": 1})
    play.till.till.pay(play.go(), "later")
    play.tell()
    assert play.states() == ["processing"]
    move_clock(days=8)
    play.till.till.clear(play.payment().provider_reference)
    play.tell()
    assert play.states() == ["refunding"]
    assert play.now().status == "in_progress", "no worker has noticed"


@pytest.mark.requirement("X22", "Q27")
def test_money_for_an_amount_that_has_changed_is_given_back(play: Play) -> None:
    play.start(45_000)
    play.till.till.pay(play.go(), "pay")
    play.change(50_000)
    play.tell()
    assert play.states() == ["refunding"]
    assert play.state() == "open"
    play.run()
    play.pay()
    assert play.states() == ["refunded", "paid"]
    assert play.answer()["amount"] == 50_000


@pytest.mark.requirement("X22")
def test_a_second_payment_of_a_step_that_is_paid_is_given_back(play: Play) -> None:
    play.start()
    play.till.till.pay(play.go(), "pay")
    play.confirm()
    assert [(row.provider, row.state) for row in play.payments()] == [("stripe", "cancelled"), ("bank", "paid")]
    play.tell()
    assert [(row.provider, row.state) for row in play.payments()] == [("stripe", "refunding"), ("bank", "paid")]
    assert "paid already" in play.incidents()[0]
    play.run()
    assert play.states() == ["refunded", "paid"]


@pytest.mark.requirement("X22")
def test_a_payment_that_failed_may_come_after_all(play: Play) -> None:
    play.start()
    first = play.pay("later")
    play.till.till.clear(first, paid=False)
    play.tell()
    assert play.states() == ["failed"]
    assert "payment-failed" in play.mails()
    assert play.payment().failure
    second = play.begin()
    assert play.hear(Word("paid", first, play.payments()[0].uid, 45_000, "GBP", "pi_1")) == "take"
    assert play.states() == ["paid", "cancelled"]
    assert play.payment(second.uid).state == "cancelled", "nobody pays twice"


@pytest.mark.requirement("X22")
def test_words_out_of_order(play: Play) -> None:
    """`completed` comes after `async_payment_succeeded`, and `expired` after both."""
    play.start()
    name = play.go()
    play.till.till.pay(name, "later")
    play.till.till.clear(name)
    play.tell(1)
    assert play.states() == ["paid"]
    play.tell(0)
    uid = play.payment().uid
    for outcome in ("processing", "failed", "expired", "open"):
        assert play.hear(Word(outcome, name, uid, 45_000, "GBP")) == "nothing"
    assert play.states() == ["paid"]


@pytest.mark.requirement("X22")
def test_a_refund_that_is_heard_before_the_payment(play: Play) -> None:
    play.start()
    name = play.go()
    play.till.till.pay(name, "pay")
    intent = play.till.till.session(name)["payment_intent"]
    play.till.till.refund({"payment_intent": intent})
    play.tell(1)
    assert (play.states(), play.payment().refunded_minor) == (["pending"], 45_000)
    play.tell(0)
    assert play.states() == ["refunded"]
    assert "paid back at the provider" in play.incidents()[0]
    assert play.owed("refund") == [], "nothing is here that could go back"
    assert play.state() == "open"


def test_a_word_about_nothing_of_ours(play: Play) -> None:
    play.start()
    play.begin()
    with pytest.raises(Refused, match="No such payment"):
        play.hear(Word("paid", "cs_of_others", "", 1, "GBP"))
    with pytest.raises(Refused):
        play.hear(Word("paid", "", "pay_nobody", 1, "GBP"))
    assert play.states() == ["pending"]


@pytest.mark.requirement("X22")
def test_a_callback_settles_what_a_crash_left_without_a_checkout(play: Play) -> None:
    """The provider opened it, and we died before writing down its name."""
    play.start()
    payment = play.begin()
    assert payment.provider_reference == ""
    assert play.hear(Word("paid", "cs_of_the_crash", payment.uid, 45_000, "GBP", "pi_1")) == "take"
    assert play.payment().provider_reference == "cs_of_the_crash"


@pytest.mark.requirement("X22")
def test_money_through_a_checkout_that_is_not_ours_is_told_and_nothing_else(play: Play) -> None:
    play.start()
    play.go()
    stray = paid(play)
    stray = Word("paid", "cs_stray", stray.payment, 45_000, "GBP", "pi_9")
    for _ in range(2):
        play.hear(stray)
    assert play.states() == ["pending"]
    (incident,) = play.incidents()
    assert "cs_stray" in incident


# --- bank transfers ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("X22")
def test_staff_confirm_a_bank_transfer(play: Play, world: World) -> None:
    play.start(45_000)
    name = play.go()
    play.confirm("SHAH P DEP", on=date(2026, 11, 1))
    payment = play.payment()
    assert (payment.provider, payment.state, payment.provider_reference) == ("bank", "paid", "SHAH P DEP")
    assert payment.paid_at is not None
    assert payment.paid_at.date() == date(2026, 11, 1)
    assert payment.confirmed_by_id == world.user_ids["agent"]
    assert play.answer() == {"paid": True, "id": payment.uid, "amount": 45_000}
    assert play.state() == "completed"
    assert play.states() == ["cancelled", "paid"]
    play.run()
    assert play.till.till.session(name)["status"] == "expired", "the card is not charged as well"
    assert play.mails() == ["payment-receipt"]


@pytest.mark.parametrize(
    ("reference", "days", "pointers"),
    [
        ("", 0, {"/reference"}),
        (" \0", 0, {"/reference"}),
        ("x", 1, {"/received_on"}),
        ("", 2, {"/reference", "/received_on"}),
    ],
)
def test_what_a_confirmation_needs(play: Play, reference: str, days: int, pointers: set[str]) -> None:
    play.start()
    with pytest.raises(Invalid) as wrong:
        play.confirm(reference, on=clock.now().date() + timedelta(days=days))
    assert {one.pointer for one in wrong.value.problems} == pointers
    assert play.payments() == []


def test_who_may_confirm_and_when(play: Play, world: World) -> None:
    play.start()
    for nobody in (world.reader, world.tenant):
        with pytest.raises(Refused):
            play.confirm(by=nobody)
    play.confirm()
    with pytest.raises(OutOfStep, match="paid already"):
        play.confirm()
    play.cancel()
    with pytest.raises(OutOfStep, match="was cancelled"):
        play.confirm()
    play.start(None)
    with pytest.raises(OutOfStep, match="Set the amount"):
        play.confirm()


# --- back to the payer ------------------------------------------------------------------------------------------


@pytest.mark.requirement("X22")
def test_a_refund_by_staff(play: Play, world: World) -> None:
    play.start()
    play.pay()
    with pytest.raises(Invalid, match="Say why"):
        play.refund(" ")
    with pytest.raises(Refused):
        play.refund(by=world.agent)
    play.refund()
    assert play.states() == ["refunding"]
    with pytest.raises(OutOfStep, match="already"):
        play.refund()
    play.run()
    payment = play.payment()
    assert (payment.state, payment.refunded_minor) == ("refunded", 45_000)
    assert payment.refunded_at is not None
    assert play.kinds().count("payment_refunded") == 1
    play.tell()
    assert play.kinds().count("payment_refunded") == 1, "the provider tells it too"
    assert "payment-refunded" in play.mails()
    assert play.state() == "completed"


def test_nothing_is_given_back_that_did_not_come(play: Play) -> None:
    play.start()
    play.begin()
    with pytest.raises(OutOfStep, match="nothing to give back"):
        play.refund()


@pytest.mark.requirement("X22")
def test_a_flow_gives_the_money_back_when_the_request_ends(play: Play) -> None:
    play.start()
    play.pay()
    play.cancel()
    play.run()
    assert play.states() == ["refunded"]
    assert [effect.state for effect in play.owed("call", "done")] == ["done"]
    (charge,) = play.till.till.charges.values()
    assert charge["amount_refunded"] == 45_000


@pytest.mark.requirement("X22")
def test_a_part_that_was_given_back_at_the_provider(play: Play) -> None:
    play.start()
    name = play.pay()
    intent = play.till.till.session(name)["payment_intent"]
    play.till.till.refund({"payment_intent": intent, "amount": "10000"})
    play.tell()
    assert (play.payment().state, play.payment().refunded_minor) == ("paid", 10_000)
    play.refund()
    play.run()
    assert (play.payment().state, play.payment().refunded_minor) == ("refunded", 45_000)
    play.tell()
    assert play.payment().refunded_minor == 45_000


@pytest.mark.requirement("X22", "X36")
def test_a_bank_transfer_is_paid_back_by_people(play: Play, world: World) -> None:
    play.start()
    play.confirm()
    play.refund()
    play.run()
    (told,) = play.incidents()
    assert "Transfer £450.00 back by hand (DEP)" in told
    assert play.states() == ["refunding"]
    with pytest.raises(Invalid, match="bank statement"):
        play.paid_back(" ")
    with pytest.raises(Refused):
        play.paid_back("BACK", by=world.agent)
    play.paid_back("BACK")
    assert play.states() == ["refunded"]
    assert play.incidents() == [], "there is nothing left to see to"
    with pytest.raises(OutOfStep, match="nothing is to be paid back"):
        play.paid_back("BACK")


@pytest.mark.requirement("X22")
def test_a_hook_gives_back_payments_of_its_own_task_only(play: Play, world: World) -> None:
    play.start()
    play.pay()
    mine, other = play.payment().uid, play.ref
    play.start()
    play.pay()
    for uid, words in ((mine, "none of this task's"), ("pay_nobody", "no payment"), ("", "no payment")):
        with pytest.raises(PermanentFault, match=words):
            play.hook(uid)
    play.hook(play.payment().uid)
    play.hook(play.payment().uid)
    assert play.states() == ["paid", "refunding"]
    assert other != play.ref
    play.start()
    play.begin()
    with pytest.raises(PermanentFault, match="nothing to give back"):
        play.hook(play.payment().uid)
