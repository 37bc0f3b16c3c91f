"""The Task Instances list in a browser: usable by everybody, worked from the keyboard, ticks that outlive a refresh."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from flows import access
from flows.actions import assigning
from flows.clock import clock
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf
from tests.admin.test_bulk import now_of
from tests.admin.test_looks import cookies_of
from tests.browser_tools import serving
from tests.queries.conftest import Made, made
from tests.world import World

__all__ = ["made"]

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]


@pytest.fixture
def rows(world: World, made: Made) -> list[str]:
    """Newest first: one of every look."""
    now = clock.now()
    found = [
        made(status="completed", outcome_kind="positive", rating=5, steps_done=4, assignee_id=7),
        made(status="not_started", due_at=now - timedelta(days=2), customer_address="A very long address " * 5),
        made(status="in_progress", due_at=now + timedelta(days=9), may_grow=True, source="customer"),
        made(status="awaiting_review", assignee_id=6, waiting_since=now - timedelta(days=3), source="onboarding"),
    ]
    return found[::-1]


@pytest.fixture
def open_list(
    app: Flask, world: World, rows: list[str], client_of: ClientOf, chromium: Browser
) -> Iterator[Callable[..., Page]]:
    """`open_list()` opens the list as the agent; every page is closed at the end."""
    with serving(app) as origin:
        context = chromium.new_context(permissions=["clipboard-read", "clipboard-write"])
        context.add_cookies(cookies_of(client_of(world.agent), origin))

        def show(query: str = "") -> Page:
            page = context.new_page()
            page.goto(f"{origin}/admin/instances/{query}")
            return page

        yield show
        context.close()


@pytest.mark.requirement("C4")
def test_list_is_usable_by_everybody(
    app: Flask, world: World, rows: list[str], client_of: ClientOf, axe: Callable[..., None], database: str
) -> None:
    client = client_of(world.admin)
    with serving(app) as origin:
        cookies = cookies_of(client, origin)
        axe(f"{origin}/admin/instances/?status=in_progress&status=awaiting_review&q=priya", "list", cookies)
        axe(f"{origin}/admin/instances/", "list-menu", cookies, lambda page: page.click("[popovertarget] >> nth=1"))
        axe(
            f"{origin}/admin/instances/", "list-filters", cookies,
            lambda page: page.click(".filters summary >> nth=0"),
        )  # fmt: skip


@pytest.mark.requirement("C29")
def test_list_is_worked_from_the_keyboard(
    open_list: Callable[..., Page], world: World, rows: list[str], database: str
) -> None:
    page = open_list()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator(".lead a").nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator(".lead a").nth(0)).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator("#count")).to_have_text("1 selected")
    page.keyboard.press("/")
    expect(page.locator("#filter-q")).to_be_focused()
    page.keyboard.type("jax")
    expect(page.locator("#filter-q")).to_have_value("jax")
    page.locator(".lead a").nth(1).focus()
    page.keyboard.press("a")
    page.wait_for_selector(f"text=Assigned to you: {rows[1]}.")
    assert now_of(rows[1]).assignee_id == world.user_ids["agent"]
    page.click("text=Shortcuts")
    page.click("text=Shortcuts are on")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#filter-q")).not_to_be_focused()
    again = open_list()
    again.keyboard.press("/")
    expect(again.locator("#filter-q")).not_to_be_focused()


@pytest.mark.requirement("X8")
def test_ticks_outlive_a_refresh_and_go_to_the_question(
    open_list: Callable[..., Page], world: World, rows: list[str], database: str
) -> None:
    page = open_list()
    page.check(f"[value={rows[0]}] >> nth=0")
    page.check(f"[value={rows[2]}] >> nth=0")
    page.locator("h1").click()
    with unit_of_work(world.admin) as work:
        assigning.take(work, access.instance_to_change(work, rows[1]))
    page.evaluate("dispatchEvent(new Event('focus'))")  # the page looks again, as when the socket tells it to
    expect(page.locator("tbody tr").nth(1)).to_contain_text("Ada Admin")
    expect(page.locator("#count")).to_have_text("2 selected")
    expect(page.locator(f"tbody [value={rows[2]}]").nth(0)).to_be_checked()
    page.check("text=All 4 on this page")
    expect(page.locator("#count")).to_have_text("4 selected")
    page.select_option("#what", "take")
    page.click("text=Go")
    forecast = "2 requests will change; 1 is closed and will be skipped; 1 is so already."
    expect(page.locator("main")).to_contain_text(forecast)


def test_menu_asks_in_a_dialog_and_copies_the_link(
    open_list: Callable[..., Page], world: World, rows: list[str], database: str
) -> None:
    page = open_list("?show=open")
    page.click("[popovertarget] >> nth=0")
    page.click("text=Assign… >> visible=true")
    page.wait_for_selector("dialog[open] >> text=1 request will change")
    page.select_option("dialog select", label="Ada Admin")
    page.click("dialog >> button:has-text('Assign')")
    page.wait_for_selector("dialog", state="detached")
    expect(page.locator("tbody tr").nth(0)).to_contain_text("Ada Admin")
    assert page.url.endswith("?show=open")
    page.click("[popovertarget] >> nth=0")
    page.click("text=Copy link >> visible=true")
    expect(page.locator("#said")).to_have_text("Link copied.")
    assert page.evaluate("navigator.clipboard.readText()").endswith(f"/admin/instances/{rows[0]}")
