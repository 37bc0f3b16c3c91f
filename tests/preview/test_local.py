"""`baton flows preview`: the page of an author, which follows the file as it is saved (X34)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser
from werkzeug.test import Client

from tests.browser_tools import HtmlFacts, serving
from worker.__main__ import cli
from worker.preview import local
from worker.preview.local import Local
from worker.preview.product import Product
from worker.preview.source import Reading, Source
from worker.trouble import Trouble


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, product: Product, visit: Path) -> Local:
    monkeypatch.setattr(local, "Product", lambda: product)
    return Local(Source(str(visit), []))


@pytest.fixture
def client(here: Local) -> Client:
    return Client(here)


def saved(visit: Path, before: str, after: str) -> None:
    text = visit.read_text()
    assert before in text
    visit.write_text(text.replace(before, after))


@pytest.mark.requirement("X34")
def test_the_page_names_everything_there_is_to_see(client: Client) -> None:
    html = client.get("/").text
    assert HtmlFacts(html).problems() == []
    for words in ("The form that begins it", "Returned with remarks", "To be reviewed", "Mails", "Diagram", "Lint"):
        assert words in html
    sizes = re.findall(r'<iframe class="shot (phone|desktop)"', html)
    assert sizes == ["phone", "desktop"]
    assert re.findall(r'<iframe class="shot (\w+)"', client.get("/?width=phone").text) == ["phone"]


def test_parts_beside_the_pages(client: Client) -> None:
    assert "<svg" in client.get("/?show=diagram").text
    assert "Nothing to mend" in client.get("/?show=lint").text
    mails = client.get("/?show=mails").text
    assert "Hello Chris" in mails
    assert "We have your request" in mails
    assert "<strong>your</strong>" in client.get("/mail?template=hello/visit").text
    assert client.get("/mail?template=nothing").status_code == 404


def test_strict_policies_and_no_other_name(client: Client) -> None:
    page, taken = client.get("/"), client.get("/take?scene=place.open")
    for answer in (page, taken):
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert HtmlFacts(answer.text).inline == []
    assert "form-action 'none'" in taken.headers["Content-Security-Policy"]
    assert "connect-src" not in taken.headers["Content-Security-Policy"]  # so: none
    assert "script-src" not in client.get("/mail?template=hello/visit").headers["Content-Security-Policy"]
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/take?scene=nothing").status_code == 404
    assert client.get("/static/base.css").status_code == 200


@pytest.mark.requirement("X34")
def test_saving_changes_the_page_and_a_broken_file_says_where(client: Client, visit: Path) -> None:
    before = client.get("/changes").text
    assert "Which pets?" in client.get("/take?scene=place.open").text
    saved(visit, "Which pets?", "What are they called?")
    assert client.get("/changes").text != before
    assert "What are they called?" in client.get("/take?scene=place.open").text
    saved(visit, "actor: staff", "actor: stuff")
    broken = client.get("/").text
    assert HtmlFacts(broken).problems() == []
    assert re.search(r"visit\.flow\.yaml:18:\d+", broken)
    assert re.search(r"actor: stuff\s*\n\s+\^", broken)
    assert client.get("/take?scene=place.open").status_code == 404
    saved(visit, "actor: stuff", "actor: staff")
    assert "What we found" in client.get("/").text


@pytest.mark.requirement("X34")
def test_what_is_saved_while_the_file_is_read_is_shown_next(
    here: Local, visit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page knows which state it shows, so it does not take what came after for its own."""
    client, read = Client(here), here.source.read

    def and_saved_meanwhile() -> Reading:
        reading = read()
        saved(visit, "What we found", "What we have found")
        return reading

    saved(visit, "Visit", "A visit")
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(here.source, "read", and_saved_meanwhile)
        page = client.get("/").text
    assert "What we found" in page
    assert f'data-stamp="{client.get("/changes").text}"' not in page, "it would never be read again"
    page = client.get("/").text
    assert "What we have found" in page
    assert f'data-stamp="{client.get("/changes").text}"' in page


@pytest.mark.requirement("X23", "X34")
def test_languages_whose_words_lie_beside_the_flow_can_be_chosen(client: Client, visit: Path) -> None:
    assert "polski" not in client.get("/").text
    (visit.parent / "locales").mkdir()
    (visit.parent / "locales" / "visit.pl.yaml").write_text("steps: {place: {title: Kiedy i gdzie}}\n")
    html = client.get("/?language=pl&width=phone").text
    assert re.search(r'language=pl&amp;width=phone" aria-current="page">polski', html)
    assert "&amp;language=pl" in html.partition("<iframe")[2], "and it is looked at in it"
    said = "Pages are in English here: people can choose English and Cymraeg only."
    assert (said in html, 'The mails are in <span lang="pl">polski</span>.' in html) == (True, True)
    for other in ("/?language=cy", "/?language=en", "/?language=pl&show=mails", "/?language=pl&show=diagram"):
        assert said not in client.get(other).text


def test_a_flow_lies_in_the_folder_that_it_was_loaded_from(visit: Path, tmp_path: Path) -> None:
    """Two folders may be called alike, as `flows` is in many packages."""
    other = tmp_path / "other" / "visit"
    other.mkdir(parents=True)
    other = other / "call.flow.yaml"
    other.write_text(visit.read_text().replace("flow: visit", "flow: call").partition("effects:")[0])
    assert Source("call", [visit.parent, other.parent]).path == other


def test_what_was_written_as_a_package_can_be_looked_at(tmp_path: Path) -> None:
    ran = CliRunner().invoke(cli, ["flows", "new", "gate-opener", "--package", "--into", str(tmp_path)])
    assert ran.exit_code == 0, ran.output
    named = Source(str(tmp_path / "gate-opener"), []).path
    assert named == tmp_path / "gate-opener" / "gate_opener" / "gate-opener.flow.yaml"


def test_what_is_named(visit: Path) -> None:
    assert Source(str(visit.parent), []).path == visit
    assert Source("coro-order-fulfilment", []).path.name == "coro-order-fulfilment.flow.yaml"
    with pytest.raises(Trouble, match="neither a flow nor a file"):
        Source("nothing-like-it", [])
    (visit.parent / "other.flow.yaml").write_text("flow: other\n")
    with pytest.raises(Trouble, match="has 2 flows; name one"):
        Source(str(visit.parent), [])
    ran = CliRunner().invoke(cli, ["flows", "preview", "coro-order-fulfilmentt"])
    assert ran.exit_code == 2
    assert "did you mean 'coro-order-fulfilment'?" in ran.output


@pytest.mark.browser
@pytest.mark.requirement("X34")
def test_a_browser_follows_the_file(here: Local, visit: Path, chromium: Browser) -> None:
    """Saved: the page changes by itself. Broken: the same page says where. Mended: it is there again."""
    with serving(here) as address:
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        errors: list[str] = []
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.goto(f"{address}/?show=place.open")
        phone = page.frame_locator(".phone")
        phone.get_by_label("Your name").wait_for()
        assert not phone.get_by_label("Which pets?").is_visible()
        phone.get_by_label("Yes").check()
        phone.get_by_label("Which pets?").wait_for()  # conditions are followed as they are in the portal
        saved(visit, "label: Your name", "label: What are you called")
        page.frame_locator(".desktop").get_by_label("What are you called").wait_for()
        saved(visit, "required: true, default", "required: treu, default")
        page.get_by_role("heading", name="This file is broken").wait_for()
        saved(visit, "required: treu, default", "required: true, default")
        page.frame_locator(".phone").get_by_label("What are you called").wait_for()
        assert errors == []
        page.close()


@pytest.mark.browser
@pytest.mark.requirement("X34")
def test_a_phone_and_a_desktop_stand_beside_each_other(here: Local, visit: Path, chromium: Browser) -> None:
    """On a usual screen without scrolling sideways; and no name in the list is cut."""
    saved(visit, "title: When and where", "title: When and where we may come by, and who will be at home by then")
    with serving(here) as address:
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        said: list[str] = []
        page.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
        page.goto(f"{address}/?show=place.open")
        page.frame_locator(".desktop").get_by_label("Your name").wait_for()
        tops = page.locator(".shot").evaluate_all("all => all.map(one => Math.round(one.getBoundingClientRect().top))")
        assert (len(tops), len({*tops})) == (2, 1)
        for part in (".shots", ".preview-list"):
            assert page.locator(part).evaluate("one => one.scrollWidth <= one.clientWidth"), part
        assert said == []
        page.close()


@pytest.mark.browser
def test_it_looks_right(here: Local, axe: Callable[..., None], visit: Path) -> None:
    with serving(here) as address:
        axe(f"{address}/?show=place.returned", "preview-returned")
        axe(f"{address}/?show=mails", "preview-mails")
        saved(visit, "actor: staff", "actor: stuff")
        axe(f"{address}/", "preview-broken")
