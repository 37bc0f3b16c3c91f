"""An invitation that is for something: its page says what for, and accepting it leads to the first step (C10, X27)."""

from __future__ import annotations

import pytest
from flask import Flask

from flows import catalogue
from flows.actions import accounts, onboarding
from flows.actions.beginning import Wish
from flows.catalogue.loader import load_packages
from flows.models import Instance, Organisation
from flows.work import unit_of_work
from tests.browser_tools import HtmlFacts
from tests.guided.conftest import SHIPPED, Play
from tests.portal.story import rows
from tests.portal.test_guided_lists import words
from tests.portal.visiting import mailed, send

NIA = {"name": "Nia Newcomer", "email": "nia@example.com", "address": "9 Beck Street, Leeds"}


def invite(play: Play, flow: str = "move-in", **wish: object) -> str:
    """Gus invites Nia; the address of the page that her mail leads to."""
    with unit_of_work(play.world.agent) as work:
        onboarding.invite_tenant(work, NIA, flow, Wish(**wish))  # type: ignore[arg-type]
    return mailed()[1]


@pytest.mark.requirement("C10", "X27")
def test_the_page_says_what_it_is_for_and_accepting_begins_it(app: Flask, play: Play) -> None:
    page = invite(play, inputs={"rent": "1,000"}, message="I look forward to meeting you.")
    client = app.test_client()
    html = client.get(page).text
    said = words(html)
    assert "Gus Agent invites you to Baton Move-in Everything we need before handing over the keys." in said
    assert "From Gus Agent I look forward to meeting you." in said
    assert "This invitation is for nia@example.com." in said
    assert "Join" not in said
    assert HtmlFacts(html).problems() == []
    assert rows(Instance) == []
    joined = send(client, page, name="Nia Newcomer", time_zone="Europe/London", language="en")
    assert (joined.status_code, joined.location) == (303, "/tasks/TI-2001")
    task = client.get("/tasks/TI-2001").text
    said = words(task)
    assert "Welcome. This is what we need from you, step by step. You can stop at any time and come back later." in said
    assert "From Gus Agent I look forward to meeting you." in said
    assert "Begin with “Who you are”" in said
    assert HtmlFacts(task).problems() == []
    assert client.get(page).status_code == 410


@pytest.mark.requirement("X27")
def test_an_invitation_for_joining_alone_is_as_before(app: Flask, play: Play) -> None:
    with unit_of_work(play.world.admin) as work:
        acme = work.session.query(Organisation).filter_by(uid=play.world.acme).one()
        accounts.invite(work, "nia@example.com", "customer", acme)
    client = app.test_client()
    page = mailed()[1]
    assert "Join Acme Ltd" in client.get(page).text
    joined = send(client, page, name="Nia Newcomer", time_zone="Europe/London", language="en")
    assert joined.location == "/"
    assert "Welcome. You have joined." in client.get("/").text


@pytest.mark.requirement("C10")
def test_a_flow_that_cannot_begin_any_more_keeps_nobody_out(app: Flask, play: Play) -> None:
    page = invite(play, "ask-permission")
    before = catalogue.current()
    catalogue.use(load_packages(SHIPPED, []))
    client = app.test_client()
    assert "Join Nia Newcomer" in client.get(page).text
    joined = send(client, page, name="Nia Newcomer", time_zone="Europe/London", language="en")
    catalogue.use(before)
    assert joined.location == "/"
    assert rows(Instance) == []
