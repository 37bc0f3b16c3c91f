"""The app pays: a checkout begun with a key that is safe to repeat, and how it stands, held against the document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

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


@pytest.fixture
def desk_of(phone_of: Callable[[Actor], Phone], world: World) -> Phone:
    """A phone of staff who may all that there is about money."""
    return phone_of(world.admin)


def refused(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def places(answer: TestResponse) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [one["pointer"] for one in answer.json["errors"]]


@pytest.mark.requirement("C27", "D5", "Q27")
def test_staff_change_an_amount_by_phone(play: Play, desk_of: Phone, phone: Phone) -> None:
    play.start(45_000)
    step = desk_of.get(step_of(play))
    assert {"change_amount", "confirm_transfer"} <= set(step.json["allowed_actions"])
    path, body = f"{step_of(play)}/change_amount", {"amount": {"amount": 30_000, "currency": "GBP"}, "reason": "Less"}
    assert refused(phone.post(path, body, key="a")) == (403, "forbidden")
    changed = desk_of.post(path, body, key="b", etag=step.headers["ETag"])
    assert changed.status_code == 200, changed.text
    assert changed.headers["ETag"] == desk_of.get(step_of(play)).headers["ETag"]
    assert phone.get(step_of(play)).json["payment"]["amount"] == {"amount": 30_000, "currency": "GBP"}
    assert refused(desk_of.post(path, body, key="c", etag=step.headers["ETag"])) == (412, "stale-version")
    assert places(desk_of.post(path, body, key="d")) == ["#/amount/amount"], "it is that already"
    euros = {"amount": {"amount": 100, "currency": "EUR"}}
    assert places(desk_of.post(path, euros, key="e")) == ["#/amount/currency"]
    assert places(desk_of.post(path, {"amount": {"amount": -1, "currency": "GBP"}}, key="f")) == ["#/amount/amount"]
    assert refused(desk_of.post(path.replace("deposit", "home"), body, key="g")) == (404, "not-found")
    nothing = desk_of.post(path, {"amount": {"amount": 0, "currency": "GBP"}}, key="h")
    assert nothing.json["step"]["state"] == "skipped"
    back = desk_of.post(path, body, key="i")
    assert (back.status_code, back.json["step"]["state"]) == (200, "open")
    play.pay()
    assert refused(desk_of.post(path, {"amount": {"amount": 5, "currency": "GBP"}}, key="j")) == (
        409, "already-submitted",
    )  # fmt: skip


@pytest.mark.requirement("X22", "D5")
def test_staff_confirm_a_transfer_and_pay_it_back_by_phone(play: Play, desk_of: Phone, phone: Phone) -> None:
    play.start(45_000)
    path, body = f"{step_of(play)}/confirm_transfer", {"reference": "DEP 17", "received_on": "2026-11-02"}
    assert refused(phone.post(path, body, key="a")) == (403, "forbidden")
    assert places(desk_of.post(path, {"reference": " ", "received_on": "2026-11-03"}, key="b")) == [
        "#/reference", "#/received_on",
    ]  # fmt: skip
    assert places(desk_of.post(path, {"reference": "x", "received_on": "yesterday"}, key="c")) == ["#/received_on"]
    done = desk_of.post(path, body, key="d")
    assert done.status_code == 200, done.text
    assert done.json["step"]["state"] == "completed"
    assert desk_of.post(path, body, key="d").headers["Idempotent-Replayed"] == "true"
    assert refused(desk_of.post(path, body, key="e")) == (409, "already-submitted")

    [paid] = desk_of.get("/payments?state=paid").json["data"]
    assert (paid["provider"], paid["allowed_actions"]) == ("bank", ["refund"])
    assert paid["links"]["web"] == f"http://localhost/admin/payments/{paid['id']}"
    assert desk_of.get("/payments?state=failed").json["data"] == []
    assert desk_of.get(f"/payments?q={play.ref}").json["data"] == [paid]
    assert phone.get("/payments").status_code == 403
    assert phone.get(f"/payments/{paid['id']}").json["allowed_actions"] == []

    money = f"/payments/{paid['id']}"
    assert refused(phone.post(f"{money}/refund", {"reason": "Mine"}, key="f")) == (403, "forbidden")
    assert places(desk_of.post(f"{money}/refund", {"reason": ""}, key="g")) == ["#/reason"]
    assert refused(desk_of.post(f"{money}/paid_back", {"reference": "x"}, key="h")) == (409, "invalid-transition")
    back = desk_of.post(f"{money}/refund", {"reason": "They moved away"}, key="i")
    assert (back.json["state"], back.json["allowed_actions"]) == ("refunding", ["paid_back"])
    assert refused(desk_of.post(f"{money}/refund", {"reason": "Again"}, key="j")) == (409, "invalid-transition")
    assert places(desk_of.post(f"{money}/paid_back", {"reference": ""}, key="k")) == ["#/reference"]
    gone = desk_of.post(f"{money}/paid_back", {"reference": "OUT 3"}, key="l")
    assert (gone.json["state"], gone.json["refunded"]["amount"]) == ("refunded", 45_000)


@pytest.mark.requirement("X22")
def test_money_needs_the_permission(play: Play, phone_of: Callable[[Actor], Phone], world: World) -> None:
    play.start(45_000)
    reader = phone_of(world.reader)
    assert not {"change_amount", "confirm_transfer"} & set(reader.get(step_of(play)).json["allowed_actions"])
    body = {"reference": "DEP", "received_on": "2026-11-02"}
    assert refused(reader.post(f"{step_of(play)}/confirm_transfer", body, key="a")) == (403, "forbidden")
    amount = {"amount": {"amount": 5, "currency": "GBP"}}
    assert refused(reader.post(f"{step_of(play)}/change_amount", amount, key="b")) == (403, "forbidden")
    play.pay()
    [paid] = reader.get("/payments").json["data"]
    assert paid["allowed_actions"] == []
    assert refused(reader.post(f"/payments/{paid['id']}/refund", {"reason": "x"}, key="c")) == (403, "forbidden")
