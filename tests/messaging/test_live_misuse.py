"""Sockets that say nonsense, too much or nothing: each ends alone, and the others hear on."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from flows import access
from flows.actions import conversing
from flows.work import unit_of_work
from messaging.live import LARGEST_FRAME_BYTES
from messaging.live_limits import HEAD_SECONDS, MOST_WORDS
from tests.messaging.sockets import begun
from tests.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.requirement("D4")
def test_nonsense_ends_one_socket_and_no_other(live: SimpleNamespace, world: World) -> None:
    task = begun(world)
    agent, calm = live.page("agent", namespace="/staff"), live.page("buyer")
    agent.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": []})
    for nonsense in ("", "x", "zzz", "9", "4", "42/portal", '42/portal,["instance.watch"', "42/nowhere,[]",
                     "44/portal,{}", "451-/portal,[", b"\x00\xff",
                     "40/portal,{}", "41/portal,", "0", "3", "6"):  # fmt: skip
        page = live.page("buyer")
        page.say("instance.watch", id=task)
        assert agent.heard() == ("presence", {"id": task, "viewers": ["Bea Buyer"]}), nonsense
        page.socket.send(nonsense)
        page.close()
        live.pages.remove(page)
        assert agent.heard() == ("presence", {"id": task, "viewers": []}), nonsense
    with unit_of_work(world.agent) as work:
        conversing.send(work, access.instance_to_change(work, task), "Still here?")
    assert calm.heard() == ("message.created", {"id": task, "seq": 1, "type": "message"})


@pytest.mark.requirement("D4")
def test_who_says_too_much_is_closed(live: SimpleNamespace, world: World) -> None:
    task = begun(world)
    calm, loud, large = live.page("agent", namespace="/staff"), live.page("buyer"), live.page("buyer")
    for _ in range(MOST_WORDS + 1):
        loud.say("instance.watch", id=task)
    large.say_raw("typing", {"id": task, "on": "x" * LARGEST_FRAME_BYTES})
    for page in (loud, large):
        page.last_words()
    for _ in range(MOST_WORDS // 2):
        calm.say("instance.watch", id=task)
    assert calm.hears("presence", id=task, viewers=[])


@pytest.mark.requirement("D4")
def test_who_connects_and_says_nothing_is_let_go(live: SimpleNamespace) -> None:
    with (
        socket.create_connection(("127.0.0.1", live.port), 5) as silent,
        socket.create_connection(("127.0.0.1", live.port), 5) as slow,
    ):
        slow.sendall(b"GET /socket.io/ HTTP/1.1\r\nHost: x\r\nA")
        for one in (silent, slow):
            one.settimeout(2 * HEAD_SECONDS)
            while one.recv(4096):
                pass
    assert live.page("buyer").joined
