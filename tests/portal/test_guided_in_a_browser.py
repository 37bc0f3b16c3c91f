"""Guided requests in a real browser: axe finds nothing, and the whole way on a phone, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from flows import access
from flows.actions import amending
from flows.work import unit_of_work
from portal import frame
from tests.browser_tools import serving, violations
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play
from tests.portal.browsing import Visitor
from tests.portal.test_guided_invitation import invite
from tests.portal.test_pages_in_a_browser import cookies_of

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]

TASK = "/tasks/TI-2001"
PHONE = {"width": 375, "height": 740}


@pytest.fixture
def address(app: Flask, play: Play, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(frame, "live_url", lambda: "")  # no live process runs here, so none is called
    monkeypatch.setattr(frame, "SOCKET_PATH", "")
    with serving(partial(Flask.wsgi_app, app)) as url:  # without what the test client needs around it
        yield url


@pytest.fixture
def checked(axe: Callable[..., None], tenant: Visitor, address: str) -> Callable[..., None]:
    def check(path: str, name: str, **more: Any) -> None:
        axe(address + path, f"guided-{name}", cookies=cookies_of(tenant, address), **more)

    return check


def add_question(play: Play, step: str) -> None:
    with unit_of_work(play.world.agent) as work:
        instance = access.instance_to_change(work, play.ref)
        question = {"label": "Flat number?", "type": "text", "required": True}
        amending.add_field(work, instance, access.step_of(instance, step), question)


def test_nothing_for_axe_while_it_goes_on(tenant: Visitor, play: Play, checked: Callable[..., None]) -> None:
    play.start("ask-permission", inputs={})
    play.submit("plan", {"what": "wall", "which_wall": "North", "builder": True, "firm": "Bob & Sons"})
    play.start(message="Welcome, Priya.\nTake your time.")
    checked("/tasks/TI-2002", "new")
    play.submit("identity", IDENTITY)
    checked("/tasks/TI-2002/steps/identity", "pending")
    checked("/tasks/TI-2002", "reviewing")
    play.send_back("identity", "Please use the name in your passport.", remarks={"legal_name": "Not a nickname"})
    tenant.put("/tasks/TI-2002/steps/identity/draft", version=str(play.step("identity").version), legal_name="Priya A")
    checked("/", "home")
    checked("/tasks?show=with-us", "list")
    checked("/tasks/TI-2002", "returned")
    checked("/tasks/TI-2002/steps/identity", "resubmission")
    checked("/tasks/TI-2002/cancel", "cancel")
    checked("/tasks/TI-2001/copy", "copy")


def test_nothing_for_axe_in_long_and_conditional_forms(
    tenant: Visitor, play: Play, checked: Callable[..., None], move_clock: Callable[..., Any]
) -> None:
    play.start("ask-permission", inputs={})
    plan = f"{TASK}/steps/plan"
    checked(f"{plan}/page-work", "page")
    tenant.post(f"{plan}/page-work", version="1", what="paint")
    move_clock(minutes=1)
    add_question(play, "plan")
    version = str(play.step("plan").version)
    tenant.post(f"{plan}/page-who", version=version, builder="false")
    tenant.post(f"{plan}/page-money", version=version, cost="1200", flat_number="2b")
    checked(f"{plan}/check", "check")
    play.start("tell-us", inputs={})
    checked("/tasks/TI-2002/steps/pets", "conditional")


def test_nothing_for_axe_at_the_end(
    app: Flask, play: Play, axe: Callable[..., None], checked: Callable[..., None], address: str
) -> None:
    play.start()
    play.through(pets=True)
    play.conclude(message="Welcome home.\nThe keys are yours.")
    checked("/", "home-done")
    checked(TASK, "completed")
    checked(f"{TASK}/outcome", "outcome", prepare=open_answers)
    play.start()
    play.submit("household", {**HOUSEHOLD, "income": 1000})
    checked("/tasks/TI-2002/outcome", "closed")
    axe(address + invite(play, inputs={"rent": "1,000"}, message="I look forward to meeting you."), "guided-invite")


def open_answers(page: Page) -> None:
    """And the form under it that asks to reopen."""
    page.get_by_text("Your answers").click()
    page.locator("summary", has_text="Ask to reopen").click()


@pytest.mark.requirement("Q28")
def test_a_rating_without_a_choice_is_read_out_first(
    chromium: Browser, tenant: Visitor, play: Play, address: str
) -> None:
    play.start()
    play.submit("household", {**HOUSEHOLD, "income": 1000})
    context = chromium.new_context(base_url=address, viewport=PHONE)
    context.add_cookies(cookies_of(tenant, address))
    page = context.new_page()
    page.goto(f"{TASK}/outcome")
    page.get_by_role("button", name="Send feedback").click()
    expect(page.locator("[data-errors]")).to_be_focused()
    expect(page.get_by_role("link", name="Choose how satisfied you were")).to_be_visible()
    assert violations(page) == []
    context.close()


@pytest.mark.requirement("X1")
def test_the_page_follows_its_conditions(chromium: Browser, tenant: Visitor, play: Play, address: str) -> None:
    play.start("tell-us", inputs={})
    context = chromium.new_context(base_url=address, viewport=PHONE)
    context.add_cookies(cookies_of(tenant, address))
    page = context.new_page()
    page.goto(f"{TASK}/steps/pets")
    pet = page.get_by_label("Name of the pet")
    expect(pet).to_be_hidden()
    page.get_by_label("Yes").check()
    expect(pet).to_be_visible()
    pet.fill("Rex")
    page.get_by_label("No", exact=True).check()
    expect(pet).to_be_hidden()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Check your answers before sending")).to_be_visible()
    expect(page.get_by_text("Rex")).to_have_count(0)
    context.close()


@pytest.mark.requirement("C10", "C34", "C36", "C43", "X14", "Q28")
@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
def test_the_whole_way_on_a_phone(chromium: Browser, play: Play, address: str, scripts: bool) -> None:
    """Invitation, steps, returned, sent again, outcome, rating."""
    context = chromium.new_context(base_url=address, viewport=PHONE, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(invite(play, inputs={"rent": "1,000"}, message="I look forward to meeting you."))
    expect(page.get_by_role("heading", name="Move-in")).to_be_visible()
    page.get_by_label("Your name").fill("Nia Newcomer")
    page.get_by_role("button", name="Accept and begin").click()
    expect(page.get_by_text("Welcome. This is what we need from you")).to_be_visible()
    play.ref = "TI-2001"

    page.get_by_role("link", name="Begin with “Who you are”").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    page.get_by_label("Full legal name").fill("Nia")
    page.get_by_label("Yes").check()
    page.get_by_role("button", name="Save and come back later").click()
    page.goto("/")
    page.get_by_role("link", name="Move-in").click()
    page.get_by_role("link", name="Go on with “Who you are”").click()
    expect(page.get_by_label("Full legal name")).to_have_value("Nia")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Sent. We review your answers and email you.")).to_be_visible()
    expect(page.get_by_text("We are reviewing “Who you are”.")).to_be_visible()

    play.send_back("identity", "Please use your full name.", remarks={"legal_name": "As in your passport"})
    page.goto("/")
    expect(page.get_by_role("heading", name="Important")).to_be_visible()
    page.get_by_role("link", name="Look at “Move-in”").click()
    page.get_by_role("link", name="Change “Who you are”").first.click()
    expect(page.get_by_text("Gus Agent: “As in your passport”")).to_be_visible()
    page.get_by_role("link", name="Full legal name").click()
    page.get_by_label("Full legal name").fill("Nia Newcomer")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("We are reviewing “Who you are”.")).to_be_visible()
    play.approve("identity")

    page.goto(TASK)
    page.get_by_role("link", name="Your household", exact=True).click()
    page.get_by_label("Household income per month").fill("3,000")
    page.get_by_label("No", exact=True).check()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("It is our turn: “Inspect the home”.")).to_be_visible()
    play.submit("inspection", {"found": "All well"}, by=play.world.agent)
    page.goto(TASK)
    page.get_by_role("link", name="Go on with “Collect your keys”").click()
    page.get_by_label("Time", exact=True).fill("Monday")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Every step is completed.")).to_be_visible()
    play.conclude(message="Welcome home, Nia.")

    page.goto("/")
    page.get_by_role("link", name="Rate it Move-in").click()
    expect(page.get_by_text("Welcome home, Nia.").first).to_be_visible()
    page.get_by_label("Very satisfied", exact=True).check()
    page.get_by_label("What could we do better?").fill("Nothing")
    page.get_by_role("button", name="Send feedback").click()
    expect(page.get_by_text("Thank you for telling us.")).to_be_visible()
    expect(page.get_by_text("You said: Very satisfied.")).to_be_visible()
    assert (play.now().rating, play.now().rating_comment) == (5, "Nothing")
    if scripts:
        assert violations(page) == []
    page.goto("/")
    expect(page.get_by_role("link", name="Rate it Move-in")).to_have_count(0)
    context.close()
