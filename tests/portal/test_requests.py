"""The catalogue of requests: found by words, told what it takes, started once, nothing typed is lost (P11, C10)."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from flows import catalogue
from flows.actions import switching
from flows.catalogue.loader import load_packages
from flows.models import Instance
from flows.work import end_reading, unit_of_work
from portal import frame
from tests.browser_tools import HtmlFacts, serving, violations
from tests.catalogue.shipped import ROOT
from tests.guided.conftest import SHIPPED
from tests.portal.browsing import Visitor, forms_in
from tests.portal.story import rows
from tests.portal.test_pages_in_a_browser import cookies_of
from tests.world import World

on_sqlite = pytest.mark.parametrize("database", ["sqlite"])
PAGE = "/requests/report-a-repair"
GIVEN = {"what": "water", "where": "Bathroom", "details": "It drips", "water_off": "true"}


ASKS_WHERE = """flow: ask-us
schema: 1
title: Ask us something
type: Your home
start:
  customer: true
  fields:
    about: {type: department, label: Who should answer?, required: true}
    urgent: {type: boolean, label: Is it urgent?, default: false}
steps:
  answer: {title: Answer, actor: staff, fields: {words: {type: text, label: Words}}}
"""


@pytest.fixture(autouse=True)
def repairs(app: Flask, tmp_path: Path) -> Iterator[None]:
    before = catalogue.current()
    own = tmp_path / "own"
    own.mkdir()
    folders = [ROOT / "worker" / "demo" / "flows", ROOT / "tests" / "guided" / "flows", own]
    catalogue.use(load_packages(SHIPPED, folders))
    yield
    catalogue.use(before)


@pytest.fixture
def asks_where(repairs: None, tmp_path: Path) -> None:
    """A request whose first question is chosen from departments."""
    (tmp_path / "own" / "ask-us.flow.yaml").write_text(ASKS_WHERE, encoding="utf-8")
    folders = [ROOT / "worker" / "demo" / "flows", tmp_path / "own"]
    catalogue.use(load_packages(SHIPPED, folders))
    assert catalogue.current().broken == []


def switch(world: World, flow: str, name: str, on: bool) -> None:
    with unit_of_work(world.admin) as work:
        switching.switch(work, flow, name, on)
    end_reading()


def test_catalogue_shows_what_may_be_requested_by_kind(tenant: Visitor) -> None:
    html = tenant.get("/requests")
    assert re.findall(r"<h2>([^<]+)</h2>", html) == ["Onboarding", "Your home"]
    assert re.findall(r'<a class="card" href="([^"]+)"', html) == ["/requests/move-in", PAGE]
    assert "Coro Info Required" not in html
    assert 'href="/requests" aria-current="page"' in html
    facts = HtmlFacts(html)
    assert facts.problems() == []


@pytest.mark.parametrize(
    ("query", "found"),
    [("LEAK", [PAGE]), ("plumber broken", [PAGE]), ("keys", ["/requests/move-in"]), ("%3Cb%3Ex", [])],
)
def test_catalogue_is_searched(tenant: Visitor, query: str, found: list[str]) -> None:
    html = tenant.get(f"/requests?q={query}")
    assert re.findall(r'<a class="card" href="([^"]+)"', html) == found
    if not found:
        assert "We could not find “&lt;b&gt;x”." in html
        assert '<a href="/contact">Contact us</a>' in html


@pytest.mark.requirement("C24")
def test_nothing_to_request_is_no_place_to_go(tenant: Visitor, world: World) -> None:
    assert '<a href="/requests">Requests</a>' in tenant.get("/")
    switch(world, "move-in", "requestable", False)
    assert '<a href="/requests">Requests</a>' in tenant.get("/"), "there is another one"
    switch(world, "report-a-repair", "active", False)
    assert "/requests" not in tenant.get("/")
    assert "There is nothing to ask for here at the moment." in tenant.get("/requests")
    assert "Report a repair is switched off" in tenant.get(PAGE, 409)
    assert tenant.post(PAGE, **GIVEN).status_code == 409
    assert rows(Instance) == []


@pytest.mark.parametrize(
    "path", ["/requests/nothing", "/requests/confirm-contact-details", "/requests/coro-order-fulfilment"]
)
def test_what_customers_may_not_start_is_not_there(tenant: Visitor, path: str) -> None:
    tenant.get(path, 404)
    assert tenant.post(path, what="x").status_code == 404


def test_start_page_says_what_it_takes(tenant: Visitor) -> None:
    html = tenant.get(PAGE)
    assert "Something in your home is broken" in html
    assert "call 0800 496 0100" in html
    for words in (
        "We ask you 4 questions now.",
        "There are up to 2 steps for you later.",
        "We check your answers",
        "We aim to be done within 12 days, by",
        "Saturday 14 November",
    ):
        assert words in html
    assert "You already have one open" not in html
    assert HtmlFacts(html).problems() == []


@pytest.mark.requirement("C1", "C10")
def test_a_request_is_started_and_has_a_page(tenant: Visitor, world: World) -> None:
    answer = tenant.send(PAGE, **GIVEN)
    assert (answer.status_code, answer.location) == (303, "/tasks/TI-2001")
    [instance] = rows(Instance)
    assert (instance.source, instance.customer_id, instance.waiting_on) == (
        "customer", world.user_ids["tenant"], "staff",
    )  # fmt: skip
    assert instance.inputs == {"what": "water", "where": "Bathroom", "details": "It drips", "water_off": True}
    html = tenant.get("/tasks/TI-2001")
    assert "We have your request." in html
    assert "Report a repair" in html
    for page in (html, tenant.get("/tasks/TI-2001/copy")):
        assert "What was asked" in page
        assert "It drips" in page


def test_sent_twice_it_is_started_once(tenant: Visitor) -> None:
    [form] = [form for form in forms_in(tenant.get(PAGE)) if form["action"] == PAGE]
    first = tenant.post(PAGE, **{**form["fields"], **GIVEN})
    again = tenant.post(PAGE, **{**form["fields"], **GIVEN})
    assert first.location == again.location == "/tasks/TI-2001"
    other = tenant.post(PAGE, **{**form["fields"], **GIVEN, "where": "Kitchen"})
    assert (other.status_code, other.location) == (303, "/tasks")
    assert len(rows(Instance)) == 1


def test_everything_that_is_wrong_is_told_and_nothing_is_lost(tenant: Visitor) -> None:
    answer = tenant.send(PAGE, what="electric", where="x" * 121, details="", water_off="true")
    assert answer.status_code == 422
    html = answer.text
    assert "<title>Error: Report a repair" in html
    assert '<a href="#where">' in html
    assert '<a href="#details">' in html
    assert "x" * 121 in html
    assert re.search(r'value="electric"[^>]* checked', html)
    assert "Can you turn it off" not in html.replace("can you turn it off", ""), "not asked about electricity"
    assert HtmlFacts(html).problems() == []
    assert rows(Instance) == []


def test_one_that_is_open_already_is_named(tenant: Visitor, stranger: Visitor) -> None:
    tenant.send(PAGE, **GIVEN)
    html = tenant.get(PAGE)
    assert "You already have one open" in html
    assert '<a href="/tasks/TI-2001">TI-2001 Report a repair</a>' in html
    assert "TI-2001" not in stranger.get(PAGE)
    assert tenant.send(PAGE, **GIVEN).location == "/tasks/TI-2002", "a hint, not a lock"


@pytest.mark.requirement("A35")
def test_whoever_acts_for_several_says_for_whom(buyer: Visitor, world: World) -> None:
    html = buyer.get(PAGE)
    assert re.findall(r'<option value="(cus_\w+)"', html) == [world.acme, world.beta, world.brightpath]
    missing = buyer.send(PAGE, **GIVEN)
    assert missing.status_code == 422
    assert '<a href="#_for">Choose for whom it is</a>' in missing.text
    assert "Bathroom" in missing.text
    foreign = buyer.send(PAGE, **GIVEN, _for=world.household)
    assert foreign.status_code == 422
    assert buyer.send(PAGE, **GIVEN, _for=world.acme).status_code == 303
    [instance] = rows(Instance)
    assert (instance.customer_name, instance.customer_id) == ("Acme Ltd", None)


def test_what_is_chosen_from_elsewhere_can_be_chosen(tenant: Visitor, asks_where: None) -> None:
    html = tenant.get("/requests/ask-us")
    assert re.search(r'type="radio"[^>]*name="about" value="dep_repairs"', html)
    assert re.search(r'name="urgent" value="false"[^>]* checked', html), "what the flow suggests is filled in"
    again = tenant.send("/requests/ask-us", about="dep_repairs", urgent="true", _action="find")
    assert again.status_code == 200
    assert re.search(r'name="urgent" value="true"[^>]* checked', again.text)
    assert rows(Instance) == [], "to search is not to start"
    wrong = tenant.send("/requests/ask-us", about="dep_nobody")
    assert wrong.status_code == 422
    assert '<a href="#about">' in wrong.text
    assert tenant.send("/requests/ask-us", about="dep_repairs").status_code == 303
    assert rows(Instance)[0].inputs["about"] == "dep_repairs"


def test_staff_have_no_requests(app: Flask, world: World) -> None:
    assert Visitor(app, world.agent).client.get("/requests").status_code == 403
    assert app.test_client().get(PAGE).status_code == 303


@on_sqlite
def test_pages_cost_few_statements(tenant: Visitor, count_statements: Callable[[], list[str]], database: str) -> None:
    for path in ("/requests", "/requests?q=leak", PAGE, "/"):
        counted = count_statements()
        tenant.get(path)
        assert len(counted) <= 8, "\n".join(counted)


@on_sqlite
def test_pages_are_small(tenant: Visitor, database: str) -> None:
    tenant.send(PAGE, **GIVEN)
    for path in ("/requests", PAGE):
        html = tenant.get(path)
        addresses = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', html))
        files = [tenant.client.get(one, headers={"Accept-Encoding": "gzip"}) for one in addresses]
        assert len(gzip.compress(html.encode(), 6)) + sum(len(file.data) for file in files) <= 12 * 1024, path
        assert len(files) <= 3


@pytest.mark.browser
@on_sqlite
def test_pages_are_usable_by_everybody(
    app: Flask,
    tenant: Visitor,
    world: World,
    axe: Callable[..., None],
    chromium: Browser,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
) -> None:
    monkeypatch.setattr(frame, "live_url", lambda: "")
    monkeypatch.setattr(frame, "SOCKET_PATH", "")
    tenant.send(PAGE, **GIVEN)
    with serving(partial(Flask.wsgi_app, app)) as address:
        cookies = cookies_of(tenant, address)

        axe(f"{address}/requests", "requests", cookies)
        axe(f"{address}/requests?q=nothing", "requests-none", cookies)
        axe(f"{address}{PAGE}", "request", cookies)
        context = chromium.new_context(base_url=address)
        context.add_cookies(cookies)
        page = context.new_page()
        page.goto(PAGE)
        page.get_by_role("button", name="Start now").click()
        expect(page.locator("[data-errors]")).to_be_focused()
        assert violations(page) == []
        context.close()
