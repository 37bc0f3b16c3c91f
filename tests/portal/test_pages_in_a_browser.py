"""The pages of the first job in a real browser: nothing for axe to find, and the dialog "Task completion" at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from flows.models import Submission
from portal import frame
from tests.browser_tools import serving, violations
from tests.portal.browsing import Visitor
from tests.portal.story import ANSWERS, STEP, TASK, fire_timers, order_through_pages, rows
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]


@pytest.fixture
def address(app: Flask, world: World) -> Iterator[str]:
    with serving(partial(Flask.wsgi_app, app)) as url:  # without what the test client needs around it
        yield url


def cookies_of(visitor: Visitor, address: str) -> list[Any]:
    """The visitor's sign-in, for a real browser."""
    cookie = visitor.client.get_cookie("baton")
    assert cookie is not None
    return [{"name": "baton", "value": cookie.value, "url": address}]


@pytest.fixture
def page(chromium: Browser, buyer: Visitor, address: str) -> Iterator[Page]:
    context = chromium.new_context(base_url=address)
    context.add_cookies(cookies_of(buyer, address))
    yield context.new_page()
    context.close()


@pytest.fixture
def checked(
    axe: Callable[..., None], buyer: Visitor, address: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Look at a page of the buyer with axe; no live process runs here, so none is called."""
    monkeypatch.setattr(frame, "live_url", lambda: "")
    monkeypatch.setattr(frame, "SOCKET_PATH", "")

    def check(path: str, name: str, **more: Any) -> None:
        axe(address + path, name, cookies=cookies_of(buyer, address), **more)

    return check


def test_pages_before_an_order(buyer: Visitor, world: World, checked: Callable[..., None]) -> None:
    checked("/", "home-empty")
    checked("/tasks", "tasks-empty")
    checked("/shop", "shop")
    checked("/basket", "basket-empty")
    buyer.post("/basket", product=world.coro, quantity="10")
    buyer.post("/basket", product=world.microsoft, quantity="5")
    checked("/basket", "basket")
    checked("/checkout", "checkout")


def test_pages_while_an_order_waits(
    buyer: Visitor, world: World, checked: Callable[..., None], move_clock: Callable[..., Any]
) -> None:
    order_through_pages(buyer, world, world.coro, customer=world.beta)
    move_clock(days=8)
    fire_timers()
    placed = order_through_pages(buyer, world, world.coro, world.microsoft)
    done = order_through_pages(buyer, world, world.coro)
    buyer.send("/tasks/TI-2003/steps/details", **ANSWERS)
    checked(done, "placed-done")
    checked(placed, "placed")
    checked("/", "home")
    checked("/tasks", "tasks")
    checked("/tasks/TI-2002", "task")
    checked("/tasks/TI-2001", "task-expired")
    checked("/tasks/TI-2002/steps/details", "step")
    checked("/tasks/TI-2003/steps/details", "step-sent")
    checked("/tasks", "dialog", prepare=open_dialog)
    checked("/orders", "orders")
    checked("/orders/1002", "order")
    checked("/orders/1001", "order-cancelled")
    checked("/orders/1002/cancel", "order-cancel")
    checked("/notices", "notices")
    checked("/contact", "contact")


def open_dialog(page: Page) -> None:
    page.get_by_role("link", name="Complete task").first.click()
    page.locator("dialog[open]").wait_for()


@pytest.mark.parametrize("where", ["page", "dialog"])
def test_what_is_wrong_is_read_out_first(page: Page, buyer: Visitor, world: World, where: str) -> None:
    order_through_pages(buyer, world, world.coro)
    page.goto(STEP if where == "page" else "/tasks")
    if where == "dialog":
        open_dialog(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("[data-errors]")).to_be_focused()
    assert violations(page) == []


@pytest.mark.requirement("A24", "A28", "A29", "A31", "A33")
def test_the_dialog_completes_the_task_and_the_grid_shows_it(page: Page, buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    page.goto("/tasks")
    page.evaluate("window.same = true")
    page.get_by_role("link", name="Complete task").click()
    dialog = page.get_by_role("dialog", name="Complete Task")
    expect(dialog.get_by_label("Company Name")).to_have_value("Acme Ltd")
    dialog.get_by_role("button", name="Submit").click()
    expect(dialog.get_by_text("There is a problem")).to_be_visible()
    dialog.get_by_label("Admin Email").fill("it@acme.example")
    dialog.get_by_role("button", name="Submit").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("#grid").get_by_text("Completed", exact=True)).to_be_visible()
    expect(page.locator("#totals")).to_contain_text("Total completed tasks 1")
    expect(page.locator("#said")).to_contain_text("Completed. We are setting up order #1001.")
    assert page.evaluate("window.same"), "the page was not loaded again"
    assert rows(Submission)[0].answers["admin_email"] == "it@acme.example"


@pytest.mark.requirement("A31", "A33")
def test_the_grid_follows_what_a_colleague_does(page: Page, buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    page.goto("/tasks")
    expect(page.locator("#grid").get_by_text("Pending", exact=True)).to_be_visible()
    buyer.send(STEP, **ANSWERS)
    page.evaluate("document.querySelectorAll('[data-on]').length && window.dispatchEvent(new Event('focus'))")
    expect(page.locator("#grid").get_by_text("Completed", exact=True)).to_be_visible()


def test_a_draft_is_saved_while_typing(page: Page, buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    page.goto(STEP)
    page.get_by_label("Admin Email").fill("half@")
    page.get_by_label("Company Name").focus()
    expect(page.get_by_role("status").filter(has_text="Saved as a draft at")).to_be_visible()
    page.goto(TASK)
    page.goto(STEP)
    expect(page.get_by_label("Admin Email")).to_have_value("half@")


@pytest.mark.requirement("A13")
def test_a_toast_goes_when_it_is_dismissed(page: Page, buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    page.goto("/shop")
    with page.expect_response("**/seen"):
        page.get_by_role("button", name="Dismiss this notice").click()
    expect(page.get_by_text("View your outstanding tasks")).to_have_count(0)
    page.goto("/orders")
    expect(page.get_by_text("View your outstanding tasks")).to_have_count(0)


def test_without_javascript_everything_is_forms(chromium: Browser, buyer: Visitor, address: str, world: World) -> None:
    context = chromium.new_context(base_url=address, java_script_enabled=False)
    context.add_cookies(cookies_of(buyer, address))
    page = context.new_page()
    page.goto("/shop")
    page.get_by_role("button", name="Add to basket Coro Essentials").click()
    page.goto("/checkout")
    page.get_by_label("Customer", exact=True).select_option(label="Acme Ltd")
    page.get_by_role("button", name="Place order").click()
    page.get_by_role("link", name="Give the details now").click()
    page.get_by_label("Admin Email").fill("it@acme.example")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Completed. We are setting up order #1001.")).to_be_visible()
    context.close()
