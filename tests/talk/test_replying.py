"""Saved replies: kept, shared, filled for a request, and put into a message that somebody still reads (X29)."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access
from flows.actions import replying
from flows.clock import clock
from flows.models import SavedReply
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Invalid, Refused
from flows.work import end_reading, unit_of_work
from tests.portal.browsing import Visitor
from tests.talk.conftest import Talking
from tests.world import World
from wsgi import PARTS

pytestmark = pytest.mark.requirement("X29")
HELLO = "Dear ${{ customer.first_name }},\nabout ${{ instance.ref }}:"


@pytest.fixture
def parts() -> tuple[str, ...]:
    return PARTS


def save(by: Actor, title: str = "Hello", text: str = HELLO, is_shared: bool = False) -> str:
    with unit_of_work(by) as work:
        reply = replying.save(work, title, text, is_shared)
        work.session.flush()
        return reply.uid


def found(uid: str) -> SavedReply | None:
    end_reading()
    return access.read_as(SYSTEM).scalar(select(SavedReply).where(SavedReply.uid == uid))


def test_who_keeps_and_changes_them(world: World) -> None:
    own, shared = save(world.agent), save(world.agent, "For all", is_shared=True)
    for nobody in (world.reader, world.tenant):
        with pytest.raises(Refused):
            save(nobody)
    with pytest.raises(Refused):
        access.saved_to_read(world.admin, SavedReply, own)
    with unit_of_work(world.admin) as work:
        replying.change(work, access.saved_to_change(work, SavedReply, shared), "For everybody", "Hi", True)
    with unit_of_work(world.agent) as work:
        replying.remove(work, access.saved_to_change(work, SavedReply, own))
    assert found(own) is None
    reply = found(shared)
    assert reply is not None
    assert (reply.title, reply.text) == ("For everybody", "Hi")


@pytest.mark.parametrize(("title", "text", "words"), [
    (" ", "x", "Enter a title"), ("x" * 81, "x", "80 characters"), ("x", " ", "Enter the words"),
    ("x", "Dear\n${{ customer.", "Line 2"), ("x", "${{ 1 + }}", "Line 1"), ("Hello", "x", "title already"),
])  # fmt: skip
def test_what_cannot_be_kept(world: World, title: str, text: str, words: str) -> None:
    save(world.agent)
    with pytest.raises(Invalid, match=words):
        save(world.agent, title, text)


def test_it_is_filled_for_the_request(talking: Talking, world: World) -> None:
    uids = [save(world.agent), save(world.agent, "Later", "Pet: ${{ data.pet_name }}")]
    end_reading()
    session = access.read_as(world.agent)
    instance = access.instance_to_read(world.agent, talking.play.ref)
    words = [replying.fill(session, instance, access.saved_to_read(world.agent, SavedReply, uid), clock.now())
             for uid in uids]  # fmt: skip
    assert words == [f"Dear Priya,\nabout {talking.play.ref}:", "Pet: ${{ data.pet_name }}"]


def test_from_the_page_into_a_message(app: Flask, talking: Talking, world: World) -> None:
    agent = Visitor(app, world.agent)
    assert agent.send("/admin/replies/new", title="Hello", text=HELLO, is_shared="1").status_code == 303
    assert "Yours, shared" in agent.get("/admin/replies/")
    assert agent.send("/admin/replies/new", title="", text="${{").status_code == 422
    messages = f"/admin/instances/{talking.play.ref}/messages"
    assert "Hello</a>" in agent.get(f"{messages}/replies")
    reply = access.read_as(SYSTEM).scalars(select(SavedReply)).one().uid
    assert f">\nDear Priya,\nabout {talking.play.ref}:</textarea>" in agent.get(f"{messages}?reply={reply}")
    agent.get(f"{messages}?reply=nobody", 404)
    reader = Visitor(app, world.reader)
    reader.get("/admin/replies/", 403)
    reader.get(f"{messages}/replies", 403)
