"""The bell and the pokes: quick news, that nobody waits for and nobody depends on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisAway
from sqlalchemy import select

from flows import settings as settings_room
from flows import work as work_room
from flows.access import read_as
from flows.actions import ordering
from flows.actions.ordering import Item
from flows.models import Notice
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import unit_of_work
from messaging import bell, notify, poke, redis_door, register
from messaging.poke import CHANNEL
from tests.messaging.conftest import Owe
from tests.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class FakeRedis:
    """Counts who comes to the door; away while `away`."""

    def __init__(self) -> None:
        self.calls, self.away = 0, False
        self.said: list[tuple[str, Any]] = []

    def publish(self, channel: str, words: bytes) -> None:
        self.calls += 1
        if self.away:
            raise RedisAway("gone")
        self.said.append((channel, json.loads(words)))


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRedis]:
    fake = FakeRedis()
    redis_door.forget_death()
    monkeypatch.setattr(redis_door, "client", lambda _url: fake)
    monkeypatch.setattr(redis_door, "leave", lambda *_args: True)
    yield fake
    redis_door.forget_death()


def pokes(door: FakeRedis) -> list[dict[str, Any]]:
    return [one for channel, many in door.said for one in many if channel == CHANNEL]


def test_several_applications_hang_up_one_bell(app: Any) -> None:
    register(app)
    register(app)
    assert work_room.listeners.count(notify.hear) == 1
    assert (work_room.heralds.count(bell.ring), work_room.heralds.count(poke.tell)) == (1, 1)


def test_with_redis_dead_the_work_is_done_and_asked_once_in_two_seconds(owe: Owe, door: FakeRedis) -> None:
    door.away = True
    assert not redis_door.publish(CHANNEL, b"[]")
    assert not redis_door.publish(CHANNEL, b"[]")
    assert door.calls == 1
    redis_door.forget_death()
    assert not redis_door.publish(CHANNEL, b"[]")
    assert door.calls == 2


def test_with_no_redis_at_all_a_verb_succeeds(owe: Owe, settings: Settings) -> None:
    redis_door.forget_death()
    settings_room.use(settings)
    assert owe() > 0
    redis_door.forget_death()
    assert not redis_door.leave(bell.KEY, b"1", 3)
    redis_door.forget_death()


def test_a_work_that_owes_rings_and_the_bell_never_grows(owe: Owe, tmp_path: Path, valkey: str) -> None:
    redis_door.forget_death()
    settings_room.use(Settings.from_env({}, mode="test", data=str(tmp_path), redis_url=valkey))
    owe()
    with Redis.from_url(valkey) as redis:
        assert redis.llen(bell.KEY) == 1
        for _ in range(bell.MOST_RINGS + 5):
            redis_door.leave(bell.KEY, b"1", bell.MOST_RINGS)
        assert redis.llen(bell.KEY) == bell.MOST_RINGS


@pytest.mark.requirement("D4")
def test_a_placed_order_pokes_its_account_and_staff_with_ids_only(world: World, door: FakeRedis) -> None:
    with unit_of_work(world.buyer) as work:
        order = ordering.place(work, world.acme, [Item(world.coro, 1)])
        organisation_id = order.organisation_id
    assert len(door.said) == 1, "one message a commit"
    by_event = {one["event"]: one for one in pokes(door)}
    assert set(by_event) == {"order.updated", "instance.created", "summary.updated", "notification.created"}
    assert by_event["order.updated"]["rooms"] == ["staff", f"account:{organisation_id}"]
    payload = {"id": order.uid, "seq": order.event_seq, "type": "order_awaiting_details"}
    assert by_event["order.updated"]["payload"] == payload
    told = [one for one in pokes(door) if one["event"] == "notification.created"]
    assert {room for one in told for room in one["rooms"]} == {f"user:{world.user_ids['buyer']}"}
    assert {one["payload"]["id"] for one in told} == {*read_as(SYSTEM).scalars(select(Notice.uid))}
    assert all(set(one["payload"]) == {"id", "seq", "type"} for one in pokes(door))


@pytest.mark.requirement("D4")
def test_nothing_is_told_of_what_was_rolled_back(world: World, door: FakeRedis) -> None:
    with suppress(RuntimeError), unit_of_work(world.buyer) as work:
        ordering.place(work, world.acme, [Item(world.coro, 1)])
        work.session.flush()
        raise RuntimeError("no")
    with unit_of_work(SYSTEM) as work:
        work.owes = True
    assert pokes(door) == []
