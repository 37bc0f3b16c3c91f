"""Two live processes behind one address: what one hears the other hears, and either may be killed (D4)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from flask import Flask

from flows import access
from flows.actions import conversing
from flows.models import Message
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from messaging.live_talk import LASTS_SECONDS
from tests.line import Line
from tests.messaging.sockets import Page, begun, cookie, start_live
from tests.world import World

pytestmark = [pytest.mark.requirement("D4"), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture
def two(app: Flask, world: World, settings: Settings, lively: str) -> Iterator[SimpleNamespace]:
    """Two live processes; a page is opened `at` one of them, or at the address in front of both."""
    started = [start_live(settings, lively) for _ in range(2)]
    first, second = (port for _, port in started)
    line = Line(first, second)
    pages: list[Page] = []

    def page(who: str, at: int = line.port, **more: str) -> Page:
        pages.append(Page(at, cookie(app, world.user_ids[who]), **more))
        return pages[-1]

    yield SimpleNamespace(page=page, first=first, second=second, processes=[process for process, _ in started])
    for opened in pages:
        opened.close()
    line.close()
    for process, _ in started:
        process.terminate()
        process.wait(10)


def say(world: World, task: str, text: str) -> int:
    with unit_of_work(world.agent) as work:
        return conversing.send(work, access.instance_to_change(work, task), text).seq


def missed(task: str, after: int) -> list[str]:
    """What a page asks for when it is back: everything after the last that it has."""
    end_reading()
    query = access.read_as(SYSTEM).query(Message).filter(Message.instance.has(uid=task), Message.seq > after)
    return [one.text for one in query.order_by(Message.seq)]


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(10)


@pytest.mark.requirement("C47", "C48")
def test_who_looks_types_and_reads_is_told_across(two: SimpleNamespace, world: World) -> None:
    task = begun(world)
    buyer, agent = two.page("buyer", two.first), two.page("agent", two.second, namespace="/staff")
    admin = two.page("admin", two.first, namespace="/staff")
    agent.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": []})
    admin.say("instance.watch", id=task)
    assert [agent.heard(), admin.heard()] == [
        ("presence", {"id": task, "viewers": [name]}) for name in ("Ada Admin", "Gus Agent")
    ]
    buyer.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": ["Ada Admin", "Bea Buyer"]})
    assert admin.heard() == ("presence", {"id": task, "viewers": ["Bea Buyer", "Gus Agent"]})
    buyer.say("typing", id=task, on=True)
    typing = ("typing", {"id": task, "name": "Bea Buyer", "on": True})
    assert [agent.heard(), admin.heard()] == [typing, typing]
    hint = ("message.created", {"id": task, "seq": say(world, task, "Secret"), "type": "message"})
    assert [one.heard() for one in (buyer, agent, admin)] == [hint] * 3
    with unit_of_work(world.buyer) as work:
        conversing.mark_read(work, access.instance_to_change(work, task), 1)
    assert agent.heard() == ("message.read", {"id": task, "seq": 1, "type": "customer"})
    assert buyer.heard()[0] == "notification.created"
    two.processes[0].terminate()
    assert agent.heard(10) == ("presence", {"id": task, "viewers": []}), "a process that ends says so itself"


@pytest.mark.requirement("C47", "C48")
def test_who_looked_through_a_killed_process_looks_no_more_and_comes_back(two: SimpleNamespace, world: World) -> None:
    task = begun(world)
    agent, buyer = two.page("agent", two.second, namespace="/staff"), two.page("buyer")
    agent.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": []})
    buyer.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": ["Bea Buyer"]})
    had = say(world, task, "Before")
    kill(two.processes[0])
    buyer.last_words()
    say(world, task, "Meanwhile")
    assert {agent.heard()[0], agent.heard()[0]} == {"message.created"}
    assert agent.heard(LASTS_SECONDS + 8) == ("presence", {"id": task, "viewers": []})
    again = two.page("buyer")
    again.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": ["Bea Buyer"]}), "the same address leads to the other"
    assert missed(task, had) == ["Meanwhile"]
    last = say(world, task, "After")
    assert again.heard() == ("message.created", {"id": task, "seq": last, "type": "message"})
