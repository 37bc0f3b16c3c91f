"""The catalogue of flows in the back office: how they do, who may start them, how they look, what is wrong (C24)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page
from sqlalchemy import select

from flows import access, catalogue
from flows.actions import rating
from flows.catalogue.loader import load_packages
from flows.models import AuditEntry, Instance
from flows.queries import flow_figures, startable, versions_in_use
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from tests.admin.conftest import ClientOf, Happened
from tests.admin.test_looks import cookies_of
from tests.browser_tools import HtmlFacts, serving
from tests.catalogue.shipped import ROOT
from tests.guided.conftest import HOUSEHOLD, IDENTITY, SHIPPED, Play
from tests.portal.visiting import token_in
from tests.world import World

on_sqlite = pytest.mark.parametrize("database", ["sqlite"])
DRAWN = ("coro-order-fulfilment", "tenant-onboarding", "department-request", "report-a-repair")
BROKEN = """flow: half-done
schema: 1
title: Half done
start: {staff: true}
steps:
  one: {title: One, actor: custmer}
  two: {title: Two, actor: staff, needs: [ones]}
"""


@pytest.fixture(autouse=True)
def flows_of_the_tests(app: Flask, tmp_path: Path) -> Iterator[None]:
    """The shipped flows, those of the guided tests and of the demo, and one that is not loaded."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "half-done.flow.yaml").write_text(BROKEN, encoding="utf-8")
    before = catalogue.current()
    folders = [ROOT / "tests" / "guided" / "flows", ROOT / "worker" / "demo" / "flows", folder]
    catalogue.use(load_packages(SHIPPED, folders))
    yield
    catalogue.use(before)


@pytest.fixture
def play(world: World) -> Play:
    return Play(world)


def page(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    return answer.get_data(as_text=True)


def cells(html: str, row: str) -> dict[str, str]:
    """Label to text of one row."""
    found = re.search(rf'<tr role="row" id="{row}">(.*?)</tr>', html, re.DOTALL)
    assert found, row
    pairs = re.findall(r'data-label="([^"]+)"[^>]*>(.*?)</td>', found[1], re.DOTALL)
    return {label: " ".join(re.sub(r"<[^>]+>", " ", text).split()) for label, text in pairs}


def post(client: FlaskClient, url: str, **fields: str) -> Any:
    token = token_in(client.get("/contact"))
    return client.post(url, data={"csrf_token": token, **fields}, headers={"Referer": f"http://localhost{url}"})


@pytest.mark.requirement("C24")
def test_list_says_how_each_flow_does(client_of: ClientOf, play: Play, move_clock: Callable[..., Any]) -> None:
    for hours, score in ((10, 5), (48, 4)):
        play.start()
        begun = play.now().created_at
        play.through()
        move_clock(to=begun)
        move_clock(hours=hours)
        play.conclude()
        with unit_of_work(play.world.tenant) as work:
            rating.rate(work, access.instance_to_change(work, play.ref), score, "")
    play.start()
    row = cells(page(client_of(play.world.admin), "/admin/flows/"), "flow-move-in")
    assert row == {
        "Flow": "Move-in 5 steps",
        "Version": "v1",
        "Kind": "Onboarding",
        "Lint": "OK",
        "Active": "On",
        "Assignable": "On",
        "Requestable": "On",
        "Open instances": "1",
        "Median time": "1.2 days",
        "Rating": "4.5 of 5",
    }


def test_list_names_versions_and_ways(client_of: ClientOf, play: Play) -> None:
    play.start()
    registry = catalogue.current()
    loaded = registry.flows["move-in"]
    registry.flows["move-in"] = type(loaded)(
        loaded.definition, loaded.text + "\n", "0" * 64, loaded.plugin, loaded.path, loaded.problems
    )
    play.start()
    html = page(client_of(play.world.admin), "/admin/flows/")
    assert cells(html, "flow-move-in")["Open instances"] == "2 v2 1, v1 1"
    order = cells(html, "flow-coro-order-fulfilment")
    assert (order["Active"], order["Assignable"], order["Requestable"]) == ("by event", "–", "–")
    assert cells(html, "flow-tenant-onboarding")["Lint"].endswith(("warnings", "warning", "OK"))


@pytest.mark.requirement("D2")
def test_a_broken_flow_is_not_loaded_and_says_where(client_of: ClientOf, world: World) -> None:
    html = page(client_of(world.admin), "/admin/flows/")
    assert "half-done" not in catalogue.current().flows
    assert "2 errors: not loaded" in html or "1 error: not loaded" in html
    assert re.search(r"own/half-done\.flow\.yaml:6:\d+", html)
    assert "F104" in html
    assert "did you mean &#39;customer&#39;?" in html
    assert '<a href="/admin/flows/half-done">Half done</a>' in html
    its_page = client_of(world.admin).get("/admin/flows/half-done")
    assert its_page.status_code == 200
    assert "Nothing new starts of it" in its_page.text
    assert HtmlFacts(its_page.text).problems() == []


@pytest.mark.requirement("C24", "X10")
def test_switches_are_small_forms(client_of: ClientOf, world: World) -> None:
    client = client_of(world.admin)
    url = "/admin/flows/report-a-repair/switch"
    answer = post(client, url, switch="assignable", on="0")
    assert (answer.status_code, answer.location) == (303, "/admin/flows/#flow-report-a-repair")
    html = page(client, "/admin/flows/")
    assert "Assignable is switched off for Report a repair." in html
    assert cells(html, "flow-report-a-repair")["Assignable"] == "Off"
    assert 'aria-checked="false" aria-label="Assignable: Report a repair" name="on" value="1"' in html
    assert "report-a-repair" not in [one.definition.flow for one in startable.assignable(world.agent)]
    back = post(client, url, switch="assignable", on="1", back="page")
    assert back.location == "/admin/flows/report-a-repair"
    end_reading()
    entries = access.read_as(SYSTEM).scalars(select(AuditEntry).where(AuditEntry.kind == "flow_switched")).all()
    assert [entry.facts for entry in entries] == [{"assignable": [True, False]}, {"assignable": [False, True]}]
    assert "flow_switched" in page(client, "/admin/audit/").replace("Flow switched", "flow_switched")


def test_switches_together(client_of: ClientOf, world: World) -> None:
    client = client_of(world.admin)
    url = "/admin/flows/report-a-repair/switch"
    assert "Who may start Report a repair?" in page(client, url)
    answer = post(client, url, active="1", requestable="", _key="k" * 20)
    assert (answer.status_code, answer.location) == (303, "/admin/flows/report-a-repair")
    end_reading()
    switch = startable.switches(SYSTEM, "report-a-repair")["report-a-repair"]
    assert (switch.is_active, switch.is_assignable, switch.is_requestable) == (True, False, False)
    assert "coro" not in startable.switches(SYSTEM)


def test_who_may_not_switch(client_of: ClientOf, world: World) -> None:
    for actor in (world.agent, world.tenant):
        answer = post(client_of(actor), "/admin/flows/report-a-repair/switch", switch="active", on="0")
        assert answer.status_code == 403
    client = client_of(world.admin)
    assert post(client, "/admin/flows/nothing/switch", switch="active", on="0").status_code == 404
    assert post(client, "/admin/flows/report-a-repair/switch", switch="visible", on="0").status_code == 404
    refused = post(client, "/admin/flows/confirm-contact-details/switch", switch="requestable", on="1")
    assert refused.status_code == 409
    assert "its file does not say so" in refused.get_data(as_text=True)
    assert startable.switches(SYSTEM) == {}


@pytest.mark.requirement("X33")
def test_page_of_a_flow_shows_where_its_instances_are(client_of: ClientOf, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.start()
    play.submit("household", HOUSEHOLD)
    where = flow_figures.where(play.world.admin, catalogue.current().flows["move-in"])
    assert (where.at_step, where.in_review) == ({"identity": 1, "household": 1}, {"identity": 1})
    html = page(client_of(play.world.admin), "/admin/flows/move-in")
    assert html.count("<title>1 open here</title>") == 3
    assert "1 open here." in html
    assert "Changes needed: back to “Who you are”." in html
    for heading in ("Diagram", "Steps", "What starts it", "Published versions", "Lint", "Text"):
        assert f">{heading}</h2>" in html
    assert "v1 (served)" in html
    links = [
        link.replace("&amp;", "&")
        for link in re.findall(r'<a href="(/admin/instances/[^"]*(?:step|review)=[^"]*)"', html)
    ]
    lists = [re.findall(r"TI-\d+", page(client_of(play.world.admin), link)) for link in links]
    asked = [link.partition("&")[2].partition("&")[0] for link in links]
    assert asked == ["step=identity", "review=identity", "step=household"]
    assert [sorted(set(one)) for one in lists] == [["TI-2002"], ["TI-2001"], ["TI-2001"]]
    facts = HtmlFacts(html)
    assert facts.inline == []
    assert facts.headings == 1
    assert len(facts.ids) == len(set(facts.ids))


@pytest.mark.requirement("X4")
def test_page_of_times_says_how_long_it_takes(
    client_of: ClientOf, play: Play, move_clock: Callable[..., Any], count_statements: Callable[[], list[str]]
) -> None:
    client = client_of(play.world.admin)
    empty = page(client, "/admin/flows/move-in/times")
    assert "nothing to measure" in empty
    assert "<table" not in empty
    for hours in (5, 3):
        play.start()
        move_clock(hours=hours)
        play.submit("identity", IDENTITY)
    counted = count_statements()
    html = page(client, "/admin/flows/move-in/times")
    assert len(counted) <= 8
    assert "All 2 so far" in html
    first = re.search(r"Who you are</span>.*?</tr>", html, re.DOTALL)
    assert first
    assert re.findall(r"<span>([^<]+)</span>", first[0])[:2] == ["2", "5 h 30 min"], (
        "5 and 3 hours, then still in review"
    )
    assert '/admin/flows/move-in/times">How long it takes</a>' in page(client, "/admin/flows/move-in")


def test_page_of_a_flow_names_the_products_that_start_it(client_of: ClientOf, world: World) -> None:
    html = page(client_of(world.admin), "/admin/flows/coro-order-fulfilment")
    assert 'An order of <a href="/admin/products/prd_coro">Coro Essentials</a> (Coro).' in html
    assert "prd_m365" not in html
    warned = page(client_of(world.admin), "/admin/flows/tenant-onboarding")
    problems = catalogue.current().flows["tenant-onboarding"].problems
    assert all(one.place in warned and one.code in warned for one in problems)


def test_states_are_counted_where_they_are(world: World, play: Play) -> None:
    play.start()
    with unit_of_work(SYSTEM) as work:
        one = work.session.scalars(select(Instance)).one()
        one.flow, one.state = "department-request", "New"
    where = flow_figures.where(world.admin, catalogue.current().flows["department-request"])
    assert where.in_state == {"New": 1}


@on_sqlite
@pytest.mark.parametrize("many", [1, 30])
def test_pages_cost_the_same_for_one_instance_as_for_many(
    client_of: ClientOf,
    play: Play,
    happened: Happened,
    count_statements: Callable[[], list[str]],
    many: int,
    database: str,
) -> None:
    for _ in range(many):
        play.start()
        play.submit("identity", IDENTITY)
    with unit_of_work(SYSTEM) as work:
        for one in work.session.scalars(select(Instance).where(Instance.flow == "move-in").limit(many // 2)):
            one.closed_at, one.status, one.rating = work.now, "completed", 3
    client = client_of(play.world.admin)
    for url in ("/admin/flows/", "/admin/flows/move-in", "/admin/flows/coro-order-fulfilment"):
        counted = count_statements()
        page(client, url)
        assert len(counted) <= 8, f"{url} with {many}: {len(counted)}\n" + "\n".join(one[:160] for one in counted)


@on_sqlite
def test_figures_look_at_the_newest_only(
    world: World, play: Play, monkeypatch: pytest.MonkeyPatch, move_clock: Callable[..., Any], database: str
) -> None:
    monkeypatch.setattr(flow_figures, "NEWEST", 2)
    for hours in (100, 1, 3):
        play.start()
        move_clock(hours=hours)
        with unit_of_work(SYSTEM) as work:
            access.instance_to_change(work, play.ref).closed_at = work.now
    end_reading()
    found = flow_figures.of_flows(world.admin, ["move-in", "nothing"])
    assert found["move-in"].median.total_seconds() // 60 == 120  # type: ignore[union-attr]
    assert "nothing" not in found
    assert flow_figures.of_flows(world.admin, []) == {}
    assert versions_in_use.of_flows(world.admin)["move-in"].open_tasks == 0


@pytest.mark.browser
@on_sqlite
@pytest.mark.parametrize("name", [*DRAWN, "switch"])
def test_pages_are_usable_by_everybody(
    app: Flask, client_of: ClientOf, play: Play, axe: Callable[..., None], name: str, database: str
) -> None:
    client = client_of(play.world.admin)
    path = "/admin/flows/report-a-repair/switch" if name == "switch" else f"/admin/flows/{name}"
    with serving(app) as origin:
        axe(origin + path, f"flow-{name}", cookies_of(client, origin))


@pytest.mark.browser
@on_sqlite
def test_words_in_a_picture_never_overlap(
    app: Flask, client_of: ClientOf, world: World, chromium: Any, database: str
) -> None:
    """In a real browser, with its real fonts, on a phone: the picture scrolls, the page does not."""
    with serving(app) as origin:
        context = chromium.new_context(viewport={"width": 375, "height": 800})
        context.add_cookies(cookies_of(client_of(world.admin), origin))
        browser = context.new_page()
        for name in DRAWN:
            browser.goto(f"{origin}/admin/flows/{name}")
            assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            assert browser.evaluate("(d => d.scrollWidth > d.clientWidth)(document.querySelector('.drawing'))"), name
            assert overlapping(browser) == [], name
        context.close()


def overlapping(browser: Page) -> list[str]:
    """Words upon words, and words that stick out of their box."""
    found: list[str] = browser.evaluate(
        """() => {
          const frame = element => { const b = element.getBBox(); return [b.x, b.y, b.x + b.width, b.y + b.height] }
          const texts = [...document.querySelectorAll('.diagram text')].map(t => [t.textContent, frame(t)])
          const wrong = []
          texts.forEach(([said, a], n) => texts.slice(n + 1).forEach(([other, b]) => {
            const beside = a[0] >= b[2] - 1 || b[0] >= a[2] - 1, above = a[1] >= b[3] - 2 || b[1] >= a[3] - 2
            if (!beside && !above) wrong.push(`${said} / ${other}`)
          }))
          for (const box of document.querySelectorAll('.diagram .box')) {
            const [left, top, right, bottom] = frame(box.querySelector('rect'))
            for (const text of box.querySelectorAll(':scope > text')) {
              const [x, y, r, b] = frame(text)
              if (x < left || y < top || r > right || b > bottom) wrong.push(`${text.textContent} sticks out`)
            }
          }
          return wrong
        }"""
    )
    return found
