"""Files in a real browser at the width of a phone: chosen, on their way, checked, refused, taken out, sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect

from flows.actions import receiving
from flows.models import Submission, Upload
from portal import frame
from tests import samples
from tests.browser_tools import serving, violations
from tests.files_play import STEP, TASK, begin, look_at_all, ready, repair_flow, send, upload
from tests.portal.browsing import Visitor
from tests.portal.story import rows
from tests.portal.test_pages_in_a_browser import cookies_of
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]


@pytest.fixture
def address(app: Flask, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(frame, "live_url", lambda: "")
    monkeypatch.setattr(frame, "SOCKET_PATH", "")
    with repair_flow(), serving(partial(Flask.wsgi_app, app)) as url:
        begin(world.agent)
        yield url


@pytest.fixture
def phone(chromium: Browser, tenant: Visitor, address: str) -> Iterator[Page]:
    """Priya's phone."""
    context = chromium.new_context(base_url=address, viewport={"width": 375, "height": 800}, has_touch=True)
    context.add_cookies(cookies_of(tenant, address))
    yield context.new_page()
    context.close()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """What lies on the phone."""
    contents = {
        "ceiling.jpg": samples.located(),
        "wall.png": samples.picture("PNG"),
        "cut.jpg": samples.located()[:9000],
        "page.jpg": samples.HTML,
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents}


def row(page: Page, name: str) -> Any:
    return page.locator(".files > li", has_text=name)


@pytest.mark.requirement("X19")
def test_a_photo_is_chosen_sent_checked_and_submitted(phone: Page, files: dict[str, Path]) -> None:
    held: list[Route] = []
    phone.route("**/uploads", lambda route: held.append(route))
    phone.goto(STEP)
    phone.get_by_label("Photos of the damage").set_input_files(files["ceiling.jpg"])
    expect(row(phone, "ceiling.jpg").get_by_role("progressbar")).to_be_visible()
    expect(row(phone, "ceiling.jpg").get_by_role("button", name="Cancel ceiling.jpg")).to_be_visible()
    held[0].continue_()
    expect(row(phone, "ceiling.jpg")).to_contain_text("Checking")
    assert violations(phone) == []
    phone.get_by_role("button", name="Submit").click()
    expect(phone.get_by_text("One moment: your files are still on their way.")).to_be_visible()
    assert rows(Submission) == []
    look_at_all()
    expect(phone).to_have_url(f"{phone.url.split('/tasks')[0]}{TASK}")
    expect(phone.get_by_text("Sent. We have your answers.")).to_be_visible()
    [sent] = rows(Submission)
    assert sent.answers["photos"] == [rows(Upload)[0].uid]
    sideways = phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert sideways <= 0


@pytest.mark.requirement("X19")
def test_what_is_refused_says_why_beside_the_file(phone: Page, files: dict[str, Path]) -> None:
    phone.goto(STEP)
    phone.get_by_label("Photos of the damage").set_input_files([files["page.jpg"], files["cut.jpg"]])
    expect(row(phone, "page.jpg")).to_contain_text("is a web page or a drawing with code inside")
    expect(row(phone, "cut.jpg")).to_contain_text("Checking")
    look_at_all()
    expect(row(phone, "cut.jpg")).to_contain_text("cut.jpg is cut off or damaged")
    assert violations(phone) == []
    phone.get_by_label("Photos of the damage").set_input_files([files["wall.png"], files["ceiling.jpg"]])
    expect(row(phone, "ceiling.jpg")).to_contain_text("No more files fit here")
    for name in ("page.jpg", "cut.jpg", "ceiling.jpg"):
        phone.get_by_role("button", name=f"Remove {name}").click()
        expect(row(phone, name)).to_have_count(0)
    expect(phone.get_by_label("Photos of the damage")).to_be_focused()
    expect(row(phone, "wall.png")).to_be_visible()


def test_what_did_not_arrive_is_tried_again(phone: Page, files: dict[str, Path]) -> None:
    phone.goto(STEP)
    phone.route("**/uploads", lambda route: route.abort())
    phone.get_by_label("Photos of the damage").set_input_files(files["wall.png"])
    expect(row(phone, "wall.png")).to_contain_text("This did not arrive.")
    phone.unroute("**/uploads")
    phone.get_by_role("button", name="Try again").click()
    expect(row(phone, "wall.png")).to_contain_text("Checking")
    held: list[Route] = []
    phone.route("**/uploads", lambda route: held.append(route))
    phone.get_by_label("Photos of the damage").set_input_files(files["ceiling.jpg"])
    phone.get_by_role("button", name="Cancel ceiling.jpg").click()
    expect(row(phone, "ceiling.jpg")).to_have_count(0)
    assert [one.name for one in rows(Upload)] == ["wall.png"]


@pytest.mark.requirement("X14")
def test_the_draft_has_the_files_on_the_next_device(
    phone: Page, files: dict[str, Path], tenant: Visitor, world: World
) -> None:
    phone.goto(STEP)
    phone.get_by_label("Photos of the damage").set_input_files(files["wall.png"])
    expect(phone.get_by_text("Saved as a draft at")).to_be_visible()
    [sent] = rows(Upload)
    assert sent.instance_id is not None
    phone.goto(STEP)
    expect(row(phone, "wall.png")).to_contain_text("Checking")
    look_at_all()
    expect(row(phone, "wall.png")).to_contain_text("Uploaded")
    phone.get_by_role("button", name="Remove wall.png").click()
    with phone.expect_response("**/draft"):
        pass
    assert upload(sent.uid).instance_id is None


def test_a_file_may_be_dropped(phone: Page, world: World) -> None:
    phone.goto(STEP)
    phone.evaluate("""() => {
      const moved = new DataTransfer();
      moved.items.add(new File(["words"], "plan.txt", { type: "text/plain" }));
      const drop = new DragEvent("drop", { dataTransfer: moved, bubbles: true, cancelable: true });
      document.querySelector(".drop").dispatchEvent(drop);
    }""")
    expect(row(phone, "plan.txt")).to_contain_text("plan.txt cannot be used here. Choose a JPG")


def test_a_live_event_is_quicker_than_asking(phone: Page, files: dict[str, Path]) -> None:
    phone.goto(STEP)
    phone.evaluate("window.setTimeout = () => 0")
    phone.get_by_label("Photos of the damage").set_input_files(files["wall.png"])
    expect(row(phone, "wall.png")).to_contain_text("Checking")
    look_at_all()
    uid = rows(Upload)[0].uid
    phone.evaluate("id => document.body.dispatchEvent(new CustomEvent('upload-updated', { detail: { id } }))", uid)
    expect(row(phone, "wall.png")).to_contain_text("Uploaded")


def test_without_javascript_files_go_with_the_form(
    chromium: Browser, tenant: Visitor, address: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "PATIENCE_SECONDS", 0.0)
    context = chromium.new_context(base_url=address, java_script_enabled=False, viewport={"width": 375, "height": 800})
    context.add_cookies(cookies_of(tenant, address))
    page = context.new_page()
    page.goto(STEP)
    page.get_by_label("Photos of the damage").set_input_files([files["wall.png"], files["ceiling.jpg"]])
    page.get_by_role("button", name="Add one Rooms").click()
    expect(page.get_by_label("Name")).to_be_visible()
    page.get_by_label("Name").fill("Kitchen")
    look_at_all()
    page.get_by_role("button", name="Remove wall.png").click()
    expect(page.get_by_label("Name")).to_have_value("Kitchen")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Sent. We have your answers.")).to_be_visible()
    assert len(rows(Submission)[0].answers["photos"]) == 1
    context.close()


def test_pages_with_files_have_nothing_for_axe(
    axe: Callable[..., None], tenant: Visitor, address: str, world: World
) -> None:
    photo, late = ready(world.tenant), send(world.tenant, "late.jpg")
    bad = ready(world.tenant, "cut.jpg", samples.located()[:9000])
    tenant.send(STEP, **{"photos-kept": photo, "add-rooms": "1"})
    fields = {"version": "1", "photos-kept": [photo, late, bad], "rooms-0-name": "Kitchen", "_action": "draft"}
    assert tenant.post(STEP, **fields).status_code == 303  # type: ignore[arg-type]  # a list is several values
    axe(address + STEP, "step-files", cookies=cookies_of(tenant, address))
    tenant.post(STEP, **{"version": "1", "photos-kept": photo})
    axe(address + STEP, "step-files-sent", cookies=cookies_of(tenant, address))
