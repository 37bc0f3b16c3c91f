"""A mail server that refuses, hangs or chokes on one mail of many: the others, and what is no mail, are not held up."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from flows.access import read_as
from flows.models import Effect, Notice, User
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from messaging import peace
from tests.messaging.conftest import Owe, effect
from tests.messaging.test_mails import Postman, postman, use_smtp
from tests.messaging.test_webhooks import Listener, listener
from tests.messaging.waiting import free_port
from tests.world import World
from worker import jobs

__all__ = ["listener", "postman"]  # fixtures

pytestmark = [pytest.mark.requirement("X36"), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

PEOPLE = ("buyer", "colleague", "acme_owner", "stranger", "tenant")


def owe_many(owe: Owe, world: World, many: int) -> list[int]:
    """Mails to different people, because one gets 20 a day."""
    return [owe(to=world.user_ids[PEOPLE[n % len(PEOPLE)]]) for n in range(many)]


def states() -> dict[str, int]:
    end_reading()
    query = select(Effect.state, func.count()).where(Effect.kind == "email").group_by(Effect.state)
    return {state: count for state, count in read_as(SYSTEM).execute(query)}  # noqa: C416  # rows are no pairs for mypy


def test_one_poison_mail_in_a_hundred(owe: Owe, world: World, postman: Postman) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(User, world.user_ids["reader"]).email = "poison@example.com"
    postman.answers["poison@example.com"] = "550 mailbox unavailable"
    owed = owe_many(owe, world, 99)
    poison = owe(to=world.user_ids["reader"])
    began = time.monotonic()
    jobs.deliver([*owed[:50], poison, *owed[50:]])
    assert time.monotonic() - began < 30
    assert states() == {"done": 99, "incident": 1}
    assert len(postman.taken) == 99
    assert effect(poison).last_fault == "the mail server says 550 mailbox unavailable"
    told = read_as(SYSTEM).scalars(select(Notice).where(Notice.kind == "trouble")).all()
    assert {notice.user_id for notice in told} == {world.user_ids["agent"], world.user_ids["admin"]}
    assert "550 mailbox unavailable" in told[0].text


def test_a_server_that_hangs_holds_up_one_mail_and_no_webhook(
    app: Flask, owe: Owe, owe_hook: Owe, world: World, listener: Listener, move_clock: Callable[..., Any]
) -> None:
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        use_smtp(app, hanging.getsockname()[1], timeout=0.5)
        first, *others = owe_many(owe, world, 20)
        hook = owe_hook(listener.url)
        began = time.monotonic()
        jobs.deliver([first, *others, hook])
        assert time.monotonic() - began < 5, "twenty mails wait half a second in all"
    assert effect(hook).state == "done"
    assert (effect(first).tries, effect(first).state) == (1, "pending")
    assert "cannot be reached" in effect(first).last_fault
    assert {effect(other).tries for other in others} == {0}, "what was not tried is not counted"
    assert effect(others[0]).next_at <= effect(first).created_at + peace.PAUSE + timedelta(seconds=5)


def test_a_server_that_is_back_gets_all_of_them(
    app: Flask, owe: Owe, world: World, postman: Postman, move_clock: Callable[..., Any]
) -> None:
    alive = app.config["MAIL_PORT"]
    use_smtp(app, free_port())
    owed = owe_many(owe, world, 10)
    jobs.deliver(owed)
    assert states() == {"pending": 10}
    use_smtp(app, alive)
    move_clock(seconds=16)
    jobs.deliver(owed)
    assert states() == {"done": 10}
    assert len(postman.taken) == 10


def test_a_server_that_says_later_to_one_mail_takes_the_others(owe: Owe, world: World, postman: Postman) -> None:
    postman.answers["carl@example.com"] = "451 greylisted"
    owed = owe_many(owe, world, 10)
    jobs.deliver(owed)
    assert states() == {"done": 8, "pending": 2}
    assert {effect(one).tries for one in owed} == {1}
