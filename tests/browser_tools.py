"""Chromium and axe for tests: fixtures `chromium` and `axe`, a checker of HTML, and a threaded server for an app."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = (375, 1280)
COLOURS = ("color-contrast", "link-in-text-block")
UNLABELLED = {"hidden", "submit", "button"}


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve a WSGI app on a free loopback port; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One headless Chromium for the session; tests that need it are skipped where there is none."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds on the page as it is now: one line for each failing element, WCAG A to AA and best practice.

    With `rules` only these are asked.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    options: dict[str, Any] = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [
        f"{rule['id']}: {rule['help']} at {node['target']} {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.fixture
def axe(chromium: Browser) -> Callable[..., None]:
    """`axe(url, name, cookies, prepare)`: no violation, console error or sideways scroll.

    Looked at with 375 and 1280 px, light and dark.

    `cookies` are Playwright cookies (a signed-in session); `prepare(page)` may open a menu or a dialog first.
    With BATON_SHOTS set to a folder, a picture of each variant is kept there.
    """

    def check(
        url: str,
        name: str = "page",
        cookies: list[Any] | None = None,
        prepare: Callable[[Page], None] | None = None,
    ) -> None:
        if prepare is None:
            _check(chromium, url, name, WIDTHS, cookies or [], None)
        else:  # what was opened need not stay open while the window changes
            for width in WIDTHS:
                _check(chromium, url, name, (width,), cookies or [], prepare)

    return check


def _check(
    browser: Browser,
    url: str,
    name: str,
    widths: tuple[int, ...],
    cookies: list[Any],
    prepare: Callable[[Page], None] | None,
) -> None:
    context = browser.new_context(
        viewport={"width": widths[0], "height": 900}, color_scheme="light", reduced_motion="reduce"
    )
    context.add_cookies(cookies)
    page = context.new_page()
    errors: list[str] = []
    page.on(
        "console",
        lambda line: errors.append(line.text) if line.type == "error" and "/socket.io/" not in line.text else None,
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url, timeout=120_000)  # some pages play a flow in a process of its own first
    if prepare:
        prepare(page)
    found: list[str] = []
    for width in widths:
        found += [f"{width} px: {line}" for line in _look(page, f"{name}-{width}", width, prepare is None)]
    context.close()
    assert not found, f"{name}: " + "\n".join(found)
    assert not errors, f"{name}: {errors}"


def _look(page: Page, name: str, width: int, whole: bool) -> list[str]:
    """What axe finds with this width in light and dark, and whether it scrolls sideways."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="light")
    _keep_picture(page, f"{name}-light", whole)
    found = violations(page)
    page.emulate_media(color_scheme="dark")  # nothing but colours changes, so only colours are asked about
    _keep_picture(page, f"{name}-dark", whole)
    found += violations(page, *COLOURS)
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *([f"it scrolls sideways by {sideways} px"] if sideways > 0 else [])]


def look_around(page: Page, name: str) -> None:
    """A page in the middle of a story: nothing for axe, no sideways scroll on a phone, pictures if wanted."""
    page.wait_for_load_state()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark") if os.environ.get("BATON_SHOTS") else ():
            page.emulate_media(color_scheme=scheme)
            _keep_picture(page, f"{name}-{width}-{scheme}", whole=True)
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert sideways <= 0, f"{name} scrolls sideways by {sideways} px with {width} px"
    page.emulate_media(color_scheme="light")
    found = violations(page)
    assert not found, f"{name}: " + "\n".join(found)


def _keep_picture(page: Page, name: str, whole: bool) -> None:
    if shots := os.environ.get("BATON_SHOTS"):
        page.screenshot(path=f"{shots}/{name}.png", full_page=whole)


class HtmlFacts(HTMLParser):
    """What the laws of a page ask about: ids, labels, headings, inline code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.controls: list[tuple[str, dict[str, str | None], bool]] = []
        self.headings = 0
        self.inline: list[str] = []
        self.language = ""
        self.references: set[str] = set()
        self._labels_open = 0
        self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.ids += [named["id"]] if named.get("id") else []  # type: ignore[list-item]  # just seen to be text
        self.inline += [f"<{tag} {name}>" for name in named if name == "style" or name.startswith("on")]
        self.inline += ["<style>"] if tag == "style" else []
        self._in_script = tag == "script" and "src" not in named
        self.headings += tag == "h1"
        self.language = self.language or (named.get("lang") or "" if tag == "html" else "")
        self.references |= {
            reference
            for name in ("aria-describedby", "aria-labelledby")
            for reference in (named.get(name) or "").split()
        }
        if tag == "label":
            self._labels_open += 1
            self.labelled.add(named.get("for") or "")
        if tag in ("input", "select", "textarea"):
            self.controls.append((tag, named, self._labels_open > 0))

    def handle_endtag(self, tag: str) -> None:
        self._labels_open -= tag == "label"

    def handle_data(self, text: str) -> None:
        if self._in_script and text.strip():
            self.inline.append("<script>")

    def problems(self) -> list[str]:
        """Every law the page breaks, in words."""
        twice = [f"id {name} is used {times} times" for name, times in Counter(self.ids).items() if times > 1]
        unlabelled = [
            f"{tag} {named.get('name')} has no label"
            for tag, named, inside in self.controls
            if named.get("type") not in UNLABELLED
            and not (inside or named.get("aria-label") or named.get("id") in self.labelled)
        ]
        lost = [f"nothing has the id {name}" for name in sorted(self.references - set(self.ids))]
        headings = [] if self.headings == 1 else [f"{self.headings} h1"]
        language = [] if self.language else ["no language"]
        return twice + unlabelled + lost + headings + language + [f"inline {what}" for what in self.inline]
