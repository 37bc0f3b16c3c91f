"""The first job through the API alone: sign in, order, answer, and everything said twice is done once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from flows.access import read_as
from flows.clock import clock
from flows.models import Effect, Order, SignIn
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.api.conftest import DETAILS, Phone, new_key, order_coro, task_of
from tests.world import World


def newest_code() -> str:
    mails = read_as(SYSTEM).scalars(select(Effect).where(Effect.key.startswith("sign-in:")).order_by(Effect.id.desc()))
    return str(next(iter(mails)).payload["scope"]["code"])


def sign_in(phone: Phone, email: str) -> dict[str, str]:
    assert phone.post("/auth/code", {"email": email}).status_code == 202
    grant = {"grant_type": "code", "email": email, "code": newest_code(), "installation_id": "phone-1"}
    answer = phone.post("/auth/token", grant)
    assert answer.status_code == 200, answer.text
    phone.token = answer.json["access_token"]
    return dict(answer.json)


@pytest.mark.requirement("D5", "A2", "A3", "A4", "A13", "A26", "A27", "A29", "A30", "A31", "A33", "A34")
def test_the_whole_job(anyone: Phone, world: World) -> None:
    tokens = sign_in(anyone, world.buyer.email)
    assert tokens["user"] == {"id": "usr_bea", "name": "Bea Buyer"}
    products = {row["id"]: row for row in anyone.get("/products").json["data"]}
    assert products[world.coro]["needs_details"] == ["Coro Info Required"]
    assert products[world.microsoft]["needs_details"] == []
    assert anyone.get(f"/products/{world.coro}").json == products[world.coro]
    items = [{"product_id": world.coro, "quantity": 10}, {"product_id": world.microsoft, "quantity": 5}]
    quote = anyone.post("/orders/quote", {"items": items}).json
    assert quote["total"] == {"amount": 15300, "currency": "GBP"}

    placed = anyone.post(
        "/orders", {"customer_id": world.acme, "items": items, "expected_total": quote["total"]}, key=new_key()
    )
    order = placed.json
    assert placed.headers["Location"] == f"/api/v1/orders/{order['id']}"
    assert (order["state"], order["total"]["amount"], order["allowed_actions"]) == (
        "awaiting_details",
        15300,
        ["cancel"],
    )
    assert order["notice"]["text"] == "View your outstanding tasks"
    [task] = order["outstanding_tasks"]
    assert task["title"] == "Coro Info Required"
    assert task["links"]["web"] == f"http://localhost/tasks/{task['reference']}"

    [row] = anyone.get("/instances?turn=todo").json["data"]
    assert (row["id"], row["status"], row["status_label"], row["customer_status"]) == (
        task["instance_id"],
        "not_started",
        "Pending",
        "pending",
    )
    assert (row["kind"], row["customer"]["name"], row["allowed_actions"]) == (
        "Order Fulfillment",
        "Acme Ltd",
        ["complete_task"],
    )
    url = f"/instances/{row['id']}/steps/details"
    step = anyone.get(url)
    assert step.headers["ETag"] == f'"st-{step.json["version"]}-en"'
    assert step.json["answers"] == {"company_name": "Acme Ltd", "domain_name": "acme.coro.example"}
    assert [field["key"] for field in step.json["fields"]] == ["company_name", "domain_name", "admin_email"]
    assert step.json["allowed_actions"] == ["save_draft", "submit"]

    kept = anyone.send("PUT", f"{url}/draft?validate=true", {"answers": {"admin_email": "it@"}, "merge": True})
    assert [(error["pointer"], error["code"]) for error in kept.json["errors"]] == [("#/answers/admin_email", "email")]
    assert anyone.get(f"{url}/draft").json["answers"] == {"admin_email": "it@"}
    again = anyone.get(url)
    assert again.json["draft"]["answers"] == {"admin_email": "it@"}
    assert again.headers["ETag"] != step.headers["ETag"]

    refused = anyone.post(
        f"{url}/submissions", {"answers": {**DETAILS, "admin_email": "it@"}}, key=new_key(), etag=step.headers["ETag"]
    )
    assert refused.status_code == 422
    assert refused.json["errors"][0]["pointer"] == "#/answers/admin_email"
    key = new_key()
    sent = anyone.post(
        f"{url}/submissions",
        {"answers": DETAILS, "filled_at": "2026-11-02T09:58:00Z"},
        key=key,
        etag=again.headers["ETag"],
    )
    assert sent.status_code == 201, sent.text
    assert sent.json["submission"]["attempt"] == 1
    assert sent.json["step"]["state"] == sent.json["instance"]["status"] == "completed"
    assert sent.json["next"]["kind"] == "done"
    [attempt] = anyone.get(f"{url}/submissions").json["data"]
    assert (attempt["answers"], attempt["filled_at"]) == (DETAILS, "2026-11-02T09:58:00Z")
    assert anyone.get("/instances?turn=done&status=completed").json["data"][0]["id"] == row["id"]
    assert anyone.get("/instances?status=pending").json["data"] == []
    history = anyone.get(f"/instances/{row['id']}/history").json["data"]
    assert history[0]["kind"] == "instance_started"

    replayed = anyone.post(
        f"{url}/submissions",
        {"answers": DETAILS, "filled_at": "2026-11-02T09:58:00Z"},
        key=key,
        etag=again.headers["ETag"],
    )
    assert replayed.json == sent.json
    assert replayed.headers["Idempotent-Replayed"] == "true"
    assert (replayed.status_code, replayed.headers["ETag"]) == (201, sent.headers["ETag"])
    other = anyone.post(f"{url}/submissions", {"answers": {}}, key=key, etag=again.headers["ETag"])
    assert (other.status_code, other.json["code"]) == (422, "idempotency-mismatch")
    late = anyone.post(f"{url}/submissions", {"answers": DETAILS}, key=new_key(), etag=sent.headers["ETag"])
    assert (late.status_code, late.json["code"]) == (409, "instance-closed")


def test_an_order_is_placed_once_however_often_it_is_sent(buyer: Phone, world: World) -> None:
    body, key = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}, new_key()
    first, second = (buyer.post("/orders", body, key=key) for _ in range(2))
    assert second.json == first.json
    assert second.headers["Location"] == first.headers["Location"]
    assert len(list(read_as(SYSTEM).scalars(select(Order.id)))) == 1
    assert [row["id"] for row in buyer.get("/orders").json["data"]] == [first.json["id"]]


@pytest.mark.requirement("A12")
def test_an_order_of_microsoft_alone_needs_nothing(buyer: Phone, world: World) -> None:
    body = {"customer_id": world.acme, "items": [{"product_id": world.microsoft, "quantity": 5}]}
    order = buyer.post("/orders", body, key=new_key()).json
    assert (order["state"], order["outstanding_tasks"], order["notice"]) == ("provisioning", [], None)


def test_cancelling_ends_the_order_and_its_task(buyer: Phone, world: World) -> None:
    order = order_coro(buyer, world)
    cancelled = buyer.post(f"/orders/{order['id']}/cancel", {"reason": "Changed our minds"}).json
    assert (cancelled["state"], cancelled["cancel_reason"], cancelled["allowed_actions"]) == (
        "cancelled",
        "customer",
        [],
    )
    assert buyer.get(f"/instances/{task_of(order)}").json["status"] == "cancelled"
    again = buyer.post(f"/orders/{order['id']}/cancel", {})
    assert (again.status_code, again.json["code"]) == (409, "invalid-transition")


@pytest.mark.requirement("A6")
def test_a_task_past_its_end_is_expired_while_no_worker_runs(
    buyer: Phone, world: World, move_clock: Callable[..., datetime]
) -> None:
    task = task_of(order_coro(buyer, world))
    before = buyer.get(f"/instances/{task}")
    step = buyer.get(f"/instances/{task}/steps/details")
    move_clock(days=8)
    shown = buyer.get(f"/instances/{task}", If_None_Match=before.headers["ETag"])
    assert shown.status_code == 200
    assert (shown.json["status"], shown.json["turn"], shown.json["allowed_actions"]) == ("expired", "done", [])
    assert buyer.get(f"/instances/{task}/steps/details").json["allowed_actions"] == []
    late = buyer.post(
        f"/instances/{task}/steps/details/submissions", {"answers": DETAILS}, key=new_key(), etag=step.headers["ETag"]
    )
    assert (late.status_code, late.json["code"]) == (409, "instance-closed")


def test_refresh_tokens_rotate_and_an_old_one_ends_the_family(anyone: Phone, world: World) -> None:
    tokens = sign_in(anyone, world.buyer.email)

    def refresh(token: str, installation: str = "phone-1") -> tuple[int, dict[str, str]]:
        body = {"grant_type": "refresh_token", "refresh_token": token, "installation_id": installation}
        answer = anyone.post("/auth/token", body)
        return answer.status_code, answer.json

    status, second = refresh(tokens["refresh_token"])
    assert status == 200
    assert refresh(tokens["refresh_token"])[1]["refresh_token"] == second["refresh_token"], (
        "answers get lost on the way"
    )
    anyone.token = ""
    status, third = refresh(second["refresh_token"])
    assert status == 200
    anyone.token = third["access_token"]
    assert anyone.get("/me").status_code == 200
    status, problem = refresh(tokens["refresh_token"])
    assert (status, problem["code"]) == (401, "refresh-reused")
    assert anyone.get("/me").json["code"] == "unauthenticated"
    assert refresh(third["refresh_token"])[0] == 401


def test_an_access_token_that_ran_out_says_so(buyer: Phone, world: World) -> None:
    with unit_of_work(SYSTEM) as work:
        for row in work.session.scalars(select(SignIn)):
            row.access_expires_at = clock.wall() - timedelta(minutes=1)
    answer = buyer.get("/me")
    assert (answer.status_code, answer.json["code"], answer.headers["WWW-Authenticate"]) == (
        401,
        "token-expired",
        "Bearer",
    )


def test_signing_out(anyone: Phone, world: World) -> None:
    tokens = sign_in(anyone, world.buyer.email)
    assert anyone.get("/auth/sessions").json["data"][0]["current"] is True
    assert anyone.post("/auth/revoke", {"refresh_token": tokens["refresh_token"]}).status_code == 204
    assert anyone.post("/auth/revoke", {"refresh_token": "rt_never.one"}).status_code == 204
    assert anyone.get("/me").status_code == 401


def test_ending_another_session_and_nobody_elses(signed_in: Callable[[Actor], Phone], world: World) -> None:
    first, second, foreign = signed_in(world.buyer), signed_in(world.buyer), signed_in(world.stranger)
    [other] = [row["id"] for row in first.get("/auth/sessions").json["data"] if not row["current"]]
    assert foreign.send("DELETE", f"/auth/sessions/{other}").status_code == 404
    assert first.send("DELETE", f"/auth/sessions/{other}").status_code == 204
    assert second.get("/me").status_code == 401
    assert first.get("/me").status_code == 200


def test_me(buyer: Phone, world: World) -> None:
    me = buyer.get("/me")
    assert me.json["accounts"] == [
        {"id": "cus_brightpath", "name": "Brightpath IT", "kind": "company", "role": "owner"}
    ]
    changed = buyer.send("PATCH", "/me", {"name": "Beatrice Buyer"}, {"If-Match": me.headers["ETag"]})
    assert (changed.status_code, changed.json["name"], changed.json["language"]) == (200, "Beatrice Buyer", "en")
    stale = buyer.send("PATCH", "/me", {"name": "B"}, {"If-Match": me.headers["ETag"]})
    assert (stale.status_code, stale.json["code"]) == (412, "stale-version")
    assert stale.json["current_etag"] == changed.headers["ETag"] == buyer.get("/me").headers["ETag"]


@pytest.mark.requirement("A13")
def test_notices_and_the_badge(buyer: Phone, world: World) -> None:
    empty = buyer.get("/me/summary").json
    assert empty == {
        "outstanding": 0,
        "awaiting_us": 0,
        "unread_messages": 0,
        "unread_notifications": 0,
        "next_due": None,
    }
    task = task_of(order_coro(buyer, world))
    order_coro(buyer, world)
    summary = buyer.get("/me/summary").json
    assert (summary["outstanding"], summary["unread_notifications"]) == (2, 4), "each order, and its task"
    assert summary["next_due"] == buyer.get(f"/instances/{task}").json["expires_at"]
    newest, *_, oldest = buyer.get("/notifications?unread=true").json["data"]
    assert oldest["instance_id"] == task
    assert oldest["text"] == "You have an outstanding task"
    assert buyer.post("/notifications/read", {"ids": [oldest["id"], "ntf_nobody"]}).json == {"read": 1}
    assert buyer.post("/notifications/read", {"up_to": newest["id"]}).json == {"read": 3}
    assert buyer.get("/notifications?unread=true").json["data"] == []
    assert len(buyer.get("/notifications").json["data"]) == 4


@pytest.mark.requirement("A20", "A35")
def test_customers(buyer: Phone, world: World) -> None:
    added = buyer.post("/customers", {"name": "Zebra Zoo"}, key=new_key())
    assert added.status_code == 201
    assert [row["name"] for row in buyer.get("/customers").json["data"]] == [
        "Acme Ltd",
        "Beta plc",
        "Brightpath IT",
        "Zebra Zoo",
    ]
    assert [row["id"] for row in buyer.get("/customers?q=zoo").json["data"]] == [added.json["id"]]


def test_staff_read_what_staff_see(signed_in: Callable[[Actor], Phone], buyer: Phone, world: World) -> None:
    order = order_coro(buyer, world)
    agent = signed_in(world.agent)
    assert agent.get(f"/orders/{order['id']}").json["allowed_actions"] == ["cancel"]
    assert agent.get(f"/instances/{task_of(order)}").json["allowed_actions"] == [
        "take", "assign", "change_due", "extend", "remind", "add_step",
    ]  # fmt: skip
    shown = agent.get(f"/instances/{task_of(order)}").json
    assert shown["links"]["web"] == f"http://localhost/admin/tasks/{shown['reference']}"
    assert agent.get(f"/orders/{order['id']}").json["links"]["web"].startswith("http://localhost/admin/orders/")
    assert buyer.get(f"/instances/{task_of(order)}").json["links"]["web"].endswith(f"/tasks/{shown['reference']}")
    reader = signed_in(world.reader)
    assert reader.get(f"/instances/{task_of(order)}").json["allowed_actions"] == []
    step = reader.get(f"/instances/{task_of(order)}/steps/details")
    refused = reader.post(
        f"/instances/{task_of(order)}/steps/details/submissions",
        {"answers": DETAILS},
        key=new_key(),
        etag=step.headers["ETag"],
    )
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
