"""Boards and the list of cases at the staff's door: filters, saved views, menus, cards that others moved (A6)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from html import unescape

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from tests.admin.test_cases import rows
from tests.admin.test_looks import cookies_of
from tests.browser_tools import serving
from tests.portal.browsing import Visitor
from tests.stages.desk import Desk, desk

__all__ = ["desk"]

pytestmark = pytest.mark.parametrize("database", ["sqlite"])


@pytest.fixture
def at(app: Flask, desk: Desk) -> Callable[[str], Visitor]:
    """`at("gus")`: their browser."""
    return lambda who: Visitor(app, desk.people[who])


@pytest.fixture
def made(desk: Desk) -> dict[str, str]:
    """Four that gus made, by their look: new, urgent and his own, being done in Lettings, and ended."""
    found = {}
    for name, more in {"new": {}, "urgent": {"priority": "urgent"}, "doing": {}, "ended": {}}.items():
        desk.make_task(assignee="usr_gus", fields={"subject": f"Task {name}"}, **more)
        found[name] = desk.ref
    desk.ref = found["doing"]
    desk.act("gus", "doing")
    desk.forward("gus", "lettings", "liv")
    desk.ref = found["ended"]
    desk.act("gus", "cancel", "Not needed")
    return found


@pytest.mark.requirement("B31", "B34")
@pytest.mark.parametrize("look", ["list", "board"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"new", "urgent", "doing", "ended"}),
        ("state=New", {"new", "urgent"}),
        ("state=InProgress&state=Cancelled", {"doing", "ended"}),
        ("priority=urgent", {"urgent"}),
        ("department=dep_lettings", {"doing"}),
        ("agent=me&show=open", {"new", "urgent"}),
        ("agent=none", set()),
        ("show=closed", {"ended"}),
        ("due=week&state=New", {"new", "urgent"}),
        ("due=today", set()),
        ("due=overdue", set()),
        ("due=none", set()),
        ("q=urgent", {"urgent"}),
        ("state=nonsense&due=never&priority=x", {"new", "urgent", "doing", "ended"}),
    ],
)
def test_a_board_is_narrowed(
    at: Callable[[str], Visitor], made: dict[str, str], look: str, query: str, expected: set[str]
) -> None:
    page = at("gus").get(f"/admin/board/?tab=created&look={look}&{query}")
    assert rows(page) == {made[name] for name in expected}


def test_what_ended_long_ago_leaves_the_board_and_stays_in_the_list(
    at: Callable[[str], Visitor], made: dict[str, str], move_clock: Callable[..., datetime]
) -> None:
    move_clock(days=31)
    gus = at("gus")
    assert made["ended"] not in rows(gus.get("/admin/board/?tab=created&look=board"))
    page = gus.get("/admin/board/?tab=created&due=overdue")
    assert rows(page) == {made["new"], made["urgent"], made["doing"]}
    assert made["ended"] in rows(gus.get("/admin/board/?tab=created"))


@pytest.mark.requirement("B10")
def test_the_queue_of_a_department(at: Callable[[str], Visitor], made: dict[str, str], desk: Desk) -> None:
    desk.ref = made["new"]
    desk.forward("gus", "lettings", None)
    lea = at("lea")
    assert rows(lea.get("/admin/board/?tab=dep_lettings&agent=none")) == {made["new"]}
    page = lea.get("/admin/board/?tab=dep_lettings")
    assert rows(page) == {made["new"], made["doing"]}
    assert re.search(r'Team: Lettings <span class="badge">2</span>', page)
    assert f"/admin/board/{made['new']}/take" in page
    assert lea.send(f"/admin/board/{made['new']}/take").status_code == 303
    assert desk.assignee() == "lea"


@pytest.mark.requirement("B3")
def test_the_list_of_cases_has_views_that_everybody_has(
    at: Callable[[str], Visitor], made: dict[str, str], desk: Desk
) -> None:
    desk.raise_case()
    gus = at("gus")
    assert rows(gus.get("/admin/cases/?kind=case&show=open")) == {desk.ref}
    assert rows(gus.get("/admin/cases/?kind=task&show=open")) == {made["new"], made["urgent"], made["doing"]}
    page = gus.get("/admin/cases/?show=closed")
    assert rows(page) == {made["ended"]}
    assert re.search(r'<a href="/admin/cases/\?show=closed" aria-current="page">Closed', page)


@pytest.mark.requirement("X9")
def test_views_of_a_board_are_kept_and_shared(at: Callable[[str], Visitor], made: dict[str, str]) -> None:
    gus, ada = at("gus"), at("ada")
    filtered = "/admin/board/?priority=urgent&tab=created&look=board"
    page = unescape(gus.get(filtered))
    link = re.search(r'href="(/admin/board/views/new\?of=[^"]+)"', page)
    assert link
    assert "Priority: Urgent" in gus.get(link[1])
    saved = gus.send(link[1], "/admin/board/views/new", name="Burning", is_shared="1")
    assert saved.status_code == 303, saved.text
    assert ">Burning</a>" in ada.get("/admin/board/")
    assert ">Burning</a>" not in ada.get("/admin/cases/"), "each list has its own"
    assert ">Burning</a>" not in ada.get("/admin/instances/")
    again = gus.get(filtered)
    assert re.search(r'aria-current="page">Burning</a>', again)
    listed = gus.get("/admin/board/views")
    assert 'href="/admin/board/?priority=urgent&amp;tab=created&amp;look=board"' in listed
    uid = re.search(r"/admin/board/views/(vw_\w+)", listed)
    assert uid
    assert gus.send(f"/admin/board/views/{uid[1]}/remove").status_code == 303
    assert "Burning" not in ada.get("/admin/board/")
    kept = gus.send("/admin/cases/views/new?of=kind%3Dtask", "/admin/cases/views/new", name="Only tasks")
    assert kept.headers["Location"] == "/admin/cases/?kind=task"
    assert ">Only tasks</a>" in gus.get("/admin/cases/")


@pytest.mark.requirement("B34")
def test_a_card_that_somebody_else_moved_says_what_is_now(at: Callable[[str], Visitor], desk: Desk) -> None:
    desk.make_task(by="gus", assignee="usr_gus")
    gus, page = at("gus"), f"/admin/board/{desk.ref}/act/doing"
    seen = desk.now()
    desk.forward("gus", "lettings", "liv", "Yours")
    late = gus.post(page, version=str(seen.version), seq=str(seen.event_seq))
    assert late.status_code == 412
    assert "Since you opened this page" in late.text
    assert "Forward" in late.text
    desk.act("liv", "doing")
    opened = gus.get(page)
    assert "is not possible while it is In progress" in unescape(opened)
    assert "with Liv Colleague" in opened
    assert '<form method="post" action="/admin/board' not in opened
    assert f'href="/admin/board/{desk.ref}">Open {desk.ref}</a>' in opened


def test_whom_it_is_forwarded_to_is_asked_once_the_department_is_known(
    at: Callable[[str], Visitor], desk: Desk
) -> None:
    desk.make_task(by="gus", assignee="usr_gus")
    gus, page = at("gus"), f"/admin/board/{desk.ref}/act/forward"
    first = gus.get(page)
    assert "Choose the department first" in first
    assert "Liv Colleague" not in first
    found = gus.post(page, to_department="dep_lettings", _action="find").text
    assert "Liv Colleague" in found
    assert "Rob Colleague" not in found


@pytest.mark.browser
@pytest.mark.parametrize(
    "path",
    [
        "/admin/board/?tab=created&priority=urgent&priority=normal", "/admin/board/?tab=created&look=board",
        "/admin/board/", "/admin/cases/?kind=task", "/admin/board/views", "/admin/board/{task}",
        "/admin/board/{task}/act/forward", "/admin/board/{task}/act/reopen", "/admin/board/new?flow=department-task",
        "/admin/cases/{case}", "/admin/board/bulk/forward?ref={task}",
    ],
)  # fmt: skip
def test_pages_are_usable_by_everybody(
    app: Flask, desk: Desk, made: dict[str, str], at: Callable[[str], Visitor], axe: Callable[..., None], path: str
) -> None:
    desk.raise_case()
    url = path.format(task=made["urgent"], case=desk.ref)
    with serving(app) as origin:
        axe(f"{origin}{url}", re.sub(r"\W+", "-", path), cookies_of(at("gus").client, origin))


@pytest.mark.browser
@pytest.mark.requirement("B34", "X8")
def test_a_card_is_moved_with_the_keyboard_and_says_when_it_comes_too_late(
    app: Flask, desk: Desk, at: Callable[[str], Visitor], chromium: Browser
) -> None:
    desk.make_task(by="gus", assignee="usr_gus")
    ref = desk.ref
    with serving(app) as origin, chromium.new_context(base_url=origin, reduced_motion="reduce") as context:
        context.add_cookies(cookies_of(at("gus").client, origin))
        page = context.new_page()
        page.goto("/admin/board/?look=board")
        card = page.locator(f"#card-{ref}")
        card.get_by_role("button", name="Move to…").focus()
        page.keyboard.press("Enter")
        expect(card.get_by_role("link", name="Doing")).to_be_visible()
        page.keyboard.press("Tab")
        expect(card.get_by_role("link", name="Doing")).to_be_focused()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading", name="Doing")).to_be_visible()
        dialog.get_by_role("button", name="Doing").press("Enter")
        expect(dialog).to_have_count(0)
        expect(page.locator(".board > section").nth(1).locator(f"#card-{ref}")).to_be_visible()

        card.get_by_role("button", name="Move to…").click()
        card.get_by_role("link", name="Complete").click()
        dialog.get_by_label("Comment").fill("All done")
        desk.forward("gus", "lettings", "liv", "You know more about it")
        dialog.get_by_role("button", name="Complete").click()
        expect(dialog.get_by_role("heading", name="Since you opened this page")).to_be_visible()
        expect(dialog).to_contain_text("with Liv Colleague")
        expect(dialog.get_by_label("What you wrote")).to_have_value("All done")
        assert desk.now().state == "InProgress"


@pytest.mark.browser
@pytest.mark.requirement("B34")
def test_a_card_that_is_dragged_asks_for_the_action_that_leads_there(
    app: Flask, desk: Desk, at: Callable[[str], Visitor], chromium: Browser
) -> None:
    desk.make_task(by="gus", assignee="usr_gus")
    with serving(app) as origin, chromium.new_context(base_url=origin, reduced_motion="reduce") as context:
        context.add_cookies(cookies_of(at("gus").client, origin))
        page = context.new_page()
        page.goto("/admin/board/?look=board&tab=created")
        card, column = page.locator(f"#card-{desk.ref}"), page.locator("[data-column]")
        dialog = page.get_by_role("dialog")
        card.drag_to(column.nth(2))
        expect(dialog).to_have_count(0)
        card.drag_to(column.nth(1))
        dialog.get_by_role("button", name="Doing").click()
        expect(dialog).to_have_count(0)
        expect(column.nth(1).locator(f"#card-{desk.ref}")).to_be_visible()
        assert desk.now().state == "InProgress"
