"""The socket of an app: its token opens it, no cookie does, and it ends with the session."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from simple_websocket import ConnectionClosed

from flows.actions.accounts.app_tokens import issue_app_tokens
from flows.actions.accounts.sessions import Device, end_sessions, open_sign_in
from flows.models import User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.messaging.test_live import Page, begun, cookie, live, lively, status
from tests.world import World

__all__ = ["live", "lively"]
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def phone_token(user_id: int) -> str:
    """The access token of an app that this person has signed in with."""
    with unit_of_work(SYSTEM) as work:
        signed_in = open_sign_in(work, work.session.get_one(User, user_id), Device(installation_id="phone", door="app"))
        return issue_app_tokens(signed_in).access_token


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
    of_browser = cookie(app, world.user_ids["buyer"])
    assert status(live.port, of_browser, origin="https://evil.example") == 403
    web_token = app.session_interface.get_signing_serializer(app).loads(of_browser)["token"]  # type: ignore[attr-defined]
    refused = [status(live.port, bearer=one) for one in ("", "at_none", web_token)]
    assert refused == [401, 401, 401]
    assert status(live.port, cookie_with(app, token)) == 401
    with unit_of_work(SYSTEM) as work:
        end_sessions(work, world.user_ids["buyer"])
    with pytest.raises(ConnectionClosed):  # noqa: PT012
        while phone.socket.receive(10) is not None:
            pass


def cookie_with(app: Flask, token: str) -> str:
    return str(app.session_interface.get_signing_serializer(app).dumps({"token": token}))  # type: ignore[attr-defined]
