"""The back office in another language: every page of it says what it says through the catalogue (X23)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from admin import audit_words, showing
from admin.views.instance_dialogs import QUESTION_WORDS
from flows import catalogue, words
from flows.actions import amending
from flows.authoring.play.scenes import scenes_of
from flows.models import User, effects
from flows.plugins.tenant_onboarding.lookups import WELSH
from flows.work import unit_of_work
from tests import pseudo
from tests.admin.conftest import ClientOf, Happened
from tests.admin.test_doors import address_of, case, linked, money, rules
from tests.admin.test_instance_looks import PAGES as ABOUT_AN_INSTANCE
from tests.admin.test_instance_looks import busy, move_in, play
from tests.admin.test_looks import cookies_of
from tests.browser_tools import serving
from tests.guided.conftest import Play
from tests.world import World

__all__ = ["busy", "case", "linked", "money", "move_in", "play"]
pytestmark = [pytest.mark.requirement("X23"), pytest.mark.parametrize("database", ["sqlite"])]

MAIN = (
    "/admin/",
    "/admin/instances/",
    "/admin/instances/{ref}",
    "/admin/instances/{ref}/history",
    "/admin/instances/{ref}/assign",
    "/admin/instances/new?flow=move-in&q=priya",
    "/admin/board/",
    "/admin/board/?look=board",
    "/admin/cases/",
    "/admin/tasks/",
    "/admin/orders/",
    "/admin/users/",
    "/admin/flows/",
    "/admin/roles/",
    "/admin/outbox/?state=any",
)
NAMES = re.compile(
    r"(https?|localhost|tasks)"  # the parts of an address
    r"|(email|mail|webhook|call|push) [\w.-]+"  # what is owed, by its name in the outbox
    r"|[a-z_.]+ \d+"  # a timer, by its name in the flow
    r"|if|is|while|(data|instance|order|assignee|creator)(\.\w+)+|\[\w+\]?|\w+\]"  # rules of the flow language
    r"|[\w-]+\.flow\.yaml|sqlite|[\d.]+ ms|Europe|London|DEP|\"note\"|stuck|Doing \d|£[\d.]+ user per month"
)


def look(client: FlaskClient, urls: list[str], patch: pytest.MonkeyPatch, more: Iterable[str] = ()) -> None:
    """No text of these pages is one that nobody can translate; `more` is what reads the same in every language."""
    walk = pseudo.Walk(patch, NAMES, {*WELSH, *more})
    walk.see(client, *urls)
    assert not walk.found, walk.report


def said_to_authors() -> set[str]:
    """What there is to see of the flows, here and in the terminal in the words of the flow language: English."""
    served = catalogue.current().flows.values()
    return {words for flow in served for one in scenes_of(flow.definition) for words in (one.group, one.words)}


def test_every_page_says_all_of_it_in_the_language_of_the_reader(
    app: Flask,
    world: World,
    case: str,
    happened: Happened,
    money: dict[str, str],
    linked: str,
    client_of: ClientOf,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
) -> None:
    urls = [
        address_of(view, rule, happened, case, money, linked)
        for view, rule, _needs in rules(app)
        if "GET" in (rule.methods or ())
    ]
    drawn = "/admin/flows/coro-order-fulfilment"  # in the words of the flow language
    framed = f"{drawn}/preview/"  # pages of the portal and mails, in the language that the author asks for
    chosen = f"{drawn}/preview"
    assert chosen in urls
    ours = [url for url in urls if url not in (drawn, chosen) and not url.startswith(framed)]
    look(client_of(world.admin), ours, monkeypatch)
    look(client_of(world.admin), [chosen], monkeypatch, said_to_authors())


def test_every_page_of_an_instance_does_too(
    app: Flask, busy: Play, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    urls = [url.format(ref=busy.ref) for url in ABOUT_AN_INSTANCE.values()]
    look(client_of(busy.world.admin), urls, monkeypatch)


def test_what_is_written_straight_into_a_page_is_found(database: str) -> None:
    page = '<p>⟦Due⟧ tomorrow <a title="Open it">⟦of %(x)s <b>Priya</b>⟧</a></p><script>let it = 1</script>'
    assert pseudo.outside(page, {"Priya"}) == ["p: tomorrow", "a[title]: Open it"]


def test_a_walk_that_is_shown_no_page_is_none(
    client_of: ClientOf, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    with pytest.raises(AssertionError, match="is a page"):
        look(client_of(None), ["/admin/", "/admin/orders/"], monkeypatch)


def test_every_change_that_is_noted_has_words(database: str) -> None:
    noted = {kind for kind in pseudo.literals_of("audit") if re.fullmatch(r"[a-z_]+", kind)}
    assert noted
    assert noted <= {*audit_words.WORDS}


def test_every_kind_of_question_has_words(database: str) -> None:
    assert {*QUESTION_WORDS} == amending.TYPES


def test_every_kind_of_effect_has_words(database: str) -> None:
    assert {*showing.EFFECT_KINDS} == {*effects.EFFECT_KINDS}


@pytest.mark.usefixtures("unprotected")
def test_staff_choose_their_language_in_their_profile(
    app: Flask, play: Play, client_of: ClientOf, count_statements: Callable[[], list[str]], database: str
) -> None:
    play.start("tenant-onboarding", inputs={"rent": 100_000}, amounts={"deposit": 45_000})
    client, page = client_of(play.world.admin), f"/admin/instances/{play.ref}"
    client.get(page)
    english = count_statements()
    client.get(page)
    many = len(english)
    chosen = {"name": "Ada Admin", "language": "cy", "time_zone": "Europe/London"}
    assert client.post("/settings/profile", data=chosen).status_code == 303
    welsh = count_statements()
    said = client.get(page).get_data(as_text=True)
    assert len(welsh) <= many
    assert '<html lang="cy"' in said
    for sentence in ("Aseiniwyd i", "Camau", "Symud i mewn", "Pwy ydych chi"):
        assert sentence in said
    assert "Symud i mewn" in client.get("/admin/instances/").get_data(as_text=True)


@pytest.mark.browser
@pytest.mark.parametrize("width", [375, 1280])
def test_arabic_runs_from_right_to_left_and_nothing_scrolls_sideways(
    app: Flask,
    busy: Play,
    client_of: ClientOf,
    chromium: Browser,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
    database: str,
) -> None:
    monkeypatch.setattr(words, "LANGUAGES", {**words.LANGUAGES, "ar": "العربية"})
    with unit_of_work(busy.world.admin) as work:
        work.session.get_one(User, work.actor.user_id).language = "ar"
    with serving(app) as origin:
        context = chromium.new_context(base_url=origin, viewport={"width": width, "height": 900})
        context.add_cookies(cookies_of(client_of(busy.world.admin), origin))
        page = context.new_page()
        wide = []
        for url in MAIN:
            page.goto(url.format(ref=busy.ref))
            assert page.evaluate("document.dir") == "rtl"
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wide.append(url)
        context.close()
    assert wide == []
