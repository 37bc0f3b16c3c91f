"""The socket of an app: its token opens it, no cookie does, and it ends with the session."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask

from flows.actions.accounts.sessions import end_sessions
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.messaging.sockets import Page, begun, cookie_with, phone_token, status, token_of_browser
from tests.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.requirement("D4", "D5")
def test_an_app_hears_what_its_token_lets_it_hear(app: Flask, live: SimpleNamespace, world: World) -> None:
    task, token = begun(world), phone_token(world.user_ids["buyer"])
    phone = Page(live.port, "", token=token)
    live.pages.append(phone)
    assert phone.joined
    agent = live.page("agent", namespace="/staff")
    for page in (agent, phone):
        page.say("instance.watch", id=task)
    assert agent.hears("presence", id=task, viewers=["Bea Buyer"])
    agent.say("typing", id=task, on=True)
    assert phone.hears("typing", id=task, name="Gus Agent", on=True)
    web_token = token_of_browser(world.user_ids["buyer"])
    of_browser = cookie_with(app, web_token)
    assert status(live.port, of_browser, origin="https://evil.example") == 403
    refused = [status(live.port, bearer=one) for one in ("", "at_none", web_token)]
    assert refused == [401, 401, 401]
    assert status(live.port, cookie_with(app, token)) == 401
    with unit_of_work(SYSTEM) as work:
        end_sessions(work, world.user_ids["buyer"])
    assert phone.last_words(10)
