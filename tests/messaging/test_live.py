"""The live process as it really runs: its own process, a real Valkey, and raw WebSockets."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from flows import access
from flows.actions import conversing, ordering
from flows.actions.accounts.sessions import end_sessions
from flows.actions.ordering import Item
from flows.models import Instance, Membership, User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from messaging.live_gate import MOST_SOCKETS, Gate
from tests.messaging.sockets import Page, begun, cookie, status
from tests.messaging.waiting import wait_for
from tests.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

ROOT = Path(__file__).parents[2]


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
    assert ended.last_words() == []
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
        assert page.last_words() == []
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
        assert not [packet for packet in page.last_words() if "message.created" in packet]
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
