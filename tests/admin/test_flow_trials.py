"""A flow tried out in the back office: its pages as somebody in particular sees them, and its coming weeks (A9)."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import func, select

from admin import flow_trying
from admin.views import flow_trials
from flows.access import read_as
from flows.db import db
from flows.models import AuditEntry, FlowVersion, Instance, User
from flows.rules.actors import SYSTEM
from flows.rules.errors import OutOfStep
from flows.words import LANGUAGES
from flows.work import end_reading
from tests.admin.conftest import ClientOf
from tests.admin.test_looks import cookies_of
from tests.browser_tools import HtmlFacts, serving
from tests.world import World

on_sqlite = pytest.mark.parametrize("database", ["sqlite"])
HERE = "/admin/flows/tenant-onboarding"


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    flow_trying._kept.clear()
    yield
    flow_trying._kept.clear()


def rows() -> list[int]:
    end_reading()
    session = read_as(SYSTEM)
    return [session.scalar(select(func.count()).select_from(model)) for model in (Instance, FlowVersion, User)]


@pytest.mark.requirement("X34")
@on_sqlite
def test_a_page_as_a_customer_in_particular(client_of: ClientOf, world: World) -> None:
    admin, before = client_of(world.admin), rows()
    page = admin.get(f"{HERE}/preview?scene=identity.open&q=priya")
    assert HtmlFacts(page.text).problems() == []
    assert '<option value="usr_priya">' in page.text
    page = admin.get(f"{HERE}/preview?scene=identity.open&customer=usr_priya&width=phone")
    [address] = re.findall(r'<iframe class="shot phone"[^>]* src="([^"]+)"', page.text)
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    taken = admin.get(address.replace("&amp;", "&"))
    assert taken.status_code == 200
    assert 'value="Priya Shah"' in taken.text
    policy = taken.headers["Content-Security-Policy"]
    assert "form-action 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "connect-src" not in policy  # so: none
    assert rows() == before
    assert admin.post(address).status_code == 405


@pytest.mark.requirement("X34", "X23")
@on_sqlite
def test_a_language_that_nobody_can_choose_says_so(
    client_of: ClientOf, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_trials, "languages_of", lambda *_: {**LANGUAGES, "pl": "polski"})
    admin, said = client_of(world.admin), "Nobody can choose polski yet, so pages are in English here."
    assert said in admin.get(f"{HERE}/preview?scene=identity.open&language=pl").text
    assert "Nobody can choose" not in admin.get(f"{HERE}/preview?scene=identity.open&language=cy").text


@on_sqlite
def test_all_mails_and_what_is_kept(client_of: ClientOf, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = client_of(world.admin)
    assert "Your move-in is waiting for you" in admin.get(f"{HERE}/preview?scene=mails").text
    monkeypatch.setattr(flow_trying, "_run", lambda *_: pytest.fail("it was made already"))
    assert "Your move-in is waiting for you" in admin.get(f"{HERE}/preview?scene=mails").text


@on_sqlite
def test_a_page_is_made_anew_when_a_file_was_saved(
    client_of: ClientOf, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    said = json.dumps({"html": "<p>made</p>", "policy": "default-src 'none'", "note": ""})
    monkeypatch.setattr(flow_trying, "_run", lambda _words, given: (made.append(given), (0, f"Hello!\n{said}", ""))[1])
    admin, saved = client_of(world.admin), [1]
    monkeypatch.setattr(flow_trying, "stamp_of", lambda _folders: tuple(saved))
    for _ in range(2):
        assert admin.get(f"{HERE}/preview/page?scene=identity.open").text == "<p>made</p>"
    assert len(made) == 1
    saved.append(2)
    admin.get(f"{HERE}/preview/page?scene=identity.open")
    assert len(made) == 2


def test_what_two_ask_for_at_once_is_made_once_and_a_fault_is_told_to_both(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever makes it is not done before the other waits for the same."""
    ran: list[bool] = []
    waits = Event()

    class Asked(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            waits.set()
            return super().result(timeout)

    monkeypatch.setattr(flow_trying, "Future", Asked)
    monkeypatch.setattr(flow_trying, "_run", lambda *_: (ran.append(waits.wait(20)), (1, "", "broken"))[1])

    def ask() -> str:
        with app.app_context():
            with pytest.raises(OutOfStep) as told:
                flow_trying.shown("tenant-onboarding", "identity.open", {})
            return str(told.value)

    with ThreadPoolExecutor(2) as threads:
        first, second = [one.result() for one in [threads.submit(ask), threads.submit(ask)]]
    assert first == second
    assert ran == [True]
    assert not flow_trying._kept


@on_sqlite
def test_nobodys_transaction_waits_for_a_play(
    client_of: ClientOf, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[bool] = []
    run = subprocess.run
    monkeypatch.setattr(
        subprocess, "run", lambda *a, **k: (waits.append(db.session().in_transaction()), run(*a, **k))[1]
    )
    client_of(world.admin).get(f"{HERE}/simulate?at=2026-03-26T10:00&zone=Europe/London")
    assert waits == [False]


@pytest.mark.requirement("X31")
@on_sqlite
def test_the_coming_weeks(client_of: ClientOf, world: World) -> None:
    admin, before = client_of(world.admin), rows()
    form = admin.get("/admin/flows/coro-order-fulfilment/simulate")
    assert HtmlFacts(form.text).problems() == []
    assert "What happens" not in form.text
    page = admin.get("/admin/flows/coro-order-fulfilment/simulate?at=2026-03-26T10:00&zone=Europe/London&do=")
    assert HtmlFacts(page.text).problems() == []
    cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", page.text, re.DOTALL)]
    assert cells[0::4][1] == "Sunday 29 March, 9:00am"
    assert "reminder 1 of 3" in cells
    assert "EXPIRED" in cells
    assert "call orders.cancel, mail coro/expired" in cells
    assert "Ended: expired" in page.text
    assert rows() == before


@on_sqlite
def test_what_is_wrong_with_a_simulation_is_said_with_its_place(client_of: ClientOf, world: World) -> None:
    admin = client_of(world.admin)
    there = f"{HERE}/simulate?at=2026-03-26T10:00&zone=Europe/London"
    for words, said in (
        ("&do=someday submit identity", "begin with when, e.g. +4d"),
        ("&start={inputs: [", "start:1:"),
        ("&do=%2B1d submit idntity", "no step is called &#39;idntity&#39;; did you mean &#39;identity&#39;?"),
    ):
        page = admin.get(there + words)
        assert page.status_code == 422
        assert said in page.text, words
    page = admin.get(f"{HERE}/simulate?at=now&zone=Europe/Nowhere")
    assert page.status_code == 422
    assert "is no time zone" in page.text


def test_it_does_not_wait_for_ever(client_of: ClientOf, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow_trying, "PATIENCE_SECONDS", 0.01)
    page = client_of(world.admin).get(f"{HERE}/simulate?at=2026-03-26T10:00&zone=Europe/London")
    assert page.status_code == 422
    assert "It was stopped after" in page.text


def test_a_play_is_told_of_no_database_and_no_secret(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/real")
    monkeypatch.setenv("SECRET_KEY", "k" * 40)
    given = flow_trying._environment()
    assert {"DATABASE_URL", "SECRET_KEY", "BATON_MAIL_URL"} & given.keys() == set()


def test_who_may_not_see_flows_sees_none_of_it(client_of: ClientOf, world: World) -> None:
    for path in ("preview", "preview/page?scene=identity.open", "simulate"):
        assert client_of(world.agent).get(f"{HERE}/{path}").status_code == 403
        assert client_of(world.tenant).get(f"{HERE}/{path}").status_code == 403


@pytest.mark.requirement("X23")
def test_parts_of_the_page_of_a_flow(client_of: ClientOf, world: World) -> None:
    page = client_of(world.admin).get(HERE).text
    assert f'<a href="{HERE}/preview">Form preview</a>' in page
    assert f'<a href="{HERE}/simulate">Simulate</a>' in page
    assert 'data-copy="tenant_onboarding/tenant-onboarding.flow.yaml"' in page
    assert re.search(r"\d+ % \(\d+ of \d+\)", page)
    assert HtmlFacts(page).problems() == []


@pytest.mark.browser
@on_sqlite
def test_in_a_browser(
    app: Flask, client_of: ClientOf, world: World, chromium: Browser, axe: Callable[..., None]
) -> None:
    """The frame shows the page and obeys the policy; nothing in it leads anywhere."""
    with serving(app) as address:
        cookies = cookies_of(client_of(world.admin), address)
        axe(f"{address}{HERE}/preview?scene=identity.open", "flow-preview", cookies)
        axe(f"{address}/admin/flows/coro-order-fulfilment/simulate?at=2026-03-26T10:00&zone=Europe/London",
            "flow-simulate", cookies)  # fmt: skip
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        context.add_cookies(cookies)
        page = context.new_page()
        page.set_default_timeout(120_000)  # it is played in a process of its own first
        page.goto(f"{address}{HERE}/preview?scene=identity.open")
        tops = page.locator(".shot").evaluate_all("all => all.map(one => Math.round(one.getBoundingClientRect().top))")
        assert (len(tops), len({*tops})) == (2, 1)
        assert page.locator(".shots").evaluate("one => one.scrollWidth <= one.clientWidth")
        page.goto(f"{address}{HERE}/preview?scene=identity.open&width=phone")
        frame = page.frame_locator(".shot")
        frame.get_by_label("Full legal name").fill("Somebody else")
        frame.get_by_role("button", name="Submit").click()
        assert frame.get_by_label("Full legal name").input_value() == "Somebody else"  # it stays where it is
        context.close()
    assert read_as(SYSTEM).scalar(select(func.count(AuditEntry.id)).where(AuditEntry.kind != "signed_in")) == 0
