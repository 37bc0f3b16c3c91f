"""A conversation on the pages of both doors, without JavaScript: forms that send, errors that lose nothing (P4, A4)."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable

import pytest
from flask import Flask

from flows import access
from flows.actions import closing
from flows.work import unit_of_work
from tests.browser_tools import HtmlFacts
from tests.portal.browsing import Visitor
from tests.talk.conftest import Talking
from tests.world import World
from wsgi import PARTS

KILOBYTE = 1024


@pytest.fixture
def parts() -> tuple[str, ...]:
    return PARTS


@pytest.fixture
def tenant(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.tenant)


@pytest.fixture
def agent(app: Flask, world: World) -> Visitor:
    return Visitor(app, world.agent)


def at(talking: Talking, door: str = "") -> str:
    return f"/admin/instances/{talking.play.ref}" if door else f"/tasks/{talking.play.ref}"


def texts(talking: Talking) -> list[str]:
    return [one.text for one in talking.all()]


@pytest.mark.requirement("C3", "C47", "C48", "C51")
def test_they_talk_through_forms(tenant: Visitor, agent: Visitor, talking: Talking) -> None:
    ours, theirs = at(talking, "staff"), at(talking)
    assert agent.send(ours, f"{ours}/messages", text="Which day suits you?").location == f"{ours}#talk"
    page = tenant.get(theirs)
    assert "<strong>Gus Agent</strong> · <time" in page
    assert "Which day suits you?" in page
    assert "<title>(1) " in page
    assert re.search(r'<span class="badge" data-unread>1<', page)
    assert "<span>New</span>" in page
    assert "1 unread" in tenant.get("/messages")
    tenant.send(theirs, f"{theirs}/messages", text="Monday\nor Tuesday")
    page = tenant.get(theirs)
    assert "data-unread hidden>0<" in page, "who answers has read what they answer to"
    assert "<title>(" not in page
    assert "<strong>You</strong>" in page
    assert "· Read 10:0" in agent.get(ours), "the other side sees that it was read"
    assert "Priya Shah</strong>" in agent.get(ours)


@pytest.mark.requirement("C51")
def test_reading_is_said_with_a_button(tenant: Visitor, agent: Visitor, talking: Talking, world: World) -> None:
    talking.send(world.agent, "Look")
    talking.send(world.tenant, "Here")
    theirs, ours = at(talking), at(talking, "staff")
    for visitor, page in ((tenant, theirs), (agent, ours)):
        assert "Mark as read" in visitor.get(page)
        assert visitor.send(page, f"{page}/messages/read").status_code == 303
        assert "Mark as read" not in visitor.get(page)


@pytest.mark.requirement("X29")
def test_notes_are_a_tab_of_their_own(tenant: Visitor, agent: Visitor, talking: Talking) -> None:
    ours = at(talking, "staff")
    page = agent.get(f"{ours}?talk=notes")
    assert "Only staff can see this." in page
    assert ">Add note</button>" in page
    assert ">Send</button>" not in page
    sent = agent.send(f"{ours}?talk=notes", f"{ours}/messages", text="He rang twice")
    assert sent.location == f"{ours}?talk=notes#talk"
    assert [one.is_internal for one in talking.all()] == [True]
    assert "He rang twice" in agent.get(sent.location)
    assert "He rang twice" not in agent.get(ours)
    for path in (at(talking), f"{at(talking)}/messages", f"{at(talking)}/messages?thread=notes"):
        assert "He rang twice" not in tenant.get(path)
    tenant.post(f"{at(talking)}/messages", text="Mine", thread="notes")
    assert [one.is_internal for one in talking.all()] == [True, False], "a customer writes no notes"


@pytest.mark.requirement("C47")
@pytest.mark.parametrize("door", ["", "staff"])
def test_what_cannot_be_sent_is_still_there(tenant: Visitor, agent: Visitor, talking: Talking, door: str) -> None:
    visitor, page = (agent if door else tenant), at(talking, door)
    long = "words " * 2000
    answer = visitor.send(page, f"{page}/messages", text=long)
    assert answer.status_code == 422
    assert "Use 10,000 characters at most" in answer.text
    assert long in answer.text
    assert "There is a problem" in answer.text
    assert HtmlFacts(answer.text).problems() == []
    assert "Write a message, or attach a file" in visitor.send(page, f"{page}/messages", text="  ").text
    assert texts(talking) == []


@pytest.mark.requirement("C47")
def test_the_same_form_twice_is_one_message(tenant: Visitor, talking: Talking) -> None:
    path = f"{at(talking)}/messages"
    for _ in range(2):
        assert tenant.post(path, text="Once", client_id="abc").status_code == 303
    again = tenant.post(path, text="Other words", client_id="abc")
    assert again.status_code == 422
    assert "Other words" in again.text
    assert 'value="abc"' not in again.text, "sent again it is a new one"
    assert texts(talking) == ["Once"]


@pytest.mark.requirement("C54")
@pytest.mark.parametrize("door", ["", "staff"])
def test_closed_with_the_request_in_words(
    tenant: Visitor, agent: Visitor, talking: Talking, world: World, door: str
) -> None:
    visitor, page = (agent if door else tenant), at(talking, door)
    talking.send(world.agent, "Still to be read")
    with unit_of_work(world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, talking.play.ref), "Not needed")
    html = visitor.get(page)
    assert "Messaging is closed because this request was cancelled on Monday 2 November 2026." in html
    assert "Still to be read" in html
    assert 'class="composer"' not in html
    late = visitor.post(f"{page}/messages", text="One more thing")
    assert late.status_code == 409
    assert "Messaging is closed" in late.text
    assert "One more thing" in late.text
    assert texts(talking) == ["Still to be read"]


def test_whoever_is_not_meant_is_told_nothing(app: Flask, talking: Talking, world: World, agent: Visitor) -> None:
    stranger, reader = Visitor(app, world.stranger), Visitor(app, world.reader)
    talking.send(world.tenant, "Private words")
    for path in ("/messages", "/messages?after=0"):
        stranger.get(f"{at(talking)}{path}", 404)
    assert stranger.post(f"{at(talking)}/messages", text="x").status_code == 404
    assert stranger.post(f"{at(talking)}/messages/read", seq="1").status_code == 404
    assert "Private words" in reader.get(at(talking, "staff"))
    assert 'class="composer"' not in reader.get(at(talking, "staff"))
    assert reader.post(f"{at(talking, 'staff')}/messages", text="x").status_code == 403
    assert texts(talking) == ["Private words"]


@pytest.mark.requirement("C48")
def test_a_page_that_stays_open_asks_for_what_is_new(tenant: Visitor, talking: Talking, world: World) -> None:
    for n in range(1, 36):
        talking.send(world.agent, f"number {n}.")
    page = f"{at(talking)}/messages"
    fresh = tenant.get(f"{page}?after=33", fragment=True)
    assert re.findall(r"number (\d+)", fresh) == ["34", "35"]
    assert "<form" not in fresh
    assert 'data-unread-many="35"' in fresh
    assert "number 5." not in tenant.get(page)
    older = re.search(r'href="([^"]+)" data-older', tenant.get(page))
    assert older is not None
    assert re.findall(r"number (\d+)", tenant.get(older[1])) == ["1", "2", "3", "4", "5"]
    for odd in ("x", "-1", "9" * 40, "1e3"):
        tenant.get(f"{page}?after={odd}&before={odd}")


@pytest.mark.parametrize(("door", "many"), [("", 8), ("staff", 8)])
def test_pages_stay_within_their_budgets(
    tenant: Visitor, agent: Visitor, talking: Talking, world: World, door: str, many: int,
    count_statements: Callable[[], list[str]],
) -> None:  # fmt: skip
    """Thirty messages cost one statement; the page with all that it loads at most 30 KB (staff 50)."""
    for n in range(30):
        talking.send(world.agent if n % 2 else world.tenant, f"Message {n}, about this and that and the other thing")
    visitor, page = (agent if door else tenant), at(talking, door)
    visitor.get(page)
    counted = count_statements()
    html = visitor.get(page)
    assert len(counted) <= many, "\n".join(one[:150] for one in counted)
    files = {*re.findall(r'(?:href|src)="(/static/[^"#]*)', html)}
    sizes = [len(visitor.client.get(one, headers={"Accept-Encoding": "gzip"}).data) for one in files]
    assert len(gzip.compress(html.encode(), 6)) <= (8 if door else 5) * KILOBYTE
    assert len(gzip.compress(html.encode(), 6)) + sum(sizes) <= (50 if door else 30) * KILOBYTE
    assert len(files) + 1 <= 8
    assert HtmlFacts(html).problems() == []
