"""A tenant and an agent side by side, each in a browser, with the live process between them (C3, C47 to C51, C54)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from redis import Redis

from flows import access
from flows import settings as settings_room
from flows.actions import closing
from flows.rules.actors import Actor
from flows.settings import Settings
from flows.work import unit_of_work
from messaging import redis_door
from messaging.poke import CHANNEL
from tests.browser_tools import look_around, serving, violations
from tests.messaging.conftest import valkey
from tests.messaging.waiting import wait_for
from tests.portal.browsing import Visitor
from tests.portal.test_pages_in_a_browser import cookies_of
from tests.talk.conftest import Talking
from tests.world import World
from wsgi import PARTS

__all__ = ["valkey"]

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]
ROOT = Path(__file__).parents[2]
Open = Callable[[Actor, str], Page]


@pytest.fixture
def parts() -> tuple[str, ...]:
    return PARTS


@pytest.fixture
def origin(app: Flask, world: World, settings: Settings, valkey: str) -> Iterator[str]:
    """The portal on a port of its own, with the live process beside it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        live_port = probe.getsockname()[1]
    lively = replace(settings, redis_url=valkey, live_port=live_port)
    settings_room.use(lively)
    app.config["BATON"] = lively
    redis_door.forget_death()
    with serving(partial(Flask.wsgi_app, app)) as url:
        env = {
            **os.environ, "BATON_MODE": "test", "BATON_DATA": str(settings.folder), "BATON_PUBLIC_URL": url,
            "SECRET_KEY": "k" * 40, "REDIS_URL": valkey, "BATON_LIVE_PORT": str(live_port), "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        server = subprocess.Popen([sys.executable, "-m", "worker", "live"], env=env, cwd=ROOT)
        with Redis.from_url(valkey) as redis:
            wait_for(lambda: redis.pubsub_numsub(CHANNEL)[0][1], 30)
        yield url
        server.terminate()
        server.wait(10)


@pytest.fixture
def browser_of(app: Flask, origin: str, chromium: Browser) -> Iterator[Callable[..., BrowserContext]]:
    contexts = []

    def make(actor: Actor, **more: Any) -> BrowserContext:
        context = chromium.new_context(base_url=origin, reduced_motion="reduce", **more)
        context.add_cookies(cookies_of(Visitor(app, actor), origin))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


def look(context: BrowserContext, path: str) -> Page:
    page = context.new_page()
    page.goto(path)
    return page


def write(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


@pytest.mark.requirement("C3", "C47", "C48", "C49", "C50", "C51")
def test_they_see_each_other_type_write_and_read(
    browser_of: Callable[..., BrowserContext], talking: Talking, world: World, database: str
) -> None:
    ours, theirs = f"/admin/instances/{talking.play.ref}", f"/tasks/{talking.play.ref}"
    tenant, agent = browser_of(world.tenant), browser_of(world.agent)
    desk, home = look(agent, ours), look(tenant, theirs)
    expect(desk.locator("[data-presence]")).to_have_text("Priya Shah is also viewing")
    expect(home.locator("[data-presence]")).to_be_empty()

    home.get_by_label("Your message").press_sequentially("The keys")
    expect(desk.locator("[data-typing]")).to_have_text("Priya Shah is typing…")
    home.keyboard.press("Shift+Enter")
    home.keyboard.type("are here")
    home.keyboard.press("Enter")
    expect(desk.locator(".log .theirs .words")).to_have_text("The keys\nare here")
    expect(home.locator(".log .mine:not(.unsent) .words")).to_have_text("The keys\nare here")
    expect(home.get_by_label("Your message")).to_have_value("")
    expect(home.locator("[data-receipt]")).to_contain_text("Read ")
    expect(desk.locator("[data-typing]")).to_be_empty()

    home.goto("/messages")
    write(desk, "When can we come?")
    expect(home.get_by_text("1 unread")).to_be_visible()
    expect(home.get_by_role("link", name="Messages 1 waiting")).to_be_visible()
    home.goto(theirs)
    expect(home.locator(".log .theirs .words")).to_have_text("When can we come?")
    expect(home.locator("#talk [data-unread]")).to_be_hidden()
    expect(home.locator("#nav").get_by_role("link", name="Messages", exact=True)).to_be_visible()
    expect(desk.locator("[data-receipt]")).to_contain_text("Read ")

    look_around(desk, "talk-desk"), look_around(home, "talk-home")
    desk.goto(f"{ours}?talk=notes")
    desk.get_by_label("Note for staff").fill("Rings at noon")
    desk.keyboard.press("Enter")
    expect(desk.locator(".log .mine:not(.unsent) .words")).to_have_text("Rings at noon")
    look_around(desk, "talk-notes")
    rows = look(agent, "/admin/instances/")
    desk.close()
    write(home, "Tomorrow")
    expect(rows.locator("td[data-label=Messages] .badge")).to_contain_text("1")
    rows.goto("/admin/instances/?unread=1")
    expect(rows.locator("tbody tr")).to_have_count(1)
    assert violations(home) == []
    assert [one.text for one in talking.all()] == [
        "The keys\nare here",
        "When can we come?",
        "Rings at noon",
        "Tomorrow",
    ]


@pytest.mark.requirement("C54")
def test_the_composer_closes_with_the_request_and_keeps_what_was_typed(
    browser_of: Callable[..., BrowserContext], talking: Talking, world: World, database: str
) -> None:
    home = look(browser_of(world.tenant), f"/tasks/{talking.play.ref}")
    home.get_by_label("Your message").fill("Half a sent")
    home.reload()
    expect(home.get_by_label("Your message")).to_have_value("Half a sent")
    wait_for(lambda: home.evaluate("document.body.socket?.readyState === 1"))
    with unit_of_work(world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, talking.play.ref), "Not needed")
    expect(home.locator("#talk .closed")).to_contain_text("Messaging is closed because this request was cancelled")
    expect(home.locator("#talk textarea")).to_have_value("Half a sent")
    expect(home.locator("#talk textarea")).not_to_be_editable()
    expect(home.get_by_role("button", name="Send")).to_have_count(0)


@pytest.mark.requirement("C47")
def test_what_did_not_arrive_is_shown_and_sent_once(
    browser_of: Callable[..., BrowserContext], talking: Talking, world: World, database: str
) -> None:
    tenant = browser_of(world.tenant)
    home = look(tenant, f"/tasks/{talking.play.ref}")
    tenant.route("**/messages", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    write(home, "On the train")
    unsent = home.locator(".unsent")
    expect(unsent).to_contain_text("Reconnecting…")
    tenant.unroute("**/messages")
    unsent.get_by_role("button", name="Try again").click()
    expect(home.locator(".log .mine:not(.unsent) .words")).to_have_text("On the train")
    expect(unsent).to_have_count(0)
    assert [one.text for one in talking.all()] == ["On the train"]


@pytest.mark.requirement("C47", "D4")
def test_what_was_written_without_a_network_goes_by_itself_once_it_is_back(
    browser_of: Callable[[Actor], BrowserContext], talking: Talking, world: World, database: str
) -> None:
    tenant = browser_of(world.tenant)
    home = look(tenant, f"/tasks/{talking.play.ref}")
    wait_for(lambda: home.evaluate("document.body.socket?.readyState === 1"))
    tenant.route("**/messages**", lambda route: route.abort())
    write(home, "First")
    write(home, "Second")
    expect(home.locator(".unsent").get_by_role("button", name="Try again")).to_have_count(2)
    tenant.unroute("**/messages**")
    home.evaluate("document.body.socket.close()")
    expect(home.locator(".log .mine:not(.unsent) .words")).to_have_text(["First", "Second"])
    expect(home.locator(".unsent")).to_have_count(0)
    assert [one.text for one in talking.all()] == ["First", "Second"]


@pytest.mark.requirement("C49")
def test_enter_chooses_what_an_input_method_offers_and_sends_nothing(
    browser_of: Callable[..., BrowserContext], talking: Talking, world: World, database: str
) -> None:
    home = look(browser_of(world.tenant), f"/tasks/{talking.play.ref}")
    text, keys = home.get_by_label("Your message"), home.context.new_cdp_session(home)
    text.focus()
    keys.send("Input.imeSetComposition", {"text": "nihon", "selectionStart": 5, "selectionEnd": 5})
    keys.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", "key": "Enter", "windowsVirtualKeyCode": 13})
    expect(text).to_have_value("nihon")
    expect(home.locator(".log .mine")).to_have_count(0)
    keys.send("Input.insertText", {"text": "\u65e5\u672c"})
    expect(text).to_have_value("\u65e5\u672c")
    home.keyboard.press("Enter")
    expect(home.locator(".log .mine:not(.unsent) .words")).to_have_text("\u65e5\u672c")


@pytest.mark.requirement("C49", "C50")
def test_enter_is_a_new_line_where_a_finger_writes_and_the_button_sends(
    browser_of: Callable[..., BrowserContext], talking: Talking, world: World, database: str
) -> None:
    phone = browser_of(world.tenant, has_touch=True, is_mobile=True, viewport={"width": 375, "height": 700})
    home = look(phone, f"/tasks/{talking.play.ref}")
    home.get_by_label("Your message").tap()
    home.keyboard.type("Hello")
    home.keyboard.press("Enter")
    home.keyboard.type("Priya")
    expect(home.get_by_label("Your message")).to_have_value("Hello\nPriya")
    expect(home.get_by_text("Enter sends")).to_be_hidden()
    home.get_by_role("button", name="Send").tap()
    expect(home.locator(".log .mine:not(.unsent) .words")).to_have_text("Hello\nPriya")


@pytest.mark.requirement("C47", "X14")
def test_what_was_typed_outlives_a_sign_out_and_is_shown_to_nobody_else(
    browser_of: Callable[..., BrowserContext], app: Flask, talking: Talking, world: World, origin: str, database: str
) -> None:
    context, path = browser_of(world.tenant), f"/tasks/{talking.play.ref}"
    home, text = look(context, path), "Half a sentence"
    look(context, "/messages").locator("form[action='/sign-out'] button").dispatch_event("click")
    home.get_by_label("Your message").fill(text)
    home.keyboard.press("Enter")
    expect(home.locator(".unsent")).to_contain_text("Your session has ended. What you typed is kept.")
    expect(home.locator(".unsent").get_by_role("link", name="Sign in again")).to_be_visible()
    context.add_cookies(cookies_of(Visitor(app, world.agent), origin))
    expect(look(context, f"/admin/instances/{talking.play.ref}").get_by_label("Your message")).to_have_value("")
    context.add_cookies(cookies_of(Visitor(app, world.tenant), origin))
    home.goto(path)
    expect(home.get_by_label("Your message")).to_have_value(text)
    home.get_by_role("button", name="Send").click()
    expect(home.locator(".log .mine:not(.unsent) .words")).to_have_text(text)
    home.reload()
    expect(home.get_by_label("Your message")).to_have_value("")
    assert [one.text for one in talking.all()] == [text]
