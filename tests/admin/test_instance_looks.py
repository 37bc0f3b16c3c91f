"""The pages of task instances in a browser: nothing for axe to find, small, and nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from flows import access
from flows.access import instance_to_change
from flows.actions import amending, standing_in
from flows.models import User
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf
from tests.admin.test_looks import cookies_of
from tests.browser_tools import HtmlFacts, serving
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play, move_in, play

__all__ = ["move_in", "play"]
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]

PAGES = {
    "instance": "/admin/instances/{ref}",
    "history": "/admin/instances/{ref}/history",
    "as-it-is": "/admin/instances/{ref}/at",
    "as-it-was": "/admin/instances/{ref}/at/3",
    "attempts": "/admin/instances/{ref}/steps/identity/attempts",
    "close": "/admin/instances/{ref}/steps/identity/close",
    "reopen": "/admin/instances/{ref}/steps/household/reopen",
    "add-step": "/admin/instances/{ref}/steps/household/add-step",
    "add-field": "/admin/instances/{ref}/steps/identity/add-field",
    "assign": "/admin/instances/{ref}/assign",
    "due": "/admin/instances/{ref}/due",
    "cancel-instance": "/admin/instances/{ref}/cancel",
    "new-instance": "/admin/instances/new?flow=move-in&q=priya&customer=usr_priya",
    "invite": "/admin/instances/invite?flow=move-in",
    "away": "/admin/away/",
    "away-new": "/admin/away/new",
}


@pytest.fixture
def busy(play: Play) -> Play:
    """Sent, returned, sent again; one step done, one taken, a colleague away."""
    play.start()
    play.submit("identity", IDENTITY)
    play.send_back("identity", "The name is not the one in the passport.", remarks={"legal_name": "As in the passport"})
    play.submit("identity", {**IDENTITY, "legal_name": "Priya Anand Shah"})
    play.submit("household", HOUSEHOLD)
    play.assign("usr_gus", note="Has the keys", by=play.world.admin)
    with unit_of_work(play.world.admin) as work:
        people = [work.session.get_one(User, actor.user_id) for actor in (play.world.admin, play.world.agent)]
        standing_in.delegate(work, *people, work.now.date(), work.now.date(), "At the sea")
    return play


@pytest.mark.requirement("X24")
@pytest.mark.parametrize("name", PAGES)
def test_page_is_usable_by_everybody(
    app: Flask, busy: Play, client_of: ClientOf, axe: Callable[..., None], name: str, database: str
) -> None:
    client = client_of(busy.world.admin)
    url = PAGES[name].format(ref=busy.ref)
    with serving(app) as origin:
        axe(origin + url, name, cookies_of(client, origin))
    assert HtmlFacts(client.get(url).get_data(as_text=True)).problems() == []


@pytest.mark.requirement("X24")
def test_shipped_flow_is_usable_by_everybody(
    app: Flask, play: Play, client_of: ClientOf, axe: Callable[..., None], database: str
) -> None:
    play.start("tenant-onboarding", inputs={"rent": 100_000}, amounts={"deposit": 45_000})
    client = client_of(play.world.admin)
    with serving(app) as origin:
        axe(f"{origin}/admin/instances/{play.ref}", "shipped", cookies_of(client, origin))


@contextmanager
def opened(
    app: Flask, browser: Browser, client_of: ClientOf, actor: Actor, path: str, **options: Any
) -> Iterator[Page]:
    """A browser in which this colleague has a page open."""
    with serving(app) as origin:
        context = browser.new_context(base_url=origin, **options)
        context.add_cookies(cookies_of(client_of(actor), origin))
        page = context.new_page()
        page.goto(path)
        yield page
        context.close()


def resync(page: Page) -> None:
    """What happens when a socket tells of a change, or the window gets the focus."""
    with page.expect_response(lambda answer: "/admin/instances/" in answer.url):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('resync'))")


@pytest.mark.requirement("C35", "C36", "C45")
def test_review_return_with_a_remark_and_approve(
    app: Flask, play: Play, client_of: ClientOf, chromium: Browser, database: str
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    path = f"/admin/instances/{play.ref}"
    with opened(app, chromium, client_of, play.world.agent, path) as page:
        page.get_by_role("link", name="Review Who you are").click()
        page.get_by_text("Remark on Full legal name").click()
        page.get_by_label("Remark on “Full legal name”").fill("As in the passport")
        page.get_by_role("button", name="Return for resubmission").click()
        expect(page.get_by_role("alert")).to_contain_text("Say what has to be changed")
        expect(page.get_by_label("Remark on “Full legal name”")).to_have_value("As in the passport")
        page.get_by_label("Message to the customer").fill("Almost there")
        page.get_by_role("button", name="Return for resubmission").click()
        expect(page.locator("#step-identity")).to_contain_text("Returned by Gus Agent")
        play.submit("identity", {**IDENTITY, "legal_name": "Priya Anand Shah"})
        page.reload()
        page.get_by_role("link", name="compare with attempt 1").click()
        expect(page.locator("dialog ins")).to_have_text("Priya Anand Shah")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Approve", exact=True).click()
        expect(page.get_by_text("“Who you are” was approved.")).to_be_visible()
    assert play.states()["identity"] == "completed"


@pytest.mark.requirement("C35")
def test_text_survives_what_others_do_meanwhile_and_says_what_it_was(
    app: Flask, play: Play, client_of: ClientOf, chromium: Browser, database: str
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    with opened(app, chromium, client_of, play.world.agent, f"/admin/instances/{play.ref}") as page:
        page.get_by_label("Message to the customer").fill("The photo is too dark")
        play.submit("household", HOUSEHOLD)
        play.approve("identity", by=play.world.admin)
        resync(page)
        expect(page.locator("#step-household .tag")).to_have_text("Completed")
        expect(page.locator("#step-inspection .tag")).to_have_text("Active")
        expect(page.get_by_label("Message to the customer")).to_have_value("The photo is too dark")
        notice = page.locator("#step-identity [role=status]")
        expect(notice).to_contain_text("Ada Admin: Who you are: completed · What you typed here is kept.")
        with unit_of_work(play.world.agent) as work:
            amending.add_step(work, instance_to_change(work, play.ref), "household", title="Parking", actor="staff")
        resync(page)
        expect(page.locator("#step-household + #step-parking")).to_contain_text("3. Parking")
        page.get_by_role("button", name="Return for resubmission").click()
        expect(page.get_by_text("Your decision was not kept")).to_be_visible()
        expect(page.locator("textarea[readonly]")).to_have_value("The photo is too dark")


@pytest.mark.requirement("C42", "C43", "C45")
def test_words_of_the_outcome_follow_the_choice_until_they_are_edited(
    app: Flask, play: Play, client_of: ClientOf, chromium: Browser, database: str
) -> None:
    play.start()
    play.through()
    with opened(app, chromium, client_of, play.world.agent, f"/admin/instances/{play.ref}") as page:
        message = page.get_by_label("Message to the customer")
        expect(message).to_have_value("Welcome home, Priya.")
        page.get_by_label("Not eligible").check()
        expect(message).to_have_value("The law does not let us.")
        page.get_by_text("What the customer sees").click()
        expect(page.locator("[data-shows]")).to_have_text("The law does not let us.")
        message.fill("Mine")
        page.get_by_label("Complete Request").check()
        expect(message).to_have_value("Mine")
        expect(page.locator("[data-shows]")).to_have_text("Mine")
        page.get_by_role("button", name="Confirm outcome").click()
        expect(page.locator("#outcome")).to_contain_text("Mine")
    assert play.now().close_message == "Mine"


@pytest.mark.requirement("C23", "C24", "C25", "C28")
@pytest.mark.parametrize("scripts", [True, False])
def test_new_instance_is_made_with_and_without_javascript(
    app: Flask, play: Play, client_of: ClientOf, chromium: Browser, scripts: bool, database: str
) -> None:
    with opened(
        app, chromium, client_of, play.world.agent, "/admin/instances/new", java_script_enabled=scripts
    ) as page:
        page.get_by_label("Task flow").select_option("move-in")
        if not scripts:
            page.get_by_role("button", name="Use this flow").click()
        expect(page.get_by_text("5 steps:")).to_be_visible()
        page.get_by_label("Name, email, address or phone").fill("pri")
        page.get_by_role("button", name="Search").click()
        page.get_by_label("Priya Shah").check()
        page.get_by_label("Monthly rent").fill("1000")
        page.get_by_role("button", name="Create and open").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Move-in")
    assert play.world.tenant.user_id == access.instance_to_read(SYSTEM, "TI-2001").customer_id


def test_page_is_small_and_splits_from_64_rem(
    app: Flask, play: Play, client_of: ClientOf, chromium: Browser, database: str
) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    asked: dict[str, int] = {}
    with opened(app, chromium, client_of, play.world.agent, "/admin/away/") as page:
        page.set_viewport_size({"width": 1024, "height": 800})
        page.on("response", lambda answer: asked.update({answer.url: 0}) if "/socket.io/" not in answer.url else None)
        page.goto(f"/admin/instances/{play.ref}")
        steps, aside = (page.locator(one).bounding_box() for one in ("#step-identity", "aside"))
        assert steps is not None
        assert aside is not None
        assert aside["x"] > steps["x"] + steps["width"]
        page.set_viewport_size({"width": 1023, "height": 800})
        steps, aside = (page.locator(one).bounding_box() for one in ("#step-identity", "aside"))
        assert steps is not None
        assert aside is not None
        assert aside["x"] == steps["x"]
        page.set_viewport_size({"width": 375, "height": 700})
        page.locator(".more > summary").click()
        box = page.get_by_role("link", name="Send reminder…").bounding_box()
        assert box is not None
        assert box["x"] >= 0
    client = client_of(play.world.agent)
    paths = [urlsplit(url)._replace(scheme="", netloc="").geturl() for url in asked]
    files = [client.get(path, headers={"Accept-Encoding": "gzip"}).data for path in paths]
    assert len(paths) <= 8, paths
    assert sum(len(file) for file in files) <= 50 * 1024
