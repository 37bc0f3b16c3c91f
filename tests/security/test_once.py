"""One effect, however often and however fast it is asked for; and a key is worth nothing in another's hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import Client

from flows.access import read_as
from flows.actions import accounts
from flows.models import BasketLine, Effect, Order, Organisation, Submission, User
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from tests.security.conftest import ANSWERS, Happened, Person, newest, token_in
from tests.world import World

THREADS = 20


def count(model: Any, *conditions: Any) -> int:
    end_reading()
    return int(read_as(SYSTEM).scalar(select(func.count(model.id)).where(*conditions)) or 0)


def at_once(times: int, act: Callable[[int], Any]) -> list[Any]:
    """Everybody waits for everybody, and then all of them knock."""
    gate = Barrier(times)

    def one(n: int) -> Any:
        gate.wait(20)
        return act(n)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


@pytest.fixture
def door(app: Flask) -> Any:
    """The application as threads meet it, without the fixture's open context around each request."""
    return partial(Flask.wsgi_app, app)


@pytest.fixture
def knock(app: Flask, door: Any) -> Callable[..., Any]:
    """One request in a thread of its own: no context, no cookie jar, no test client is shared."""

    def ask(path: str, method: str = "POST", cookie: str = "", **more: Any) -> Any:
        headers = {**more.pop("headers", {}), **({"Cookie": f"baton={cookie}"} if cookie else {})}
        return Client(door, use_cookies=False).open(path, method=method, headers=headers, **more)

    return ask


def cookie_of(person: Person) -> str:
    cookie = person.client.get_cookie("baton")
    assert cookie is not None
    return cookie.value


def test_same_key_at_once_is_one_order(
    person: Callable[[str], Person], world: World, knock: Callable[..., Any]
) -> None:
    buyer = person("buyer")
    body = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 2}]}
    headers = {"Authorization": f"Bearer {buyer.bearer}", "Idempotency-Key": "the-same-key"}
    answers = at_once(THREADS, lambda _: knock("/api/v1/orders", json=body, headers=headers))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert count(Order) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in answers) == THREADS - 1


def test_a_key_belongs_to_its_user_and_its_body(everybody: dict[str, Person], world: World) -> None:
    body = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 2}]}
    first = everybody["buyer"].call("POST", "/orders", body, Idempotency_Key="mine")
    theirs = {"customer_id": world.rival_customer, "items": body["items"]}
    foreign = everybody["stranger"].call("POST", "/orders", theirs, Idempotency_Key="mine")
    assert (first.status_code, foreign.status_code) == (201, 201)
    assert foreign.json["id"] != first.json["id"]
    assert "Idempotent-Replayed" not in foreign.headers
    other = everybody["buyer"].call("POST", "/orders", {**body, "items": [{"product_id": world.coro, "quantity": 3}]},
                                    Idempotency_Key="mine")  # fmt: skip
    assert (other.status_code, other.json["code"]) == (422, "idempotency-mismatch")
    colleague = everybody["colleague"].call("POST", "/orders", body, Idempotency_Key="mine")
    assert colleague.json["id"] != first.json["id"], "of the same company, and still somebody else"
    assert count(Order) == 3


def test_fifty_submits_at_once_over_http(
    person: Callable[[str], Person], happened: Happened, world: World, knock: Callable[..., Any]
) -> None:
    """Half by form, half by phone, each with a key of its own."""
    buyer = person("buyer")
    token, cookie = buyer.token(), cookie_of(buyer)
    form = {"csrf_token": token, **ANSWERS}
    path = f"/tasks/{happened.ours.task}/steps/details"
    api = f"/api/v1/instances/{happened.ours.task_uid}/steps/details/submissions"

    def send(n: int) -> int:
        if n % 2:
            headers = {"Authorization": f"Bearer {buyer.bearer}", "Idempotency-Key": f"key-{n}", "If-Match": "*"}
            return int(knock(api, json={"answers": ANSWERS}, headers=headers).status_code)
        return int(knock(path, cookie=cookie, data={**form, "_key": f"form-{n}"}).status_code)

    seen = Counter(at_once(50, send))
    assert seen[201] + seen[303] == 1, seen
    assert set(seen) <= {201, 303, 409}, seen
    assert count(Submission) == 1


@pytest.mark.parametrize("keys", ["one page", "two pages"])
def test_a_double_click_on_checkout_is_one_order(
    keys: str, person: Callable[[str], Person], world: World, knock: Callable[..., Any]
) -> None:
    buyer = person("buyer")
    buyer.post("/basket", {"product": world.coro, "quantity": "2"})
    form = {"csrf_token": buyer.token(), "customer_id": world.acme, "expected_total": "1400"}
    cookie = cookie_of(buyer)
    seen = Counter(
        answer.status_code
        for answer in at_once(
            8, lambda n: knock("/checkout", cookie=cookie, data={**form, "_key": f"k{n if keys == 'two pages' else 0}"})
        )
    )
    assert set(seen) <= {303, 409, 422}, seen
    assert count(Order) == 1
    assert count(BasketLine) == 0


def test_one_product_put_in_the_basket_from_many_pages_at_once(
    person: Callable[[str], Person], world: World, knock: Callable[..., Any]
) -> None:
    buyer = person("buyer")
    form, cookie = {"csrf_token": buyer.token(), "product": world.coro}, cookie_of(buyer)
    seen = Counter(
        answer.status_code
        for answer in at_once(12, lambda n: knock("/basket", cookie=cookie, data={**form, "quantity": str(n + 1)}))
    )
    assert set(seen) <= {303, 409, 422}, seen
    assert count(BasketLine) == 1


def test_two_invitations_of_one_new_person_accepted_at_once(
    app: Flask, happened: Happened, world: World, knock: Callable[..., Any]
) -> None:
    """Two companies invite the same address; the person clicks both. One account, nobody is told that we broke."""
    links = []
    for name, uid in (("buyer", world.brightpath), ("stranger", world.rival), ("tenant", world.household)):
        with unit_of_work(getattr(world, name)) as work:
            home = work.session.scalars(select(Organisation).where(Organisation.uid == uid)).one()
            accounts.invite(work, "two@example.com", "customer", home)
        links.append(
            newest(Effect, Effect.key.like("invitation:%")).payload["scope"]["url"].removeprefix("http://localhost")
        )
    browser = app.test_client()
    token = token_in(browser.get(links[0]).text)
    cookie = browser.get_cookie("baton")
    assert cookie is not None
    form = {"csrf_token": token, "name": "Two Homes", "time_zone": "Europe/London"}
    places = [{"REMOTE_ADDR": f"192.0.2.{n}"} for n in range(3)]
    seen = at_once(3, lambda n: knock(links[n], cookie=cookie.value, data=form, environ_base=places[n]).status_code)
    assert set(seen) <= {303, 409, 422}, seen
    assert count(User, User.email == "two@example.com") == 1


def test_one_invitation_accepted_twenty_times_at_once(
    app: Flask, happened: Happened, knock: Callable[..., Any]
) -> None:
    link = newest(Effect, Effect.key.like("invitation:%")).payload["scope"]["url"].removeprefix("http://localhost")
    browser = app.test_client()
    token, cookie = token_in(browser.get(link).text), browser.get_cookie("baton")
    assert cookie is not None
    form = {"csrf_token": token, "name": "New Person", "time_zone": "Europe/London"}
    seen = Counter(at_once(8, lambda _: knock(link, cookie=cookie.value, data=form).status_code))
    assert seen[303] == 1, seen
    assert set(seen) <= {303, 410}, seen


def test_one_code_used_twenty_times_at_once(app: Flask, world: World, knock: Callable[..., Any]) -> None:
    browser = app.test_client()
    form = {"csrf_token": token_in(browser.get("/sign-in").text), "email": "bea@example.com", "how": "code"}
    browser.post("/sign-in", data=form, headers={"Referer": "http://localhost/sign-in"})
    code = newest(Effect, Effect.kind == "email").payload["scope"]["code"]
    cookie = browser.get_cookie("baton")
    assert cookie is not None
    sent = {"csrf_token": token_in(browser.get("/sign-in/code").text), "code": code}
    seen = Counter(at_once(8, lambda _: knock("/sign-in/code", cookie=cookie.value, data=sent).status_code))
    assert seen[303] == 1, seen
    assert set(seen) <= {303, 422, 429}, seen


def test_the_same_customer_added_from_many_pages_at_once(
    person: Callable[[str], Person], world: World, knock: Callable[..., Any]
) -> None:
    buyer = person("buyer")
    form, cookie = {"csrf_token": buyer.token(), "name": "Twin Ltd", "address": "x"}, cookie_of(buyer)
    seen = Counter(at_once(8, lambda _: knock("/checkout/customers", cookie=cookie, data=form).status_code))
    assert set(seen) <= {303, 409, 422}, seen
    assert count(Organisation, Organisation.name == "Twin Ltd") == 1
