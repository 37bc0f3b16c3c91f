"""The app pays: a checkout begun with a key that is safe to repeat, and how it stands, held against the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from flows import settings as room
from flows.actions.accounts import NOBODY, Device, issue_app_tokens
from flows.actions.accounts.sessions import open_sign_in
from flows.models import User
from flows.rules.actors import Actor
from flows.work import unit_of_work
from tests.api.conftest import Phone
from tests.payments.conftest import BANK, Play
from tests.world import World


@pytest.fixture
def phone_of(app: Flask) -> Callable[[Actor], Phone]:
    def phone(actor: Actor) -> Phone:
        with unit_of_work(NOBODY) as work:
            user = work.session.get_one(User, actor.user_id)
            tokens = issue_app_tokens(open_sign_in(work, user, Device("127.0.0.1", "Tests", "app", f"p{user.id}")))
        return Phone(app.test_client(), tokens.access_token)

    return phone


@pytest.fixture
def phone(phone_of: Callable[[Actor], Phone], world: World) -> Phone:
    return phone_of(world.tenant)


def step_of(play: Play) -> str:
    return f"/instances/{play.now().uid}/steps/{play.step}"


@pytest.mark.requirement("D5", "X22")
def test_the_app_pays(play: Play, phone: Phone) -> None:
    play.start(45_000)
    step = phone.get(step_of(play)).json
    assert step["allowed_actions"] == ["pay"]
    assert step["payment"] == {
        "amount": {"amount": 45_000, "currency": "GBP"}, "reference": f"DEP-{play.ref}", "payment_id": None,
        "state": None, "providers": ["stripe", "bank"], "bank_details": BANK,
    }  # fmt: skip
    begun = phone.post(f"{step_of(play)}/payment", key="a-key-of-the-app")
    assert begun.status_code == 201
    uid, name = begun.json["payment_id"], begun.json["redirect_url"].rpartition("/")[2]
    assert begun.headers["Location"] == f"/api/v1/payments/{uid}"
    assert begun.json["redirect_url"] == play.till.till.session(name)["url"]
    assert begun.json["return_url"] == f"http://localhost/tasks/{play.ref}/steps/deposit/pay"
    assert phone.get(f"/payments/{uid}").json["state"] == "pending"
    play.till.till.pay(name, "pay")
    play.tell()
    paid = phone.get(f"/payments/{uid}").json
    assert (paid["state"], paid["amount"]) == ("paid", {"amount": 45_000, "currency": "GBP"})
    assert paid["paid_at"]
    assert phone.get(step_of(play)).json["payment"]["state"] == "paid"
    assert phone.get(f"/instances/{play.now().uid}?include=steps").json["steps"][0]["payment"] is None
    play.refund()
    play.run()
    refunded = phone.get(f"/payments/{uid}").json
    assert (refunded["state"], refunded["refunded"]["amount"]) == ("refunded", 45_000)


@pytest.mark.requirement("X22")
def test_the_same_key_is_the_same_payment(play: Play, phone: Phone) -> None:
    play.start()
    path = f"{step_of(play)}/payment"
    first = phone.post(path, key="one")
    again = phone.post(path, key="one")
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = phone.post(path, key="two")
    assert other.json == first.json, "another press, and still one payment"
    play.till.till.pay(play.payment().provider_reference, "pay")
    after = phone.post(path, key="one")
    assert after.json["payment_id"] == first.json["payment_id"]
    assert after.json["redirect_url"] == after.json["return_url"], "there is nothing to pay any more"
    assert play.states() == ["paid"], "asking again found it out"
    late = phone.post(path, key="three")
    assert (late.status_code, late.json["code"]) == (409, "already-submitted")


@pytest.mark.requirement("X22")
def test_a_provider_that_is_away_is_tried_with_the_same_key(play: Play, phone: Phone, app: Flask) -> None:
    play.start()
    good = app.config["BATON"]
    room.use(replace(good, stripe_api_base="http://127.0.0.1:9"))
    away = phone.post(f"{step_of(play)}/payment", key="one")
    assert (away.status_code, away.json["code"], away.headers["Retry-After"]) == (503, "unavailable", "5")
    room.use(good)
    back = phone.post(f"{step_of(play)}/payment", key="one")
    assert (back.status_code, len(play.payments())) == (201, 1)
    assert back.json["payment_id"] == play.payment().uid


@pytest.mark.requirement("X22")
def test_why_the_app_may_not_pay(play: Play, phone: Phone, phone_of: Callable[[Actor], Phone], world: World) -> None:
    play.start()
    path = f"{step_of(play)}/payment"

    def refused(answer: object) -> tuple[int, str]:
        return answer.status_code, answer.json["code"]  # type: ignore[attr-defined]

    assert refused(phone.post(path)) == (400, "idempotency-key-missing")
    assert refused(phone_of(world.stranger).post(path, key="k")) == (404, "not-found")
    assert refused(phone.post(path.replace("deposit", "home"), key="k1")) == (404, "not-found")
    assert refused(phone.post(path.replace("deposit", "nothing"), key="k2")) == (404, "not-found")
    assert refused(phone.post(path.replace("deposit", "keys"), key="k3")) == (404, "not-found")
    submit = phone.post(path.replace("payment", "submissions"), {"answers": {}}, key="k4", etag="*")
    assert refused(submit) == (409, "payment-needed")
    draft = phone.send("PUT", path.replace("payment", "draft"), {"answers": {}})
    assert refused(draft) == (409, "payment-needed")
    play.pay("later")
    assert refused(phone.post(path, key="k5")) == (409, "payment-pending")
    uid = play.payment().uid
    assert refused(phone_of(world.stranger).get(f"/payments/{uid}")) == (404, "not-found")
    assert refused(phone.get("/payments/pay_nobody")) == (404, "not-found")
    play.cancel()
    assert refused(phone.post(path, key="k6")) == (409, "instance-closed")
    play.start(None)
    assert refused(phone.post(f"{step_of(play)}/payment", key="k7")) == (409, "invalid-transition")
    assert phone.get(step_of(play)).json["payment"]["amount"] is None
    play.start(1, flow="charge")
    assert refused(phone.post(f"{step_of(play)}/payment", key="k8")) == (409, "step-locked")
