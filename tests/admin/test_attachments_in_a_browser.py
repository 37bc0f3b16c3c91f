"""Files beside steps in a real browser: a form drawn anew and a page that is fetched again lose none (B11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from flows.models import Comment, Instance, Upload
from portal import frame
from tests import samples
from tests.browser_tools import serving, violations
from tests.files_play import look_at_all, repair_flow
from tests.portal.browsing import Visitor
from tests.portal.story import rows
from tests.portal.test_pages_in_a_browser import cookies_of
from tests.stages.desk import Desk, desk

__all__ = ["desk"]

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]
Open = Callable[[str, str], Page]


@pytest.fixture
def open_as(app: Flask, desk: Desk, chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """`open_as("gus", "/admin/")`: the page in the browser of this person."""
    monkeypatch.setattr(frame, "live_url", lambda: "")
    monkeypatch.setattr(frame, "SOCKET_PATH", "")
    with repair_flow(), serving(partial(Flask.wsgi_app, app)) as url:
        contexts = []

        def show(who: str, path: str) -> Page:
            contexts.append(chromium.new_context(base_url=url))
            contexts[-1].add_cookies(cookies_of(Visitor(app, desk.people[who]), url))
            page = contexts[-1].new_page()
            page.goto(path)
            return page

        yield show
        for context in contexts:
            context.close()


@pytest.mark.requirement("C28", "X19")
def test_a_flow_that_is_chosen_brings_its_file_fields_to_life(open_as: Open, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "plan.pdf").write_bytes(samples.pdf())
    page = open_as("gus", "/admin/instances/new?customer=usr_priya")
    page.get_by_label("Task flow").select_option("report-a-repair")
    page.get_by_label("Floor plan").set_input_files(tmp_path / "plan.pdf")
    row = page.locator(".files > li", has_text="plan.pdf")
    expect(row).to_contain_text("Checking")
    page.get_by_role("button", name="Search").click()
    expect(row).to_contain_text("Checking")
    look_at_all()
    expect(row).to_contain_text("Uploaded")
    assert violations(page) == []
    page.get_by_role("button", name="Add one").click()
    page.get_by_label("Holder").fill("Meera")
    expect(row).to_contain_text("Uploaded")
    page.get_by_role("button", name="Create and open").click()
    expect(page.get_by_role("link", name="plan.pdf")).to_be_visible()
    [made] = rows(Instance)
    assert made.inputs["keys"] == [{"holder": "Meera", "photo": None}]


@pytest.mark.requirement("B11")
@pytest.mark.parametrize("who", ["priya", "gus"])
def test_a_file_that_was_chosen_outlives_what_happens_meanwhile(
    open_as: Open, desk: Desk, tmp_path: Path, who: str
) -> None:
    (tmp_path / "door.jpg").write_bytes(samples.picture())
    desk.raise_case()
    page = open_as(who, f"/{'admin/' if who == 'gus' else ''}cases/{desk.ref}")
    page.get_by_label("Attach files").set_input_files(tmp_path / "door.jpg")
    row = page.locator("form .files > li", has_text="door.jpg")
    expect(row).to_contain_text("Checking")
    desk.comment("rob", "We come on Monday")
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.get_by_text("We come on Monday")).to_be_visible()
    expect(row).to_contain_text("Checking")
    look_at_all()
    expect(row).to_contain_text("Uploaded")
    assert violations(page) == []
    page.get_by_role("button", name="Add comment").click()
    expect(page.locator("#attachments + .files")).to_contain_text("door.jpg")
    assert violations(page) == []
    assert [one.comment_id for one in rows(Upload)] == [max(one.id for one in rows(Comment))]
