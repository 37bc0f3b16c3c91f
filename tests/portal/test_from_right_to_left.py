"""The portal in Arabic, in a real browser: it runs from right to left, and nothing scrolls sideways (X23, X24)."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask
from playwright.sync_api import Browser

from flows import words
from flows.actions import beginning
from flows.models import User
from flows.work import unit_of_work
from tests.browser_tools import serving
from tests.guided.conftest import IDENTITY, Play
from tests.portal.browsing import Visitor
from tests.portal.story import order_through_pages
from tests.portal.test_pages_in_a_browser import cookies_of
from tests.stages.desk import SUBJECT
from tests.world import World

pytestmark = [
    pytest.mark.requirement("X23", "X24"), pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"]),
]  # fmt: skip
SPILLS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
OUT_OF_SIGHT = """() => [...document.querySelectorAll("main a, main button, main input, main p, main h1, main td")]
    .filter((one) => one.checkVisibility() && !one.closest(".sr, .log"))
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([, box]) => box.width > 1 && (box.left < -1 || box.right > document.documentElement.clientWidth + 1))
    .map(([one]) => one.outerHTML.slice(0, 90))"""
FOR_A_COMPANY = (
    "/", "/shop", "/basket", "/checkout", "/orders", "/orders/1001", "/tasks", "/tasks/TI-2001",
    "/tasks/TI-2001/steps/details", "/notices", "/settings/members", "/settings/profile", "/settings/notifications",
)  # fmt: skip
FOR_A_TENANT = (
    "/", "/tasks", "/tasks/{ref}", "/tasks/{ref}/steps/identity", "/tasks/{ref}/steps/household", "/tasks/{ref}/copy",
    "/tasks/{long}/steps/plan/page-work", "/tasks/{ref}/messages", "/messages", "/requests", "/requests/ask-permission",
    "/cases", "/cases/{case}", "/cases/{case}/act/cancel", "/nowhere",
)  # fmt: skip
FOR_ANYBODY = ("/sign-in", "/contact", "/accessibility")


def test_everything_runs_from_right_to_left_and_nothing_scrolls_sideways(
    app: Flask, buyer: Visitor, tenant: Visitor, play: Play, chromium: Browser, monkeypatch: pytest.MonkeyPatch,
    database: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(words, "LANGUAGES", {**words.LANGUAGES, "ar": "العربية"})
    refs = in_the_middle_of_things(buyer, play)
    wrong: list[str] = []
    with serving(partial(Flask.wsgi_app, app)) as origin:
        for visitor, paths in ((buyer, FOR_A_COMPANY), (tenant, FOR_A_TENANT), (None, FOR_ANYBODY)):
            context = chromium.new_context(base_url=origin, locale="ar")
            context.add_cookies(cookies_of(visitor, origin) if visitor else [])
            page = context.new_page()
            for path in paths:
                page.goto(path.format(**refs))
                for width in (375, 1280):
                    page.set_viewport_size({"width": width, "height": 900})
                    if page.evaluate("document.dir") != "rtl":
                        wrong.append(f"{path}: not from right to left")
                    if page.evaluate(SPILLS):
                        wrong.append(f"{path}: scrolls sideways at {width}")
                    wrong += [f"{path} at {width}: {one}" for one in page.evaluate(OUT_OF_SIGHT)]
            context.close()
    assert wrong == []


def in_the_middle_of_things(buyer: Visitor, play: Play) -> dict[str, str]:
    """A company with an order that waits; a tenant with a request that was handed back, a long one, and a case."""
    world: World = play.world
    order_through_pages(buyer, world, world.coro)
    buyer.post("/basket", product=world.microsoft, quantity="5")
    long = play.start("ask-permission", inputs={}).reference
    ref = play.start(message="مرحبا بك في بيتك الجديد").reference
    play.submit("identity", IDENTITY)
    play.send_back("identity", remarks={"legal_name": "As it stands in your passport"})
    with unit_of_work(world.tenant) as work:
        given = {**SUBJECT, "details": "الضوضاء كل ليلة"}
        case = beginning.start_by_customer(work, "department-request", world.household, given)
        work.session.flush()
        reference = case.reference
        for actor in (world.tenant, world.buyer):
            work.session.get_one(User, actor.user_id).language = "ar"
    return {"ref": ref, "long": long, "case": reference}
