"""Our side and the provider's, with Stripe's own library over loopback: crashes, refusals, calls that got lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from flows import settings as room
from flows.actions import delivering, paying
from flows.plugin import PassingFault, PermanentFault
from flows.rules.errors import OutOfStep
from flows.work import unit_of_work
from messaging.payments import desk
from messaging.payments.by_stripe import Stripe, said_in, word_of
from messaging.payments.provider import Checkout, Unreadable
from tests.payments.conftest import KEY, SECRET, Play
from worker.demo.checkout import Stripe as StandIn

on_sqlite = pytest.mark.parametrize("database", ["sqlite"])


def checkout(**more: Any) -> Checkout:
    usual = {
        "uid": "pay_1", "state": "pending", "provider": "stripe", "title": "Deposit", "amount_minor": 45_000,
        "currency": "GBP", "statement": "DEP-1", "reference": "", "charge": "", "redirect_url": "", "received_minor": 0,
        "refunded_minor": 0, "instance": "TI-2001", "page": "http://localhost/tasks/TI-2001/steps/deposit/pay",
    }  # fmt: skip
    return Checkout(**{**usual, **more})


@pytest.fixture
def stripe(till: StandIn) -> Stripe:
    return Stripe(KEY, SECRET, till.till.page)


# --- the provider alone -----------------------------------------------------------------------------------------


@pytest.mark.requirement("X22")
def test_a_checkout_is_opened_once(stripe: Stripe, till: StandIn) -> None:
    first, again = stripe.open(checkout()), stripe.open(checkout())
    assert first == again
    assert first.url == f"{till.till.page}/checkout/{first.reference}"
    session = till.till.session(first.reference)
    assert (session["amount_total"], session["currency"], session["client_reference_id"]) == (45_000, "gbp", "pay_1")
    assert session["metadata"] == {"payment": "pay_1", "task": "TI-2001"}
    assert session["title"] == "Deposit (TI-2001)"
    assert session["success_url"].endswith("/pay?back=paid")
    assert stripe.open(checkout(uid="pay_2")).reference != first.reference


@pytest.mark.requirement("X22")
def test_how_a_checkout_stands(stripe: Stripe, till: StandIn) -> None:
    asked = checkout(reference=stripe.open(checkout()).reference)
    assert stripe.look(asked).outcome == "open"
    till.till.pay(asked.reference, "decline")
    word = stripe.look(asked)
    assert (word.outcome, word.why) == ("open", "Your card was declined.")
    till.till.pay(asked.reference, "later")
    assert stripe.look(asked).outcome == "processing"
    till.till.clear(asked.reference, paid=False)
    word = stripe.look(asked)
    assert (word.outcome, word.why) == ("failed", "Your bank did not let this payment through.")
    other = checkout(uid="pay_2", reference=stripe.open(checkout(uid="pay_2")).reference)
    till.till.pay(other.reference, "pay")
    word = stripe.look(other)
    assert (word.outcome, word.payment, word.amount_minor, word.currency) == ("paid", "pay_2", 45_000, "GBP")
    assert word.charge.startswith("pi_")
    assert stripe.look(checkout(reference="cs_nobody")).outcome == "expired"


@pytest.mark.requirement("X22")
def test_a_checkout_is_closed_and_one_that_is_over_stays_as_it_is(stripe: Stripe, till: StandIn) -> None:
    asked = checkout(reference=stripe.open(checkout()).reference)
    stripe.close(asked)
    assert stripe.look(asked).outcome == "expired"
    stripe.close(asked)
    stripe.close(checkout(reference="cs_nobody"))
    paid = checkout(uid="pay_2", reference=stripe.open(checkout(uid="pay_2")).reference)
    till.till.pay(paid.reference, "pay")
    stripe.close(paid)
    assert stripe.look(paid).outcome == "paid"


@pytest.mark.requirement("X22")
def test_money_goes_back_once(stripe: Stripe, till: StandIn) -> None:
    asked = checkout(reference=stripe.open(checkout()).reference, received_minor=45_000)
    till.till.pay(asked.reference, "pay")
    assert stripe.refund(asked) == 45_000
    assert stripe.refund(asked) == 45_000, "the same key, the same answer"
    (charge,) = till.till.charges.values()
    assert charge["amount_refunded"] == 45_000
    till.till._answers.clear()
    assert stripe.refund(asked) == 45_000, "the key is forgotten, and there is nothing left to give"
    assert charge["amount_refunded"] == 45_000
    with pytest.raises(PermanentFault, match="knows no money"):
        stripe.refund(checkout(reference="cs_nobody"))


def test_faults_that_pass_and_faults_that_do_not(stripe: Stripe, till: StandIn) -> None:
    with pytest.raises(PermanentFault, match="Invalid API Key"):
        replace(stripe, key="sk_test_wrong").open(checkout())
    stripe.open(checkout())
    with pytest.raises(PermanentFault, match="with other parameters"):
        stripe.open(checkout(amount_minor=5))
    with pytest.raises(PassingFault, match="Stripe says"):
        replace(stripe, base="http://127.0.0.1:9").open(checkout())


SESSION = {"id": "cs_1", "status": "open", "payment_status": "unpaid", "amount_total": 45_000, "currency": "gbp"}


@pytest.mark.requirement("X22")
@pytest.mark.parametrize(
    ("more", "said", "outcome"),
    [
        ({}, "", "open"),
        ({"status": "expired"}, "", "expired"),
        ({"status": "complete", "payment_status": "paid"}, "", "paid"),
        ({"status": "complete"}, "", "processing"),
        ({"status": "complete"}, "failed", "failed"),
        ({"status": "complete", "payment_status": "paid"}, "failed", "paid"),
        ({"status": "complete", "payment_intent": {"id": "pi", "status": "canceled"}}, "", "failed"),
        ({"status": "complete", "payment_intent": {"id": "pi", "status": "processing"}}, "", "processing"),
        ({"status": "complete", "payment_status": "no_payment_required", "amount_total": 0}, "", "paid"),
    ],
)
def test_a_session_in_our_words(more: dict[str, Any], said: str, outcome: str) -> None:
    assert word_of({**SESSION, **more}, said).outcome == outcome


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"5", b'"x"', b"{}", b'{"type": "charge.refunded"}', b"\xff",
        b'{"type": "checkout.session.completed", "data": {"object": {}}}',
        b'{"type": "checkout.session.completed", "data": {"object": []}}',
        b'{"type": "checkout.session.completed", "data": {"object": {"id": "x", "amount_total": "much"}}}',
        b'{"type": "checkout.session.completed", "data": {"object": {"id": "x", "metadata": [1]}}}',
        b'{"type": "charge.refunded", "data": {"object": {"amount_refunded": null}}}',
        b'{"type": [], "data": {"object": {"id": "x"}}}',
        b'{"type":' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_events_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(Unreadable):
        said_in(body)
    assert said_in(b'{"type": "invoice.paid", "data": {"object": {}}}') is None


# --- both sides -------------------------------------------------------------------------------------------------


@pytest.mark.requirement("X22")
def test_the_customer_is_sent_to_the_same_checkout_however_often_they_press(play: Play) -> None:
    play.start()
    assert play.go() == play.go() == play.payment().provider_reference
    assert len(play.till.till.sessions) == 1


@pytest.mark.requirement("X22")
def test_a_crash_before_the_provider_answered_is_made_good(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.start()

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(paying, "ready", die)
        with pytest.raises(KeyboardInterrupt):
            play.go()
    assert play.payment().provider_reference == ""
    name = play.go()
    assert len(play.till.till.sessions) == 1, "the same key found the same checkout"
    assert play.payment().provider_reference == name


@pytest.mark.requirement("X22")
def test_a_provider_that_is_away_leaves_a_payment_that_is_taken_up_again(play: Play, app: Flask) -> None:
    play.start()
    with_base = app.config["BATON"]
    room.use(replace(with_base, stripe_api_base="http://127.0.0.1:9"))
    with pytest.raises(PassingFault):
        play.go()
    assert play.states() == ["pending"]
    room.use(with_base)
    assert play.go()
    assert len(play.payments()) == 1


@pytest.mark.requirement("X22", "X36")
def test_a_provider_that_refuses_is_an_incident(play: Play, app: Flask) -> None:
    play.start()
    good = app.config["BATON"]
    room.use(replace(good, stripe_key="sk_test_wrong"))
    with pytest.raises(PermanentFault):
        play.go()
    assert play.states() == ["failed"]
    assert "Invalid API Key" in play.incidents()[0]
    assert "payment-failed" not in play.mails(), "they see it on the page"
    room.use(good)
    assert play.go(), "once it is mended it goes on"


@pytest.mark.requirement("X22")
def test_a_checkout_that_has_run_out_is_begun_anew(play: Play) -> None:
    play.start()
    first = play.go()
    play.till.till.expire(first)
    second = play.go()
    assert second != first
    assert play.states() == ["cancelled", "pending"]


@pytest.mark.requirement("X22")
def test_pressing_again_finds_what_was_paid_meanwhile(play: Play) -> None:
    """The webhook is lost, and the customer presses Pay once more: they are not sent to pay twice."""
    play.start()
    play.till.till.pay(play.go(), "pay")
    assert play.go() == ""
    assert play.states() == ["paid"]


@pytest.mark.requirement("X22")
def test_a_change_between_the_question_and_the_answer(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    play.start()
    opened = Stripe.open

    def slow(self: Stripe, asked: Checkout) -> Any:
        answer = opened(self, asked)
        play.change(50_000)
        return answer

    monkeypatch.setattr(Stripe, "open", slow)
    with pytest.raises(OutOfStep, match="changed at this very moment"):
        play.go()
    play.run()
    assert [session["status"] for session in play.till.till.sessions.values()] == ["expired"]


@pytest.mark.requirement("X22")
def test_a_call_that_got_lost_strands_nobody(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    play.till.till.pay(play.go(), "pay")
    assert play.states() == ["pending"]
    move_clock(minutes=11)
    play.run()
    assert play.states() == ["paid"]
    assert play.state() == "completed"


@pytest.mark.requirement("X22")
def test_money_that_takes_days_is_looked_after(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    play.till.till.pay(play.go(), "later")
    for _ in range(6):
        (look,) = play.owed("checkout")
        move_clock(to=look.next_at)
        play.run()
    assert play.states() == ["processing"]
    play.till.till.clear(play.payment().provider_reference)
    move_clock(days=1)
    play.run()
    assert play.states() == ["paid"]


@pytest.mark.requirement("X22")
def test_a_declined_card_is_told_and_the_same_checkout_takes_another(play: Play) -> None:
    play.start()
    name = play.go()
    play.till.till.pay(name, "decline")
    assert desk.look(play.payment().uid) == "pending"
    assert play.payment().failure == "Your card was declined."
    assert play.go() == name
    play.till.till.pay(name, "pay")
    play.tell()
    assert (play.states(), play.payment().failure) == (["paid"], "")


@pytest.mark.requirement("X22", "X36")
def test_a_refund_waits_for_a_provider_that_is_away(
    play: Play, app: Flask, move_clock: Callable[..., datetime]
) -> None:
    play.start()
    play.pay()
    play.refund()
    good = app.config["BATON"]
    room.use(replace(good, stripe_api_base="http://127.0.0.1:9"))
    play.run()
    assert play.states() == ["refunding"]
    (effect,) = play.owed("refund")
    assert (effect.tries, "Stripe says" in effect.last_fault) == (1, True)
    room.use(good)
    move_clock(minutes=1)
    play.run()
    assert play.states() == ["refunded"]


@pytest.mark.requirement("X22", "X36")
def test_a_mismatch_that_people_retry_is_done(play: Play) -> None:
    play.start()
    play.till.till.pay(play.go(), "pay")
    play.cancel()
    play.tell()
    play.run()
    (incident,) = play.owed("refund", "incident")
    with unit_of_work(play.world.agent) as work:
        delivering.retry(work, incident.id)
    play.run()
    assert play.owed("refund", "incident") == []
    (charge,) = play.till.till.charges.values()
    assert charge["amount_refunded"] == 45_000


@on_sqlite
def test_without_stripe_nothing_is_asked_of_it(app: Flask) -> None:
    room.use(replace(app.config["BATON"], stripe_key=""))
    with pytest.raises(PermanentFault, match="BATON_STRIPE_KEY"):
        desk.stripe()
    room.use(app.config["BATON"])
