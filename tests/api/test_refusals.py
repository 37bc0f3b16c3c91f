"""Every "no" of the API: its status, its slug, its place; and that "not there" and "not yours" look the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, insert
from sqlalchemy.exc import OperationalError

from flows.actions import ordering
from flows.actions.replaying import RUNNING
from flows.clock import clock
from flows.db import db
from flows.models import Replay
from flows.rules.actors import Actor
from portal.api import limits, problems
from tests.api.conftest import DETAILS, Phone, new_key, order_coro, task_of
from tests.world import World

NOWHERE = {"order": "ord_00000000000000000000", "task": "ti_00000000000000000000"}


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_nothing_is_shown_to_nobody(anyone: Phone) -> None:
    for token in ("", "at_wrong", "x" * 5000):
        anyone.token = token
        answer = anyone.get("/orders")
        assert refused(answer) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_cookie_opens_nothing_and_a_cookie_beside_a_token_is_refused(buyer: Phone, app: Flask) -> None:
    buyer.client.set_cookie("baton", "anything")
    assert refused(buyer.get("/me")) == (400, "malformed")
    cookie_only = Phone(buyer.client)
    assert refused(cookie_only.get("/me")) == (401, "unauthenticated")


def test_wrong_codes_and_passwords(anyone: Phone, world: World) -> None:
    phone = {"installation_id": "phone-1", "email": world.buyer.email}
    assert anyone.post("/auth/code", {"email": "nobody@example.com"}).status_code == 202
    wrong = anyone.post("/auth/token", {**phone, "grant_type": "code", "code": "000000"})
    assert refused(wrong) == (401, "code-invalid")
    assert refused(anyone.post("/auth/token", {**phone, "grant_type": "password", "password": "x"}))[0] == 401
    missing = anyone.post("/auth/token", {**phone, "grant_type": "refresh_token"})
    assert missing.json["errors"][0]["pointer"] == "#/refresh_token"


def test_too_many_tries_are_told_to_wait(anyone: Phone, world: World) -> None:
    body = {"email": world.buyer.email, "installation_id": "p", "grant_type": "code", "code": "000000"}
    answers = [anyone.post("/auth/token", body) for _ in range(11)]
    assert refused(answers[-1]) == (429, "rate-limited")
    assert int(answers[-1].headers["Retry-After"]) > 0


PATHS = {
    "order": ["/orders/{}"],
    "task": ["/instances/{}", "/instances/{}/steps", "/instances/{}/steps/details", "/instances/{}/history"],
}


@pytest.mark.requirement("D5")
def test_foreign_and_missing_are_the_same_to_the_byte(
    buyer: Phone, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    order = order_coro(buyer, world)
    stranger, own = signed_in(world.stranger), {"order": order["id"], "task": task_of(order)}
    for kind, paths in PATHS.items():
        for path in paths:
            foreign, missing = stranger.get(path.format(own[kind])), stranger.get(path.format(NOWHERE[kind]))
            assert foreign.status_code == missing.status_code == 404
            assert _nameless(foreign) == _nameless(missing)
    writes = (
        ("PUT", "draft", {"answers": {}}),
        ("POST", "submissions", {"answers": DETAILS}),
        ("DELETE", "draft", None),
    )
    for method, end, body in writes:
        headers = {"Idempotency-Key": new_key(), "If-Match": '"st-1-en"'}
        both = [
            stranger.send(
                method, f"/instances/{task}/steps/details/{end}", body, {**headers, "Idempotency-Key": new_key()}
            )
            for task in (own["task"], NOWHERE["task"])
        ]
        assert [answer.status_code for answer in both] == [404, 404]
        assert _nameless(both[0]) == _nameless(both[1])
    foreign = stranger.post(f"/orders/{order['id']}/cancel", {})
    assert _nameless(foreign) == _nameless(stranger.post(f"/orders/{NOWHERE['order']}/cancel", {}))
    assert stranger.get("/orders").json["data"] == stranger.get("/instances").json["data"] == []


def _nameless(answer: Any) -> tuple[bytes, dict[str, str]]:
    """Body and headers without what differs for every request."""
    names = {"X-Request-Id", "RateLimit", "Date"}
    body = re.sub(rb"urn:request:[0-9a-f]+", b"", answer.data)
    return body, {name: value for name, value in answer.headers.items() if name not in names}


def test_a_foreign_customer_cannot_be_ordered_for(buyer: Phone, world: World) -> None:
    for customer in (world.rival, "cus_nobody"):
        body = {"customer_id": customer, "items": [{"product_id": world.coro, "quantity": 1}]}
        answer = buyer.post("/orders", body, key=new_key())
        assert refused(answer) == (422, "validation")
        assert [(e["pointer"], e["code"]) for e in answer.json["errors"]] == [("#/customer_id", "unknown_customer")]


@pytest.mark.parametrize("database", ["sqlite"])
def test_every_wrong_line_of_an_order_is_named(buyer: Phone, world: World) -> None:
    items = [
        {"product_id": "prd_no", "quantity": 1},
        {"product_id": world.coro, "quantity": 0},
        {"product_id": world.microsoft, "quantity": 10**6},
    ]
    answer = buyer.post("/orders/quote", {"items": items})
    assert [e["pointer"] for e in answer.json["errors"]] == [
        "#/items/0/product_id",
        "#/items/1/quantity",
        "#/items/2/quantity",
    ]
    body = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}
    changed = buyer.post("/orders", {**body, "expected_total": {"amount": 1, "currency": "GBP"}}, key=new_key())
    assert changed.json["errors"][0]["code"] == "price_changed"
    currency = buyer.post("/orders", {**body, "expected_total": {"amount": 700, "currency": "EUR"}}, key=new_key())
    assert currency.json["errors"][0]["pointer"] == "#/expected_total/currency"
    assert buyer.get("/orders").json["data"] == []


@pytest.mark.parametrize("database", ["sqlite"])
class TestBodies:
    """What is no JSON of ours, or none that fits."""

    @pytest.mark.parametrize(
        "raw",
        [
            b"",
            b"{",
            b"[1,2",
            b"\xff",
            b'{"email": NaN}',
            b'{"email": Infinity}',
            b'{"email": 1e999}',
            b'{"email":"a","email":"b"}',
            b'{"email": "\\u0000"}',
            b'{"email": "\\ud800"}',
            b'{"\\u0000": 1}',
            b'{"email": 99999999999999999999}',
            b'{"email":' + b"9" * 5000 + b"}",
            b"[" * 51 + b"]" * 51,
            b"[" * 100_000,
            b'{"a":' * 60 + b"1" + b"}" * 60,
        ],
    )
    def test_malformed(self, anyone: Phone, raw: bytes) -> None:
        answer = anyone.raw("POST", "/auth/code", data=raw, content_type="application/json")
        assert refused(answer) == (400, "malformed")

    def test_fifty_levels_are_read(self, anyone: Phone) -> None:
        answer = anyone.raw("POST", "/auth/code", data=b"[" * 50 + b"]" * 50, content_type="application/json")
        assert refused(answer) == (422, "validation")
        brackets = b'{"email": "' + b"[" * 200 + b'\\""}'
        assert refused(anyone.raw("POST", "/auth/code", data=brackets, content_type="application/json"))[0] == 422

    def test_too_large(self, anyone: Phone) -> None:
        answer = anyone.raw("POST", "/auth/code", data=b'"' + b"x" * 1_100_000 + b'"', content_type="application/json")
        assert refused(answer) == (413, "upload-too-large")

    @pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"])
    def test_another_kind_of_body(self, anyone: Phone, kind: str) -> None:
        assert refused(anyone.raw("POST", "/auth/code", data=b"{}", content_type=kind)) == (415, "upload-type")

    def test_a_field_that_is_not_known_is_named_with_its_place(self, anyone: Phone) -> None:
        answer = anyone.post("/auth/code", {"email": "a@example.com", "emial": 1})
        [error] = answer.json["errors"]
        assert (error["pointer"], error["code"]) == ("#/emial", "unknown")
        assert "email" in error["detail"]
        deep = anyone.post("/auth/code", {"email": "a@example.com", "a/b~c": 1})
        assert deep.json["errors"][0]["pointer"] == "#/a~1b~0c"

    @pytest.mark.parametrize("email", [None, 1, True, [], {}, 1.5])
    def test_no_type_is_guessed(self, anyone: Phone, email: object) -> None:
        answer = anyone.post("/auth/code", {"email": email})
        assert refused(answer) == (422, "validation")
        assert answer.json["errors"][0]["pointer"] == "#/email"

    @pytest.mark.parametrize("quantity", ["5", 1.5, True, None])
    def test_a_quantity_is_a_whole_number(self, buyer: Phone, world: World, quantity: object) -> None:
        answer = buyer.post("/orders/quote", {"items": [{"product_id": world.coro, "quantity": quantity}]})
        assert answer.json["errors"][0]["pointer"] == "#/items/0/quantity"


@pytest.mark.parametrize("database", ["sqlite"])
def test_keys_and_versions_are_asked_for(buyer: Phone, world: World) -> None:
    body = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}
    assert refused(buyer.post("/orders", body)) == (400, "idempotency-key-missing")
    assert refused(buyer.post("/orders", body, key="x" * 200)) == (400, "malformed")
    url = f"/instances/{task_of(order_coro(buyer, world))}/steps/details"
    assert refused(buyer.post(f"{url}/submissions", {"answers": DETAILS}, key=new_key())) == (
        428,
        "precondition-required",
    )
    assert refused(buyer.send("PATCH", "/me", {"name": "B"})) == (428, "precondition-required")
    current = buyer.get(url).headers["ETag"]
    for etag in ('"st-99-en"', '"ti-1-en"', "nonsense"):
        stale = buyer.post(f"{url}/submissions", {"answers": DETAILS}, key=new_key(), etag=etag)
        assert refused(stale) == (412, "stale-version")
        assert stale.json["current_etag"] == current
        assert refused(buyer.send("PUT", f"{url}/draft", {"answers": {}}, {"If-Match": etag}))[0] == 412
    assert buyer.send("PUT", f"{url}/draft", {"answers": {}}, {"If-Match": current}).status_code == 200
    assert buyer.send("DELETE", f"{url}/draft").status_code == 204


def test_a_refused_submission_uses_no_key_up(buyer: Phone, world: World) -> None:
    url, key = f"/instances/{task_of(order_coro(buyer, world))}/steps/details", new_key()
    etag = buyer.get(url).headers["ETag"]
    assert buyer.post(f"{url}/submissions", {"answers": {}}, key=key, etag=etag).status_code == 422
    assert buyer.post(f"{url}/submissions", {"answers": DETAILS}, key=key, etag=etag).status_code == 201


def test_the_same_request_many_times_at_once_is_done_once(
    app: Flask, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    token, key = signed_in(world.buyer).token, new_key()
    body = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}
    phones, together = [Phone(app.test_client(), token) for _ in range(6)], Barrier(6)

    def order(phone: Phone) -> Any:
        together.wait()
        return phone.post("/orders", body, key=key)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(order, phones))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1


def test_a_key_belongs_to_one_person(buyer: Phone, signed_in: Callable[[Actor], Phone], world: World) -> None:
    body, key = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}, new_key()
    mine = buyer.post("/orders", body, key=key)
    theirs = signed_in(world.colleague).post("/orders", body, key=f'"{key}"')
    assert theirs.status_code == 201
    assert theirs.json["id"] != mine.json["id"]
    assert buyer.post("/orders", body, key=f'"{key}"').json == mine.json, "quoted and plain are one key"


def test_lists_have_cursors_that_belong_to_their_query(buyer: Phone, world: World) -> None:
    placed = [order_coro(buyer, world)["id"] for _ in range(3)]
    first = buyer.get("/orders?limit=2")
    cursor = first.json["next_cursor"]
    assert first.headers["Link"] == f'<http://localhost/api/v1/orders?limit=2&cursor={cursor}>; rel="next"'
    second = buyer.get(f"/orders?limit=2&cursor={cursor}")
    assert second.json["next_cursor"] is None
    assert [row["id"] for row in first.json["data"] + second.json["data"]] == placed[::-1]
    for path in (
        f"/orders?state=cancelled&cursor={cursor}",
        f"/instances?cursor={cursor}",
        f"/orders?cursor={cursor}x",
        "/orders?cursor=",
    ):
        assert refused(buyer.get(path)) == (400, "cursor-mismatch")
    assert len(buyer.get("/orders?limit=100000").json["data"]) == 3
    assert len(buyer.get("/orders?limit=-5").json["data"]) == 1
    task = buyer.get("/instances").json["data"][0]["id"]
    url = f"/instances/{task}/steps/details"
    buyer.post(f"{url}/submissions", {"answers": DETAILS}, key=new_key(), etag=buyer.get(url).headers["ETag"])
    page = buyer.get(f"/instances/{task}/history?limit=1").json
    assert page["data"] != buyer.get(f"/instances/{task}/history?limit=1&cursor={page['next_cursor']}").json["data"]


@pytest.mark.parametrize("database", ["sqlite"])
def test_queries_are_strict(buyer: Phone) -> None:
    for query, pointer in (
        ("turn=later", "?turn"),
        ("status=done", "?status"),
        ("limit=many", "?limit"),
        ("colour=red", "?colour"),
        ("q=a&q=b", "?q"),
    ):
        answer = buyer.get(f"/instances?{query}")
        assert refused(answer) == (422, "validation")
        assert answer.json["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("database", ["sqlite"])
def test_unchanged_things_are_not_sent_again(buyer: Phone, world: World) -> None:
    order = order_coro(buyer, world)
    for path in ("/me", "/products", f"/orders/{order['id']}", f"/instances/{task_of(order)}", "/openapi.json"):
        tag = buyer.get(path).headers["ETag"]
        again = buyer.get(path, If_None_Match=f'"other", W/{tag}')
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize("database", ["sqlite"])
def test_wrong_addresses_and_methods(anyone: Phone) -> None:
    assert refused(anyone.get("/nothing")) == (404, "not-found")
    answer = anyone.send("DELETE", "/orders")
    assert refused(answer) == (405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, POST"


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_headers_of_every_answer(buyer: Phone) -> None:
    headers = buyer.get("/me").headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Content-Language"] == "en"
    assert {"Accept-Language", "Authorization"} <= set(headers["Vary"].split(", "))
    assert re.fullmatch(r'"default";r=\d+;t=\d+', headers["RateLimit"])
    assert "Set-Cookie" not in headers
    assert buyer.get("/meta").headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("database", ["sqlite"])
def test_too_many_requests(buyer: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "POLICY", "3 per minute")
    assert [buyer.get("/me").status_code for _ in range(3)] == [200, 200, 200]
    answer = buyer.get("/products")
    assert refused(answer) == (429, "rate-limited")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_database_that_is_away_is_no_mistake_of_the_client(
    buyer: Phone, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: object, **_more: object) -> None:
        raise OperationalError("select 1", {}, Exception("gone"))

    monkeypatch.setattr(ordering, "place", away)
    body = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}
    answer = buyer.post("/orders", body, key=new_key())
    assert refused(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_mistake_of_ours_says_so_and_keeps_nothing(
    buyer: Phone, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, key = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}, new_key()
    with monkeypatch.context() as broken:
        broken.setattr("portal.api.draw_order.order_detail", lambda *_args: 1 / 0)
        answer = buyer.post("/orders", body, key=key)
        assert refused(answer) == (500, "internal")
        assert "ZeroDivision" not in answer.text
    assert buyer.get("/orders").json["data"] == []
    assert buyer.post("/orders", body, key=key).status_code == 201


@pytest.mark.parametrize("database", ["sqlite"])
def test_every_kind_of_problem_has_its_help_page(anyone: Phone) -> None:
    for slug, problem in problems.SLUGS.items():
        page = anyone.client.get(f"/problems/{slug}")
        assert page.status_code == 200
        assert str(problem.status) in page.text
    assert anyone.client.get("/problems/unheard-of").status_code == 404


@pytest.mark.requirement("D5")
@pytest.mark.parametrize("database", ["postgres"])
def test_who_waited_long_for_their_own_twin_comes_again(buyer: Phone, world: World) -> None:
    key, body = new_key(), {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}
    begun = {"user_id": world.buyer.user_id, "scope": "POST /api/v1/orders", "key": key, "fingerprint": "",
             "status": RUNNING, "body": {}, "created_at": clock.wall()}  # fmt: skip
    event.listen(db.engine, "begin", impatient)
    try:
        with db.engine.connect() as twin:
            twin.execute(insert(Replay).values(**begun))
            waited = buyer.post("/orders", body, key=key)
    finally:
        event.remove(db.engine, "begin", impatient)
    assert refused(waited) == (409, "idempotency-in-progress")
    assert waited.headers["Retry-After"] == "1"
    assert buyer.post("/orders", body, key=key).status_code == 201


def impatient(connection: Connection) -> None:
    """200 ms instead of the 8 s for which a request waits for another."""
    connection.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
