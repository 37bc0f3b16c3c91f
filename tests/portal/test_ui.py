"""The parts of the design: their laws, their sizes, and what baton.js does with them in a real browser."""

import gzip
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.browser_tools import HtmlFacts, serving
from tests.portal.styleguide import FIELDS, ROOT, Spec, make_app

PAGES = ("/parts", "/form", "/shop", "/staff", "/step")
ERRORS = ("403", "404", "409", "410", "412", "413", "429", "500", "503", "offline")
BUDGETS = {
    "base.css": 5 * 1024, "admin.css": 4 * 1024, "files.css": 1024,
    "baton.js": 3 * 1024, "uploads.js": 5 * 512, "desk.js": 2 * 1024, "board.js": 1024, "icons.svg": 3 * 1024,
}  # fmt: skip


@pytest.fixture(scope="module")
def app() -> Flask:
    return make_app()


@pytest.fixture
def seen(app: Flask) -> dict[str, Any]:
    """What the app was sent, empty at the start of each test."""
    app.extensions["styleguide"] |= {"saved": [], "posted": [], "rows": ["Coro info required"], "signed_in": True}
    return app.extensions["styleguide"]


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def ui(app: Flask) -> Any:
    return app.jinja_env.get_template("ui.html").module


@pytest.mark.parametrize("path", [*PAGES, *(f"/errors/{name}" for name in ERRORS)])
def test_pages_keep_the_laws(app: Flask, path: str) -> None:
    html = app.test_client().get(path).get_data(as_text=True)
    assert HtmlFacts(html).problems() == []


def test_the_checker_of_the_laws_sees_what_is_wrong() -> None:
    html = '<p id=a style="x"><p id=a><input name=q aria-describedby=gone><script>1</script><button onclick=x>'
    assert HtmlFacts(html).problems() == [
        "id a is used 2 times", "input q has no label", "nothing has the id gone", "0 h1", "no language",
        "inline <p style>", "inline <script>", "inline <button onclick>",
    ]  # fmt: skip


@pytest.mark.parametrize("name", BUDGETS)
def test_static_files_stay_small(name: str) -> None:
    source = (ROOT / "portal" / "static" / name).read_bytes()
    assert len(gzip.compress(source, 9)) <= BUDGETS[name]
    assert source.count(b"\n") <= 400


@pytest.mark.parametrize("path", ["/parts", "/shop", "/step"])
def test_pages_stay_small(app: Flask, path: str) -> None:
    assert len(gzip.compress(app.test_client().get(path).data, 9)) <= 4 * 1024


@pytest.mark.browser
@pytest.mark.parametrize("path", [*PAGES, "/parts?rtl", "/errors/404", "/errors/500"])
def test_axe_finds_nothing(address: str, axe: Callable[..., None], path: str) -> None:
    axe(address + path, path.strip("/").replace("/", "-").replace("?", "-"))


@pytest.mark.browser
def test_axe_finds_nothing_in_open_parts(address: str, axe: Callable[..., None]) -> None:
    axe(address + "/parts", "menu", prepare=lambda page: page.get_by_text("Priya Shah").click())
    axe(address + "/parts", "dialog", prepare=lambda page: page.get_by_text("Cancel this order…").click())
    axe(address + "/parts", "step-dialog", prepare=open_step)


def open_step(page: Page) -> None:
    page.get_by_role("link", name="Complete task").first.click()
    page.locator("dialog[open]").wait_for()


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_type_shows_its_value(ui: Any, name: str) -> None:
    spec, value = FIELDS[name]
    html = str(ui.field(name, spec, value, "Wrong", True))
    assert spec.label.replace("'", "&#39;") in html
    if spec.type != "info":
        assert "Error:" in html
        assert "Please check it" in html
        assert f'id="{name}"' in html, "the link of the error summary has no target"


def test_values_come_back_as_they_are(ui: Any) -> None:
    assert 'value="2500.50"' in ui.field("income", *FIELDS["income"])
    assert 'value="12,50 or so"' in ui.field("income", FIELDS["income"][0], "12,50 or so")
    assert 'value="0"' in ui.field("people", *FIELDS["people"])
    assert 'value="&lt;b&gt;"' in ui.field("company", Spec("text", "Company"), "<b>")
    assert 'value="false" checked' in ui.field("has_pets", *FIELDS["has_pets"])
    typed = ui.field("born", FIELDS["born"][0], {"day": "31", "month": "2", "year": "x"})
    for part, value in [("day", "31"), ("month", "2"), ("year", "x")]:
        assert f'name="born-{part}" value="{value}"' in typed


def test_a_list_grows_and_shrinks_by_plain_buttons(ui: Any) -> None:
    spec, value = FIELDS["pets"]
    html = ui.field("pets", spec, value)
    assert 'name="add-pets"' in html
    assert 'name="remove-pets-1"' in html
    assert 'name="pets-0-name" value="Tom"' in html
    assert "add-pets" not in ui.field("pets", spec, value * 2), "no more than max_items"


def test_few_choices_are_radios_and_many_a_select(ui: Any) -> None:
    assert ui.field("right", *FIELDS["right"]).count('type="radio"') == 3
    assert '<option value="c3" selected>' in ui.field("county", *FIELDS["county"])


def test_money_and_moments_are_said_plainly(ui: Any) -> None:
    assert ui.money(15300) == "£153.00"
    assert ui.money(-123456789, "EUR") == "−€1,234,567.89"
    assert ui.money(500, "JPY") == "¥500"
    assert ui.money(5, "CHF") == "CHF 0.05"
    moment, zone = datetime(2026, 7, 24, 8, 0, tzinfo=UTC), ZoneInfo("Europe/London")
    assert ui.when(moment, zone) == '<time datetime="2026-07-24T09:00+01:00">Friday 24 July, 9:00am</time>'
    assert "(in 3 days)" in ui.when(moment, zone, datetime(2026, 7, 21, 20, 0, tzinfo=UTC))
    assert "2026, 9:00am" in ui.when(moment, zone, datetime(2025, 12, 31, 20, 0, tzinfo=UTC))


@pytest.mark.browser
@pytest.mark.requirement("A24")
def test_a_step_is_done_in_a_dialog(address: str, page: Page, seen: dict[str, Any]) -> None:
    page.goto(address + "/live")
    page.get_by_role("link", name="Complete task").first.click()
    dialog = page.get_by_role("dialog", name="Coro account details")
    dialog.get_by_label("Admin email").fill("it at acme")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.get_by_role("alert")).to_be_focused()
    expect(dialog.get_by_label("Admin email")).to_have_value("it at acme")
    dialog.get_by_label("Admin email").fill("it@acme.example")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#said")).to_have_text("Task completed.")
    expect(page.locator("#grid")).to_contain_text("Nothing to do")
    assert seen["posted"] == ["it at acme", "it@acme.example"]


@pytest.mark.browser
def test_live_events_refresh_regions_but_not_under_a_typing_hand(
    app: Flask, address: str, page: Page, seen: dict[str, Any]
) -> None:
    with page.expect_websocket() as opened:
        page.goto(address + "/live")
    opened.value.wait_for_event("framereceived", lambda frame: str(frame).startswith("40/portal,"))
    page.locator("#box").fill("half a sentence")
    seen["rows"] = ["Completed"]
    app.extensions["live"].emit("instance.updated", {"id": 1, "seq": 2}, namespace="/portal")
    expect(page.locator("#grid")).to_contain_text("Completed")
    expect(page.locator("#box")).to_have_value("half a sentence")
    expect(page.locator("#box")).to_be_focused()
    expect(page.locator("#typing span")).to_have_text("Coro info required")


@pytest.mark.browser
def test_focus_survives_a_refresh(address: str, page: Page, seen: dict[str, Any]) -> None:
    page.goto(address + "/live")
    page.locator("#go").first.focus()
    seen["rows"] = ["Completed"]
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#grid")).to_contain_text("Completed")
    expect(page.locator("#go")).to_be_focused()


@pytest.mark.browser
def test_a_draft_is_saved_on_leaving_a_field(address: str, page: Page, seen: dict[str, Any]) -> None:
    page.goto(address + "/step")
    page.get_by_label("Admin email").fill("it@acme")
    page.get_by_label("Admin email").blur()
    expect(page.locator("form [role=status]")).to_contain_text("Saved as a draft at")
    assert seen["saved"] == ["it@acme"]


@pytest.mark.browser
def test_text_outlives_the_session(address: str, page: Page, seen: dict[str, Any]) -> None:
    seen["signed_in"] = False
    page.goto(address + "/step")
    page.get_by_label("Admin email").fill("it@acme.example")
    page.get_by_label("Admin email").blur()
    expect(page.locator("form [role=status]")).to_contain_text("What you typed is kept")
    page.get_by_role("link", name="Sign in again").click()
    expect(page).to_have_url(address + "/sign-in?next=%2Fstep")
    page.wait_for_load_state()  # its script has run: nobody signs in sooner
    seen["signed_in"] = True
    page.goto(address + "/step")
    expect(page.get_by_label("Admin email")).to_have_value("it@acme.example")
    expect(page.locator("form [role=status]")).to_contain_text("Saved as a draft at")


@pytest.mark.browser
@pytest.mark.requirement("A13")
def test_a_notice_stays_until_seen(address: str, page: Page, seen: dict[str, Any]) -> None:
    page.goto(address + "/shop")
    expect(page.get_by_role("link", name="View your outstanding tasks")).to_be_visible()
    with page.expect_request("**/notices/7/seen"):
        page.get_by_role("button", name="Dismiss this notice").click()
    expect(page.locator(".toast")).to_have_count(0)


@pytest.mark.browser
def test_steppers_passwords_and_menus(address: str, page: Page) -> None:
    page.goto(address + "/shop")
    page.get_by_role("button", name="One more: Quantity of Coro Essentials").click()
    expect(page.get_by_role("textbox", name="Quantity of Coro Essentials")).to_have_value("11")
    page.locator(".menu summary").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    page.goto(address + "/form")
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")
