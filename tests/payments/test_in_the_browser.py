"""Paying in a real browser: under the strict policy, back again without a click, and nothing for axe to find."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from flows import settings as room
from flows.rules.payments import Word
from portal import frame
from tests.admin.conftest import token_of
from tests.browser_tools import serving
from tests.payments.conftest import Play
from tests.portal.browsing import Visitor
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ("messaging", "portal", "admin")


@pytest.fixture
def address(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(frame, "live_url", lambda: "")  # no live process runs here, so none is called
    monkeypatch.setattr(frame, "SOCKET_PATH", "")
    with serving(partial(Flask.wsgi_app, app)) as url:
        app.config["BATON"] = replace(app.config["BATON"], public_url=url)
        room.use(app.config["BATON"])
        yield url


def cookies_of(app: Flask, who: Any, address: str) -> list[Any]:
    if who.kind == "customer":
        client = Visitor(app, who).client
    else:
        client = app.test_client()
        with client.session_transaction() as session:
            session["token"] = token_of(who)
        client.get("/admin/")
    cookie = client.get_cookie("baton")
    assert cookie is not None
    return [{"name": "baton", "value": cookie.value, "url": address}]


@pytest.fixture
def page(chromium: Browser, app: Flask, world: World, address: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=address)
    context.add_cookies(cookies_of(app, world.tenant, address))
    yield context.new_page()
    context.close()


@pytest.mark.requirement("X22")
def test_away_to_the_provider_and_back(play: Play, page: Page) -> None:
    play.start(45_000)
    wrong: list[str] = []
    page.on("console", lambda line: wrong.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto(f"/tasks/{play.ref}")
    page.get_by_role("link", name="Go on with “Pay your deposit”").click()
    page.get_by_role("button", name="Pay £450.00").click()
    page.wait_for_url("**/checkout/**")
    page.get_by_role("button", name="Decline the card").click()
    expect(page.get_by_role("heading", name="The payment did not go through")).to_be_visible()
    assert page.url.endswith("/pay"), "asked without a click"
    page.get_by_role("button", name="Try again: pay £450.00").click()
    page.wait_for_url("**/checkout/**")
    page.get_by_role("button", name="Pay £450.00").click()
    expect(page.get_by_role("heading", name="Paid £450.00")).to_be_visible()
    assert play.states() == ["paid"], "although no call of the provider came"
    assert wrong == []


@pytest.mark.requirement("X22")
def test_without_javascript(chromium: Browser, play: Play, app: Flask, world: World, address: str) -> None:
    play.start(45_000)
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    context.add_cookies(cookies_of(app, world.tenant, address))
    page = context.new_page()
    page.goto(f"/tasks/{play.ref}/steps/deposit")
    page.get_by_role("button", name="Pay £450.00").click()
    page.get_by_role("button", name="Pay £450.00").click()
    expect(page.get_by_role("heading", name="We are confirming your payment")).to_be_visible()
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_role("heading", name="Paid £450.00")).to_be_visible()
    context.close()


def test_the_pages_are_usable_by_everybody(
    play: Play, app: Flask, world: World, address: str, axe: Callable[..., None]
) -> None:
    play.start(45_000)
    mine, path = cookies_of(app, world.tenant, address), f"{address}/tasks/{play.ref}/steps/deposit/pay"
    play.change(50_000, "The flat is larger")
    axe(path, "pay", mine)
    play.begin()
    play.hear(Word("paid", "cs_1", play.payment().uid, 40_000, "GBP", "pi_1"))
    name = play.go()
    play.till.till.pay(name, "decline")
    play.hear(Word("open", name, play.payment().uid, why="Your card was declined."))
    axe(path, "pay-declined", mine)
    play.till.till.pay(name, "later")
    play.tell()
    axe(path, "pay-waiting", mine)
    play.till.till.clear(name)
    play.tell()
    axe(path, "pay-paid", mine)
    play.refund()
    axe(path, "pay-refunding", mine)


def test_the_pages_of_staff_are_usable_by_everybody(
    play: Play, app: Flask, world: World, address: str, axe: Callable[..., None]
) -> None:
    play.start(45_000)
    play.begin()
    play.hear(Word("paid", "cs_1", play.payment().uid, 40_000, "GBP", "pi_1"))
    theirs, of = cookies_of(app, world.admin, address), f"/admin/payments/of/{play.ref}/deposit"
    uid = play.payment().uid
    for name, path in (
        ("task-with-money", f"/admin/tasks/{play.ref}"), ("payments", "/admin/payments/"),
        ("payment", f"/admin/payments/{uid}"), ("amount", f"{of}/amount"), ("transfer", f"{of}/confirm"),
        ("refund", f"/admin/payments/{uid}/refund"), ("paid-back", f"/admin/payments/{uid}/paid-back"),
    ):  # fmt: skip
        axe(address + path, name, theirs)
