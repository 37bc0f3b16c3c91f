"""The live process as it really runs: its own process, a real Valkey, and raw WebSockets."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from redis import Redis
from simple_websocket import Client, ConnectionClosed

from flows import access
from flows import settings as settings_room
from flows.actions import conversing, ordering
from flows.actions.accounts.sessions import Device, end_sessions, open_sign_in
from flows.actions.ordering import Item
from flows.models import Instance, Membership, User
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import unit_of_work
from messaging import redis_door
from messaging.live_gate import MOST_SOCKETS, Gate
from messaging.poke import CHANNEL
from tests.messaging.conftest import wait_for
from tests.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ROOT = Path(__file__).parents[2]


class Page:
    """A browser's page: the same four packets that the portal's own client speaks."""

    def __init__(self, port: int, cookie: str, namespace: str = "/portal", token: str = "") -> None:
        headers = {"Origin": "http://localhost", "Cookie": f"baton={cookie}"}
        if token:  # an app: no cookie, and from nowhere
            headers = {"Authorization": f"Bearer {token}"}
        self.namespace = namespace
        self.socket = Client.connect(f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket", headers=headers)
        # The client reads what came together with the handshake only when more comes, so we do not wait for it.
        self.socket.send(f"40{namespace},{{}}")
        assert self.socket.receive(10).startswith("0")
        self.answer = self.socket.receive(10)

    @property
    def joined(self) -> bool:
        return bool(self.answer.startswith(f"40{self.namespace},"))

    def heard(self, seconds: float = 5) -> tuple[str, dict[str, object]] | None:
        packet = self.socket.receive(seconds)
        if packet == "2":  # asked whether we are still there
            self.socket.send("3")
            return self.heard(seconds)
        if packet is None:
            return None
        name, payload = json.loads(packet.removeprefix(f"42{self.namespace},"))
        return name, payload

    def hears(self, event: str, /, **words: object) -> bool:
        """Whether this is said sooner or later; who comes and goes at once is told together."""
        while (said := self.heard(15)) is not None:
            if said == (event, words):
                return True
        return False

    def say(self, name: str, **words: object) -> None:
        self.say_raw(name, words)

    def say_raw(self, name: str, words: object) -> None:
        self.socket.send(f"42{self.namespace},{json.dumps([name, words])}")

    def close(self) -> None:
        with suppress(ConnectionClosed):
            self.socket.close()
        self.socket.thread.join(5)
        self.socket.sock.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_live(settings: Settings, valkey: str) -> tuple[subprocess.Popen[bytes], int]:
    """A live process that hears Valkey, and its port."""
    port = free_port()
    env = {
        **os.environ,
        "BATON_MODE": "test",
        "BATON_DATA": str(settings.folder),
        "BATON_PUBLIC_URL": "http://localhost",
        "SECRET_KEY": "k" * 40,
        "REDIS_URL": valkey,
        "BATON_LIVE_PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    with Redis.from_url(valkey) as redis:
        others = redis.pubsub_numsub(CHANNEL)[0][1]
        server = subprocess.Popen([sys.executable, "-m", "worker", "live"], env=env, cwd=ROOT)
        wait_for(lambda: listens(port) and redis.pubsub_numsub(CHANNEL)[0][1] > others, 60)
    return server, port


@pytest.fixture
def lively(app: Flask, settings: Settings, valkey: str) -> str:
    """The application tells this Valkey what changes; its URL."""
    redis_door.forget_death()
    settings_room.use(replace(settings, redis_url=valkey))
    return valkey


@pytest.fixture
def live(app: Flask, world: World, settings: Settings, lively: str) -> Iterator[SimpleNamespace]:
    server, port = start_live(settings, lively)
    pages: list[Page] = []

    def page(who: str, **more: str) -> Page:
        made = Page(port, cookie(app, world.user_ids[who]), **more)
        pages.append(made)
        return made

    yield SimpleNamespace(port=port, page=page, pages=pages)
    for opened in pages:
        opened.close()
    server.terminate()
    assert server.wait(10) == 0


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cookie(app: Flask, user_id: int) -> str:
    """The cookie of a browser that this person has signed in with."""
    with unit_of_work(SYSTEM) as work:
        token = sign_in(work, work.session.get_one(User, user_id))
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # Flask's default one has it
    return str(serializer.dumps({"token": token}))


def sign_in(work, user: User) -> str:  # type: ignore[no-untyped-def]
    return open_sign_in(work, user, Device()).token


def status(port: int, own: str = "", origin: str = "http://localhost", bearer: str | None = None) -> int:
    """What the gate answers to the handshake."""
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Origin": origin,
        "Cookie": f"baton={own}",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    asked = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asked.request("GET", "/socket.io/?EIO=4&transport=websocket", headers=headers)
        return asked.getresponse().status
    finally:
        asked.close()


def begun(world: World) -> str:
    """A task of the buyer's organisation that can be talked about; its id."""
    with unit_of_work(world.buyer) as work:
        order = ordering.place(work, world.acme, [Item(world.coro, 1)])
        work.session.flush()
        return str(work.session.query(Instance).filter_by(subject=order.subject).one().uid)


@pytest.mark.requirement("D4")
def test_only_a_signed_in_page_of_ours_gets_through(live: SimpleNamespace, app: Flask, world: World) -> None:
    buyer = cookie(app, world.user_ids["buyer"])
    assert status(live.port) == 401
    assert status(live.port, buyer[:-3] + "abc") == 401
    assert status(live.port, origin="https://evil.example") == 403
    assert status(live.port, buyer, origin="https://evil.example") == 403
    assert status(live.port, buyer, origin="null") == 403
    assert status(live.port, buyer, origin="") == 403
    assert live.page("buyer").joined
    assert not live.page("buyer", namespace="/staff").joined
    assert live.page("agent", namespace="/staff").joined
    assert not live.page("agent").joined
    own = cookie(app, world.user_ids["tenant"])
    held = [Page(live.port, own) for _ in range(MOST_SOCKETS)]
    live.pages.extend(held)
    assert status(live.port, own) == 429
    held[0].close()
    wait_for(lambda: status(live.port, own) == 101)


@pytest.mark.requirement("D4")
def test_a_poke_reaches_the_rooms_it_is_for_and_no_other(live: SimpleNamespace, world: World) -> None:
    buyer, colleague, owner, stranger = (live.page(who) for who in ("buyer", "colleague", "acme_owner", "stranger"))
    staff = live.page("agent", namespace="/staff")
    with unit_of_work(world.buyer) as work:
        order = ordering.place(work, world.acme, [Item(world.hosting, 1)])
    expected = ("order.updated", {"id": order.uid, "seq": order.event_seq, "type": "provisioning_requested"})
    assert [page.heard() for page in (buyer, colleague, owner, staff)] == [expected] * 4
    with unit_of_work(world.stranger) as work:
        other = ordering.place(work, world.rival_customer, [Item(world.hosting, 1)])
    heard = stranger.heard()
    assert heard is not None
    assert heard[1]["id"] == other.uid, "the first thing a stranger hears is their own"


@pytest.mark.requirement("D4")
def test_who_is_signed_out_is_told_and_closed(live: SimpleNamespace, world: World) -> None:
    ended, other = live.page("buyer"), live.page("stranger")
    with unit_of_work(SYSTEM) as work:
        end_sessions(work, world.user_ids["buyer"])
    assert ended.heard(10) == ("session.ended", {"id": "", "seq": 0, "type": "ended"})
    assert ended.socket.receive(5) == "1", "Socket.IO's word for the end of a connection"
    with pytest.raises(ConnectionClosed):
        ended.socket.receive(5)
    assert other.heard(0.1) is None


@pytest.mark.requirement("D4")
def test_who_may_hear_less_is_closed_and_hears_less(live: SimpleNamespace, world: World) -> None:
    """A role or a membership that is taken away counts for open sockets too; the page connects anew by itself."""
    removed, demoted, other = live.page("colleague"), live.page("agent", namespace="/staff"), live.page("buyer")
    with unit_of_work(SYSTEM) as work:
        work.session.query(Membership).filter_by(user_id=world.user_ids["colleague"]).delete()
        work.session.get_one(User, world.user_ids["agent"]).roles = []
    for page in (removed, demoted):
        assert page.socket.receive(15) == "1", "Socket.IO's word for the end of a connection"
        with pytest.raises(ConnectionClosed):
            page.socket.receive(5)
    again = live.page("colleague")
    with unit_of_work(world.buyer) as work:
        ordering.place(work, world.acme, [Item(world.hosting, 1)])
    assert other.heard() is not None
    assert again.heard(0.3) is None


@pytest.mark.requirement("C48", "D4")
def test_who_types_and_who_looks_is_told_to_those_who_look(live: SimpleNamespace, world: World) -> None:
    """Typing goes to the other side, presence to colleagues alone; strangers hear of nothing, whatever they ask for."""
    task = begun(world)
    buyer, stranger = live.page("buyer"), live.page("stranger")
    agent, admin, helpless = (live.page(who, namespace="/staff") for who in ("agent", "admin", "reader"))
    stranger.say("instance.watch", id=task)
    agent.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": []})
    admin.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": ["Ada Admin"]})
    assert admin.heard() == ("presence", {"id": task, "viewers": ["Gus Agent"]})
    buyer.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": ["Ada Admin", "Bea Buyer"]})
    assert admin.heard() == ("presence", {"id": task, "viewers": ["Bea Buyer", "Gus Agent"]})
    for _ in range(3):
        agent.say("typing", id=task, on=True)
    typing = ("typing", {"id": task, "name": "Gus Agent", "on": True})
    assert [one.heard() for one in (buyer, admin)] == [typing] * 2
    stranger.say("typing", id=task, on=True)
    for nonsense in (None, [], {"id": 7}, {"id": "x" * 99}, {"id": task, "on": "maybe"}):
        buyer.say_raw("typing", nonsense)
        stranger.say_raw("instance.watch", nonsense)
    buyer.say("instance.unwatch", id=task)
    assert admin.heard() == ("presence", {"id": task, "viewers": ["Gus Agent"]})
    admin.close()
    live.pages.remove(admin)
    heard = [agent.heard() for _ in range(2)]
    assert heard[-1] == ("presence", {"id": task, "viewers": []}), "who has gone looks no more"
    assert [one.heard(0.2) for one in (buyer, stranger, helpless, agent)] == [None] * 4


@pytest.mark.requirement("C47", "D4")
def test_who_may_look_no_more_is_gone_from_the_conversation(live: SimpleNamespace, world: World) -> None:
    """Signed out, removed from the household or without a role: their socket closes and their name is taken down."""
    task = begun(world)
    agent = live.page("agent", namespace="/staff")
    agent.say("instance.watch", id=task)
    assert agent.heard() == ("presence", {"id": task, "viewers": []})
    looking = [
        live.page(who, **more) for who, more in (("buyer", {}), ("colleague", {}), ("admin", {"namespace": "/staff"}))
    ]
    for page in looking:
        page.say("instance.watch", id=task)
        assert agent.heard() is not None
    with unit_of_work(SYSTEM) as work:
        end_sessions(work, world.user_ids["buyer"])
        work.session.query(Membership).filter_by(user_id=world.user_ids["colleague"]).delete()
        work.session.get_one(User, world.user_ids["admin"]).roles = []
    assert agent.hears("presence", id=task, viewers=[])
    with unit_of_work(world.agent) as work:
        conversing.send(work, access.instance_to_change(work, task), "Between those who are left")
    for page in looking:
        with pytest.raises(ConnectionClosed):  # noqa: PT012
            while (packet := page.socket.receive(5)) is not None:
                assert "message.created" not in packet
    again = live.page("colleague")
    again.say("instance.watch", id=task)
    assert agent.heard() == ("message.created", {"id": task, "seq": 1, "type": "message"})
    assert [agent.heard(0.5), again.heard(0.2)] == [None, None], "who was removed cannot come back"


@pytest.mark.requirement("C47", "C51", "D4")
def test_a_message_is_hinted_at_without_its_words(live: SimpleNamespace, world: World) -> None:
    with unit_of_work(world.buyer) as work:
        order = ordering.place(work, world.acme, [Item(world.coro, 1)])
        work.session.flush()
        task = work.session.query(Instance).filter_by(subject=order.subject).one()
        ref, uid = task.reference, task.uid
    buyer, stranger, agent = live.page("buyer"), live.page("stranger"), live.page("agent", namespace="/staff")
    agent.say("instance.watch", id=uid)
    assert agent.heard() is not None
    with unit_of_work(world.agent) as work:
        conversing.note(work, access.instance_to_change(work, ref), "secret note")
    assert agent.heard() == ("message.created", {"id": uid, "seq": 1, "type": "note"})
    with unit_of_work(world.agent) as work:
        conversing.send(work, access.instance_to_change(work, ref), "secret words")
    hint = ("message.created", {"id": uid, "seq": 1, "type": "message"})
    assert [buyer.heard(), agent.heard()] == [hint] * 2, "of the note the customer hears nothing"
    notice = buyer.heard()
    assert notice is not None
    assert notice[0] == "notification.created", "and it is in their inbox"
    with unit_of_work(world.buyer) as work:
        conversing.mark_read(work, access.instance_to_change(work, ref), 1)
    assert agent.heard() == ("message.read", {"id": uid, "seq": 1, "type": "customer"})
    assert buyer.heard() == ("summary.updated", {"id": uid, "seq": 1, "type": "read"}), "their other pages count anew"
    assert [buyer.heard(0.2), stranger.heard(0.2)] == [None, None]


@pytest.mark.parametrize(
    ("origin", "host", "ours"),
    [
        ("http://localhost", "anything", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8001", True),
        ("http://127.0.0.1:9999", "127.0.0.1:8001", False),
        ("http://evil.example:8000", "127.0.0.1:8001", False),
        ("", "127.0.0.1:8001", False),
        ("null", "", False),
        ("http://", "", False),
        ("http://[::1", "[::1", False),
        ("http://localhost.evil.example", "localhost:8001", False),
        ("file://localhost", "localhost", False),
    ],
)
def test_which_origins_are_ours(app: Flask, origin: str, host: str, ours: bool) -> None:
    assert Gate(app, None).is_ours(origin, host) is ours
