"""A push service that hangs or knows a device no more: pushes, mails and webhooks to others are not held up."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from flows import settings as settings_room
from flows.actions import noticing
from flows.clock import clock
from flows.plugin import PassingFault
from flows.rules.actors import SYSTEM, Actor
from flows.settings import Settings
from flows.work import unit_of_work
from messaging import outside, peace
from messaging.wanting import PutOff
from tests.messaging.conftest import Owe, effect
from tests.messaging.test_mails import Postman, postman
from tests.messaging.test_pushing import Browser, browser, pushes, register, registered, signed_in
from tests.messaging.test_webhooks import Listener, listener
from tests.world import World
from worker import jobs

__all__ = ["browser", "listener", "postman"]  # fixtures

pytestmark = [pytest.mark.requirement("C52", "X36"), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture
def hanging(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The port of a server that takes connections and never says a word; nobody waits long for it."""
    monkeypatch.setattr(outside, "PATIENCE_SECONDS", 0.5)
    peace._away.clear()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        yield server.getsockname()[1]
    peace._away.clear()


def tell(*actors: Actor) -> list[int]:
    """Something is said to each of them; the pushes that are owed for it."""
    before = pushes()
    for actor in actors:
        with unit_of_work(SYSTEM) as work:
            noticing.tell(work, [actor.user_id or 0], "progress", "News", "Read it", url="/tasks/TI-1")
    return [one for one in pushes() if one not in before]


def test_a_push_service_that_hangs_holds_up_one_push_and_nobody_else(
    app: Flask,
    world: World,
    browser: Browser,
    listener: Listener,
    owe: Owe,
    owe_hook: Owe,
    postman: Postman,
    hanging: int,
) -> None:
    unlucky, other = signed_in(world.tenant), signed_in(world.buyer)
    register(unlucky, replace(browser, endpoint=f"http://127.0.0.1:{hanging}/push"))
    register(other, browser)
    vain = tell(*[unlucky] * 12)
    well = tell(*[other] * 3)
    mail, hook = owe(), owe_hook(listener.url)
    began = time.monotonic()
    jobs.deliver([*vain, *well, mail, hook])
    assert time.monotonic() - began < 5, "twelve pushes wait half a second in all"
    assert {effect(one).state for one in (*well, mail, hook)} == {"done"}
    assert [(effect(one).tries, effect(one).state) for one in vain] == [(1, "pending"), *[(0, "pending")] * 11]
    assert "cannot be reached" in effect(vain[0]).last_fault


def test_whoever_registers_many_hosts_that_hang_holds_up_one_push(
    world: World, browser: Browser, hanging: int, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    names = [f"127.0.0.{n}" for n in range(2, 8)]
    settings_room.use(replace(settings, webhook_hosts=",".join(names)))
    unlucky = signed_in(world.tenant)
    for name in names:
        register(unlucky, replace(browser, endpoint=f"http://{name}:{hanging}/push"), f"web-{name}")
    asked: list[str] = []

    def hang(_method: str, url: str, *_rest: object) -> None:
        asked.append(url)
        raise TimeoutError

    monkeypatch.setattr(outside, "_exchange", hang)
    vain = tell(unlucky)
    assert len(vain) == len(names)
    jobs.deliver(vain)
    assert len(asked) == 1
    assert sorted(effect(one).tries for one in vain) == [0] * (len(names) - 1) + [1]


def test_a_service_that_is_back_gets_what_waited(
    world: World, browser: Browser, listener: Listener, hanging: int, move_clock: Callable[..., Any]
) -> None:
    actor = signed_in(world.tenant)
    register(actor, browser)
    owed = tell(*[actor] * 3)
    peace.found_away("push " + listener.url.split("/")[2])
    jobs.deliver(owed)
    assert listener.got == []
    move_clock(seconds=peace.PAUSE.total_seconds() + 1)
    jobs.deliver(owed)
    assert {effect(one).state for one in owed} == {"done"}


def test_a_device_that_is_gone_costs_the_others_nothing(
    world: World, browser: Browser, listener: Listener, move_clock: Callable[..., Any]
) -> None:
    """A 410 is an answer: the device is removed, and the same service is asked for the next one at once."""
    gone, other = signed_in(world.tenant), signed_in(world.buyer)
    register(gone, browser)
    listener.status = 410
    jobs.deliver(tell(gone))
    assert registered() == []
    register(other, browser)
    listener.status = 201
    [owed] = tell(other)
    jobs.deliver([owed])
    assert effect(owed).state == "done"


def test_a_place_that_stays_away_is_asked_more_and_more_seldom(move_clock: Callable[..., Any], app: Flask) -> None:
    peace._away.clear()
    for seconds in (15, 30, 60, 120, 120):
        with pytest.raises(peace.Unreachable), peace.left_in_peace("host"):
            raise peace.Unreachable("nobody there")
        pause = peace._away["host"].until - clock.now()
        assert timedelta(seconds=seconds - 1) < pause <= timedelta(seconds=seconds)
        with pytest.raises(PutOff), peace.left_in_peace("host", "another"):
            raise AssertionError("it was to be left in peace")
        move_clock(seconds=seconds)
    with pytest.raises(PassingFault), peace.left_in_peace("host"):
        raise PassingFault("503: it answers at least")
    peace.check("host")
