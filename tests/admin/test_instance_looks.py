"""The pages of task instances in a browser: nothing for axe to find, small, and everything by hand as by keyboard."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from flows.actions import standing_in
from flows.models import User
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf
from tests.admin.test_looks import cookies_of
from tests.browser_tools import HtmlFacts, serving
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play, move_in, play
from tests.world import World

__all__ = ["move_in", "play"]
pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]

PAGES = {
    "instance": "/admin/instances/{ref}",
    "history": "/admin/instances/{ref}/history",
    "attempts": "/admin/instances/{ref}/steps/identity/attempts",
    "close": "/admin/instances/{ref}/steps/identity/close",
    "reopen": "/admin/instances/{ref}/steps/household/reopen",
    "add-step": "/admin/instances/{ref}/steps/household/add-step",
    "add-field": "/admin/instances/{ref}/steps/identity/add-field",
    "assign": "/admin/instances/{ref}/assign",
    "due": "/admin/instances/{ref}/due",
    "cancel-instance": "/admin/instances/{ref}/cancel",
    "new-instance": "/admin/instances/new?flow=move-in&q=priya&customer=usr_priya",
    "invite": "/admin/instances/invite?flow=move-in",
    "away": "/admin/away/",
    "away-new": "/admin/away/new",
}


@pytest.fixture
def busy(play: Play) -> Play:
    """Sent, returned, sent again; one step done, one taken, a colleague away."""
    play.start()
    play.submit("identity", IDENTITY)
    play.send_back("identity", "The name is not the one in the passport.", remarks={"legal_name": "As in the passport"})
    play.submit("identity", {**IDENTITY, "legal_name": "Priya Anand Shah"})
    play.submit("household", HOUSEHOLD)
    play.assign("usr_gus", note="Has the keys", by=play.world.admin)
    with unit_of_work(play.world.admin) as work:
        people = [work.session.get_one(User, actor.user_id) for actor in (play.world.admin, play.world.agent)]
        standing_in.delegate(work, *people, work.now.date(), work.now.date(), "At the sea")
    return play


@pytest.mark.requirement("X24")
@pytest.mark.parametrize("name", PAGES)
def test_page_is_usable_by_everybody(
    app: Flask, busy: Play, client_of: ClientOf, axe: Callable[..., None], name: str, database: str
) -> None:
    client = client_of(busy.world.admin)
    url = PAGES[name].format(ref=busy.ref)
    with serving(app) as origin:
        axe(origin + url, name, cookies_of(client, origin))
    assert HtmlFacts(client.get(url).get_data(as_text=True)).problems() == []
