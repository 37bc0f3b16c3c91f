"""The page of notification preferences, muting, turning off from a mail, and the inbox of everybody (P14)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from flows.access import read_as
from flows.actions import noticing
from flows.models import Device, Mute, User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from messaging import wanting
from portal import frame
from tests.browser_tools import HtmlFacts, serving
from tests.portal.browsing import Visitor
from tests.portal.story import TASK, order_through_pages
from tests.portal.test_pages_in_a_browser import cookies_of
from tests.world import World

HERE = "/settings/notifications"


def choices(world: World, who: str) -> dict[str, Any]:
    return read_as(SYSTEM).get_one(User, world.user_ids[who]).notice_choices


def test_the_page_shows_and_keeps_what_was_chosen(buyer: Visitor, world: World) -> None:
    page = buyer.get(HERE)
    assert HtmlFacts(page).problems() == []
    assert page.count('type="checkbox"') == page.count(" checked>")
    assert 'value="order"' not in page.split("Push")[0], "what always comes is no choice"
    answer = buyer.post(HERE, mail=["unread-daily"], push=["reminder", "message"], quiet_from="22:00", quiet_to="07:00")
    assert answer.status_code == 303
    page = buyer.get(HERE)
    assert page.count(" checked>") == 3
    assert 'value="22:00"' in page
    assert choices(world, "buyer")["quiet"] == ["22:00", "07:00"]


def test_what_is_wrong_is_said_and_nothing_typed_is_lost(buyer: Visitor, world: World) -> None:
    answer = buyer.post(HERE, mail=["progress"], quiet_from="late", quiet_to="07:00")
    assert answer.status_code == 422
    assert "Give a time like 22:00" in answer.text
    assert 'value="late"' in answer.text
    assert answer.text.count(" checked>") == 1
    assert choices(world, "buyer") == {}


def test_a_request_is_muted_from_its_page_and_unmuted_among_the_choices(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    assert f'href="{HERE}?ref=TI-2001#muted"' in buyer.get(TASK)
    assert buyer.send(f"{HERE}?ref=TI-2001", f"{HERE}/mute").status_code == 303
    assert "Unmute" in buyer.get(HERE)
    assert buyer.send(HERE, f"{HERE}/mute", mute="").status_code == 303
    assert read_as(SYSTEM).scalars(select(Mute)).all() == []


def test_only_what_one_may_see_can_be_muted(buyer: Visitor, stranger: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    foreign, missing = (stranger.post(f"{HERE}/mute", ref=ref, mute="1") for ref in ("TI-2001", "TI-9999"))
    assert foreign.status_code == missing.status_code == 422
    assert "There is no request with this reference" in foreign.text
    assert 'value="TI-2001"' in foreign.text


def test_a_mail_program_turns_off_with_one_click_and_people_with_a_button(app: Flask, world: World) -> None:
    client = app.test_client()
    path = wanting.turn_off_address("usr_bea", "progress").removeprefix("http://localhost")
    page = client.get(path)
    assert page.status_code == 200
    assert HtmlFacts(page.text).problems() == []
    assert choices(world, "buyer") == {}, "looking turns nothing off"
    clicked = client.post(path, data={"List-Unsubscribe": "One-Click"})
    assert clicked.status_code == 200
    assert HtmlFacts(clicked.text).problems() == []
    assert choices(world, "buyer") == {"off": ["mail progress"]}
    assert client.get(path[:-1]).status_code == client.post(path + "x").status_code == 404


def test_the_inbox_is_counted_for_customers_and_staff(app: Flask, buyer: Visitor, world: World) -> None:
    agent = Visitor(app, world.agent)
    with unit_of_work(SYSTEM) as work:
        for actor in (world.buyer, world.agent):
            for text in ("Quiet", "Quieter"):
                noticing.tell(work, [actor.user_id or 0], "progress", text, at_top=False)
    for visitor in (buyer, agent):
        page = visitor.get("/notices")
        assert '<span class="badge">2<span class="sr"> new notices</span>' in page
        assert 'class="toast"' not in page
        assert visitor.send("/notices", "/notices/seen").status_code == 303
        visitor.post("/notices/seen", id=_ids(page))
        assert "new notices" not in visitor.get("/notices")


def _ids(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('name="id" value="')[1:]]


SUBSCRIPTION = {"endpoint": "https://push.example/send/abc", "p256dh": "B" + "A" * 86, "auth": "A" * 22}


@pytest.mark.requirement("C52")
def test_a_browser_is_switched_on_and_removed(buyer: Visitor, stranger: Visitor, world: World) -> None:
    assert buyer.post("/settings/devices", **SUBSCRIPTION).status_code == 303
    [device] = read_as(SYSTEM).scalars(select(Device)).all()
    uid = device.uid
    assert stranger.post(f"/settings/devices/{uid}/remove").status_code == 303
    assert f"/settings/devices/{uid}/remove" in buyer.get(HERE)
    assert buyer.post(f"/settings/devices/{uid}/remove").status_code == 303
    assert read_as(SYSTEM).scalars(select(Device)).all() == []
    refused = buyer.post("/settings/devices", **{**SUBSCRIPTION, "auth": ""})
    assert refused.status_code == 422
    assert "Turn push on again" in refused.text


@pytest.fixture
def address(app: Flask, world: World) -> Iterator[str]:
    with serving(partial(Flask.wsgi_app, app)) as url:
        yield url


@pytest.mark.browser
@pytest.mark.requirement("X24")
@pytest.mark.parametrize("database", ["sqlite"])
def test_axe_finds_nothing(
    axe: Callable[..., None], buyer: Visitor, world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "live_url", lambda: "")
    monkeypatch.setattr(frame, "SOCKET_PATH", "")
    order_through_pages(buyer, world, world.coro)
    buyer.post(f"{HERE}/mute", ref="TI-2001", mute="1")
    axe(address + HERE, "notifications", cookies=cookies_of(buyer, address))
    link = wanting.turn_off_address("usr_bea", "progress").removeprefix("http://localhost")
    axe(address + link, "unsubscribe")


@pytest.mark.browser
@pytest.mark.requirement("C52")
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_real_service_worker_shows_what_is_pushed_and_opens_its_page(
    chromium: Browser, buyer: Visitor, address: str
) -> None:
    """The push service itself is out of reach of a test; Chromium delivers a push as if it had come from there."""
    context = chromium.new_context(base_url=address, permissions=["notifications"])
    context.add_cookies(cookies_of(buyer, address))
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(HERE)
    expect(page.get_by_role("button", name="Turn push on in this browser")).to_be_visible()
    tools = context.new_cdp_session(page)
    versions: list[dict[str, Any]] = []
    tools.on("ServiceWorker.workerRegistrationUpdated", lambda event: versions.extend(event["registrations"]))
    tools.send("ServiceWorker.enable")
    page.evaluate("navigator.serviceWorker.register('/static/worker.js').then((one) => { window.worker = one; })")
    page.wait_for_function("window.worker.active && window.worker.active.state === 'activated'")
    words = {"title": "A task is waiting for you", "reference": "TI-2001", "url": f"{address}/notices", "tag": "t"}
    pushed = {"origin": address, "registrationId": versions[-1]["registrationId"], "data": json.dumps(words)}
    shown = None
    for _ in range(4):  # Chromium loses one now and then; the same tag is shown once, however often it comes
        tools.send("ServiceWorker.deliverPushMessage", pushed)
        shown = shown or page.evaluate(
            """async () => {
                for (let tries = 0; tries < 40; tries += 1) {
                    const all = await window.worker.getNotifications();
                    if (all.length) return all.map(({ title, body, tag, data }) => [title, body, tag, data]);
                    await new Promise((done) => setTimeout(done, 100));
                }
            }"""
        )
        if shown:
            break
    assert shown == [["A task is waiting for you", "TI-2001", "t", f"{address}/notices"]]
    assert problems == []
    context.close()
