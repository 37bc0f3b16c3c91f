"""Orders through the pages: the list, one with its timeline, cancelling; and the provider that calls back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flows.models import Instance, Order, OrderLine
from flows.rules.signatures import sign
from tests.browser_tools import HtmlFacts
from tests.portal.browsing import Visitor, bare
from tests.portal.story import ANSWERS, STEP, fire_timers, order_through_pages, rows, run_calls
from tests.world import World


@pytest.mark.requirement("A3")
def test_orders_show_what_they_wait_for(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro, world.microsoft)
    page = buyer.get("/orders")
    for words in ("#1001", "Acme Ltd", "£23.60", "Details needed", "Complete task"):
        assert words in page
    assert HtmlFacts(page).problems() == []
    assert "#1001" in buyer.get("/orders?q=acme")
    assert "#1001" in buyer.get("/orders?q=%231001&state=awaiting_details")
    assert "No orders here" in buyer.get("/orders?state=completed")
    buyer.get("/orders?cursor=x", 422)


@pytest.mark.requirement("A30", "A32")
def test_one_order_tells_its_story(app: Flask, buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    page = buyer.get("/orders/1001")
    for words in ("We need more information", "Waiting for details", "Order placed, £7.00", "Cancel order…"):
        assert words in page
    buyer.send(STEP, **ANSWERS)
    run_calls()
    page = buyer.get("/orders/1001")
    assert "Coro Essentials: set-up requested" in page
    assert "Cancel order" not in page
    assert call_back(app, {"line": rows(OrderLine)[0].uid, "reference": "CORO-1"}).status_code == 204
    page = buyer.get("/orders/1001")
    assert "Coro Essentials: set up" in page
    assert "Order completed" in page
    assert HtmlFacts(page).problems() == []


@pytest.mark.requirement("A7", "A8")
def test_the_whole_order_is_cancelled_when_the_details_do_not_come(
    buyer: Visitor, world: World, move_clock: Callable[..., Any]
) -> None:
    order_through_pages(buyer, world, world.coro, world.microsoft)
    move_clock(days=8)
    fire_timers()
    page = buyer.get("/orders/1001")
    assert "The details were not given in time, so the whole order was cancelled." in page
    assert page.count(">Cancelled<") == 3, "the order and both of its lines"
    assert "Complete task" not in page


def test_cancelling_asks_first_and_ends_the_task(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    assert "Cancel order #1001?" in buyer.get("/orders/1001/cancel")
    fields = {"reason": "<i>Too dear</i>", "_key": "k"}
    first, second = buyer.post("/orders/1001/cancel", **fields), buyer.post("/orders/1001/cancel", **fields)
    assert first.location == second.location == "/orders/1001"
    assert "&lt;i&gt;Too dear&lt;/i&gt;" in buyer.get("/orders/1001")
    assert (rows(Order)[0].state, rows(Instance)[0].status) == ("cancelled", "cancelled")
    assert buyer.post("/orders/1001/cancel", reason="again").status_code == 409
    buyer.get("/orders/1001/cancel", 409)
    grid = buyer.get("/tasks")
    assert '<a href="/orders/1001">Order #1001</a> was cancelled on' in grid


def test_an_order_that_is_being_set_up_is_not_cancelled_here(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.microsoft)
    buyer.get("/orders/1001/cancel", 409)
    assert buyer.post("/orders/1001/cancel").status_code == 409


def test_foreign_orders_look_like_missing_ones(buyer: Visitor, stranger: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    for path in ("/orders/1001", "/orders/1001/placed", "/orders/1001/cancel", f"/orders/{rows(Order)[0].uid}"):
        missing = path.replace("1001", "9999").replace("ord_", "ord_x")
        assert bare(stranger.get(path, 404)) == bare(stranger.get(missing, 404))
    assert stranger.post("/orders/1001/cancel").status_code == 404
    assert "#1001" not in stranger.get("/orders")
    assert rows(Order)[0].state == "awaiting_details"


def call_back(app: Flask, body: Any, signature: str | None = None, at: float | None = None) -> TestResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = sign(content, app.config["BATON"].webhook_key(), int(at or time.time()))
    return app.test_client().post("/hooks/provisioning", data=content, headers={"Baton-Signature": signature or made})


@pytest.mark.requirement("A32")
def test_a_provider_says_once_or_twice_that_a_line_is_set_up(app: Flask, buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.microsoft)
    told = {"line": rows(OrderLine)[0].uid, "reference": "MS-1"}
    assert [call_back(app, told).status_code for _ in range(2)] == [204, 204]
    assert (rows(Order)[0].state, rows(OrderLine)[0].provider_reference) == ("completed", "MS-1")


def test_callbacks_that_are_not_signed_or_not_known(app: Flask, buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.microsoft)
    told = {"line": rows(OrderLine)[0].uid, "reference": "MS-1"}
    for wrong in ("nonsense", "t=1,v1=00", "t=,v1=", "é"):
        assert call_back(app, told, wrong).status_code == 401
    assert call_back(app, told, at=time.time() - 3600).status_code == 401
    assert app.test_client().post("/hooks/provisioning", json=told).status_code == 401
    assert call_back(app, {"line": "oli_nothing"}).status_code == 404
    for malformed in (b"", b"[]", b"{", b"\xff", b'{"line": 1}', b'{"line": "a", "reference": null}'):
        assert call_back(app, malformed).status_code == 400
    assert rows(Order)[0].state == "provisioning"
