"""Stripe at the door: only it speaks there, each word counts once, and what it says is never money for nothing."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from flows.rules.signatures import sign
from tests.payments.conftest import SECRET, Play, signed


def session(play: Play, **more: Any) -> dict[str, Any]:
    payment = play.payment()
    return {
        "id": payment.provider_reference or "cs_1", "object": "checkout.session", "status": "complete",
        "payment_status": "paid", "amount_total": payment.amount_minor, "currency": payment.currency.lower(),
        "client_reference_id": payment.uid, "metadata": {"payment": payment.uid}, "payment_intent": "pi_1", **more,
    }  # fmt: skip


def event(thing: dict[str, Any], kind: str = "checkout.session.completed") -> dict[str, Any]:
    return {"id": "evt_1", "object": "event", "type": kind, "data": {"object": thing}}


@pytest.mark.requirement("X22")
def test_a_payment_is_told_by_webhook(play: Play) -> None:
    play.start()
    play.begin()
    answer = play.post(event(session(play)))
    assert (answer.status_code, answer.data) == (204, b"")
    assert play.states() == ["paid"]
    assert play.state() == "completed"
    assert play.post(event(session(play))).status_code == 204, "as a network repeats it"
    assert play.post(event(session(play)), at=-200).status_code == 204
    assert play.kinds().count("payment_received") == 1
    assert play.incidents() == []


@pytest.mark.requirement("X22")
def test_only_stripe_speaks_here(play: Play) -> None:
    play.start()
    play.begin()
    body, good = signed(event(session(play)))
    other = body.replace(b"45000", b"1")
    stamp = int(time.time())
    for signature in (
        "", "t=,v1=", "v1=x", "t=1", f"t={10**30},v1=x", "t=٣,v1=x", f"t={stamp},v1=", f"t={stamp},v1=é",
        sign(body, "whsec_of_others", stamp), sign(body, "", stamp), sign(other, SECRET, stamp),
        sign(body, SECRET, stamp - 301), good.replace("v1=", "v0="), good + "0",
    ):  # fmt: skip
        answer = play.app.test_client().post(
            "/hooks/stripe",
            data=body,
            environ_overrides={"HTTP_STRIPE_SIGNATURE": signature.encode().decode("latin-1")},
        )
        assert answer.status_code == 401, signature
    assert (
        play.app.test_client().post("/hooks/stripe", data=other, headers={"Stripe-Signature": good}).status_code == 401
    )
    assert play.states() == ["pending"]
    assert play.app.test_client().get("/hooks/stripe").status_code == 405


@pytest.mark.requirement("X22")
@pytest.mark.parametrize(
    "more",
    [{"amount_total": 1}, {"amount_total": 45_001}, {"currency": "eur"}, {"amount_total": None}, {"currency": None}],
)
def test_another_amount_or_currency_is_given_back(play: Play, more: dict[str, Any]) -> None:
    play.start()
    play.begin()
    assert play.post(event(session(play, **more))).status_code == 204
    assert play.state() == "open"
    assert play.states()[0] in ("refunding", "refunded")
    assert len(play.incidents()) == 1


@pytest.mark.requirement("X22")
def test_after_cancellation_it_is_given_back(play: Play) -> None:
    play.start()
    play.begin()
    said = event(session(play))
    play.cancel()
    for _ in range(2):
        assert play.post(said).status_code == 204
    assert play.states() == ["refunding"]
    assert len(play.incidents()) == 1


@pytest.mark.requirement("X22")
def test_what_is_not_ours_is_not_found_and_what_is_not_about_money_is_passed_over(play: Play) -> None:
    play.start()
    play.begin()
    nobody = session(play, id="cs_x", client_reference_id="pay_nobody", metadata={})
    assert play.post(event(nobody)).status_code == 404
    assert play.post(event({**nobody, "client_reference_id": None})).status_code == 404
    refunded = {"object": "charge", "payment_intent": "pi_x", "amount_refunded": 5, "metadata": {}}
    assert play.post(event(refunded, "charge.refunded")).status_code == 404
    assert play.post(event({"id": "in_1"}, "invoice.paid")).status_code == 204
    assert play.states() == ["pending"]


@pytest.mark.requirement("X22")
def test_a_bank_transfer_is_nothing_that_stripe_can_speak_of(play: Play) -> None:
    """Its reference is what people typed."""
    play.start()
    play.confirm("cs_typed")
    said = session(play, id="cs_typed", client_reference_id="", metadata={}, amount_total=1)
    assert play.post(event(said)).status_code == 404
    assert play.post(event({**said, "metadata": {"payment": play.payment().uid}})).status_code == 404
    assert play.states() == ["paid"]


@pytest.mark.requirement("X22")
def test_money_that_comes_later_or_does_not(play: Play) -> None:
    play.start()
    play.begin()
    unpaid = {"payment_status": "unpaid"}
    play.post(event(session(play, **unpaid)))
    assert play.states() == ["processing"]
    play.post(event(session(play, **unpaid), "checkout.session.async_payment_failed"))
    assert play.states() == ["failed"]
    play.begin()
    play.post(event(session(play, status="expired", **unpaid), "checkout.session.expired"))
    assert play.states() == ["failed", "cancelled"]
    play.begin()
    play.post(event(session(play, id="cs_3"), "checkout.session.async_payment_succeeded"))
    assert play.states() == ["failed", "cancelled", "paid"]


@pytest.mark.requirement("X22")
def test_a_refund_made_at_stripe_is_told(play: Play) -> None:
    play.start()
    play.begin()
    play.post(event(session(play)))
    charge = {"object": "charge", "payment_intent": "pi_1", "amount_refunded": 45_000, "metadata": {}}
    for _ in range(2):
        assert play.post(event(charge, "charge.refunded")).status_code == 204
    assert play.states() == ["refunded"]
    assert play.kinds().count("payment_refunded") == 1


def test_bodies_that_cannot_be_read(play: Play) -> None:
    play.start()
    play.begin()
    for body in (
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({"type": "charge.refunded"}).encode(),
    ):
        headers = {"Stripe-Signature": sign(body, SECRET, int(time.time()))}
        answer = play.app.test_client().post("/hooks/stripe", data=body, headers=headers)
        assert answer.status_code in (400, 401), body[:20]
    big = json.dumps(event({"x": "y" * 1024 * 1024})).encode()
    headers = {"Stripe-Signature": sign(big, SECRET, int(time.time()))}
    assert play.app.test_client().post("/hooks/stripe", data=big, headers=headers).status_code == 413
    assert play.states() == ["pending"]


@pytest.mark.parametrize("database", ["sqlite"])
def test_where_nobody_pays_by_card_there_is_no_door(app: Flask) -> None:
    app.config["BATON"] = replace(app.config["BATON"], stripe_key="")
    body, signature = signed({"type": "x"}, "")
    assert (
        app.test_client().post("/hooks/stripe", data=body, headers={"Stripe-Signature": signature}).status_code == 404
    )
