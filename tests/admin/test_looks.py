"""Every page of the back office in a browser: nothing for axe to find, no console error, no sideways scroll."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from tests.admin.conftest import ClientOf, Happened
from tests.browser_tools import HtmlFacts, serving
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]

PAGES = {
    "dashboard": "/admin/",
    "instances": "/admin/instances/?show=open",
    "instances-none": "/admin/instances/?status=overdue&sort=due",
    "bulk": "/admin/instances/bulk?what=assign&ref={task}",
    "bulk-nothing": "/admin/instances/bulk",
    "views": "/admin/instances/views",
    "view-new": "/admin/instances/views/new?of=show%3Dopen",
    "view": "/admin/instances/views/{view}",
    "view-remove": "/admin/instances/views/{view}/remove",
    "tasks": "/admin/tasks/",
    "task": "/admin/tasks/{task}",
    "step": "/admin/tasks/{task}/complete",
    "extend": "/admin/tasks/{task}/extend",
    "orders": "/admin/orders/",
    "order": "/admin/orders/{waiting}",
    "order-stuck": "/admin/orders/{manual}",
    "confirm": "/admin/orders/{manual}/lines/{line}/confirm",
    "cancel": "/admin/orders/{waiting}/cancel",
    "products": "/admin/products/",
    "product": "/admin/products/prd_coro",
    "product-edit": "/admin/products/prd_coro/edit",
    "customers": "/admin/organisations/",
    "customer": "/admin/organisations/cus_brightpath",
    "flows": "/admin/flows/",
    "flow": "/admin/flows/coro-order-fulfilment",
    "flow-times": "/admin/flows/coro-order-fulfilment/times",
    "users": "/admin/users/",
    "user": "/admin/users/usr_gus",
    "user-new": "/admin/users/new",
    "departments": "/admin/departments/",
    "department": "/admin/departments/dep_repairs",
    "roles": "/admin/roles/",
    "timers": "/admin/timers/",
    "outbox": "/admin/outbox/",
    "effect": "/admin/outbox/{incident}",
    "audit": "/admin/audit/",
    "health": "/admin/health/",
}


def cookies_of(client: FlaskClient, origin: str) -> list[Any]:
    client.get("/admin/")
    cookie = client.get_cookie("baton")
    assert cookie is not None
    return [{"name": "baton", "value": cookie.value, "url": origin}]


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("name", PAGES)
def test_page_is_usable_by_everybody(
    app: Flask,
    world: World,
    happened: Happened,
    client_of: ClientOf,
    axe: Callable[..., None],
    name: str,
    database: str,
) -> None:
    client = client_of(world.admin)
    url = PAGES[name].format(**vars(happened))
    with serving(app) as origin:
        axe(origin + url, name, cookies_of(client, origin))
    facts = HtmlFacts(client.get(url).get_data(as_text=True))
    assert facts.inline == []
    assert facts.headings == 1
    assert len(facts.ids) == len(set(facts.ids))


def test_dialog_asks_before_it_cancels(
    app: Flask, world: World, happened: Happened, client_of: ClientOf, chromium: Browser, database: str
) -> None:
    with serving(app) as origin:
        context = chromium.new_context()
        context.add_cookies(cookies_of(client_of(world.admin), origin))
        page = context.new_page()
        requests: list[str] = []
        page.on("request", lambda request: requests.append(request.url))
        page.goto(f"{origin}/admin/orders/{happened.waiting}")
        assert len([url for url in requests if "/socket.io/" not in url]) <= 5
        _cancel_in_dialog(page)
        context.close()


def _cancel_in_dialog(page: Page) -> None:
    page.click("text=Cancel order…")
    page.click("dialog >> text=Cancel the whole order")
    page.wait_for_selector("dialog >> text=Say why the order is cancelled")
    page.fill("dialog textarea", "Ordered twice")
    page.click("dialog >> text=Cancel the whole order")
    page.wait_for_selector("dialog", state="detached")
    page.wait_for_selector("h1 >> text=Cancelled")
