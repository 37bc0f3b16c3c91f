"""200 timers come due while workers are killed and Redis is emptied and killed: each fires once, within 30 seconds."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from select import select as readable

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from flows.access import read_as
from flows.actions import ordering
from flows.actions.ordering import Item
from flows.clock import clock
from flows.db import db
from flows.models import Effect, TimelineEvent, Timer
from flows.queries import invariants
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import unit_of_work
from tests.world import World
from worker import valkey

COUNT = 200
LONGEST_SECONDS = 30


class House:
    """Valkey, a worker and a ticker as real processes that the test may kill and start again."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.socket = folder / "valkey.sock"
        self._env = {
            **os.environ, "BATON_MODE": "test", "BATON_DATA": settings.data, "DATABASE_URL": settings.database_url,
            "SECRET_KEY": settings.secret_key, "REDIS_URL": f"unix://{self.socket}",
        }  # fmt: skip
        self._commands = {
            "valkey": valkey.command_line(folder, self.socket),
            "worker": [sys.executable, "-m", "worker", "worker"],
            "ticker": [sys.executable, "-m", "worker", "tick"],
        }
        self._log = (Path(settings.data) / "house.log").open("ab")
        self._last_breath, self._alive = os.pipe()  # ends with the last process that was given it
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        self.running[name] = subprocess.Popen(
            self._commands[name], env=self._env, stdout=self._log, stderr=subprocess.STDOUT, pass_fds=(self._alive,)
        )

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running.pop(name).wait()

    def empty_redis(self) -> None:
        Redis.from_url(f"unix://{self.socket}").flushall()

    def close(self) -> None:
        """Kill everybody, then wait for the last of them: the child of a killed worker ends its job first."""
        for name in [*self.running]:
            self.kill(name)
        os.close(self._alive)
        with open(self._last_breath, "rb") as breath:
            ended, _, _ = readable([breath], [], [], LONGEST_SECONDS)
            assert ended, "a process of the house outlived it"
        self._log.close()


@pytest.fixture
def parts() -> tuple[str, ...]:
    """What a worker loads."""
    return ("messaging",)


@pytest.fixture
def house(app: Flask, settings: Settings) -> Iterator[House]:
    """Running, with the clock back at the real time."""
    with tempfile.TemporaryDirectory(prefix="baton-") as folder:
        house = House(settings, Path(folder))
        house.start("valkey")
        while not valkey.answers(house.socket):
            time.sleep(0.02)
        yield house
        house.close()


def ended() -> int:
    found = read_as(SYSTEM).scalar(select(func.count()).where(Timer.ended_at.is_not(None))) or 0
    db.session.rollback()
    return found


def until(what: Callable[[], bool], deadline: float) -> None:
    while not what():
        assert time.monotonic() < deadline, f"only {ended()} of {COUNT} timers fired in time"
        time.sleep(0.01)


def orders_of_four_days_ago(world: World) -> None:
    """200 orders whose first reminder, on the third day, is due now and no other."""
    clock.follow(None)
    clock.move(-timedelta(days=4))
    with unit_of_work(world.buyer) as work:
        for _ in range(COUNT):
            ordering.place(work, world.acme, [Item(world.coro, 1)])
    clock.follow(None)


@pytest.mark.chaos
@pytest.mark.requirement("A10")
def test_killed_workers_and_an_emptied_and_killed_redis_lose_and_double_nothing(world: World, house: House) -> None:
    orders_of_four_days_ago(world)
    for name in ("ticker", "worker"):
        house.start(name)
    until(lambda: ended() > 0, time.monotonic() + 20)
    began = time.monotonic()
    deadline = began + LONGEST_SECONDS
    until(lambda: ended() >= 20, deadline)
    house.kill("worker")
    house.empty_redis()
    at_the_kill = ended()
    assert at_the_kill < COUNT, "the kill came too late to mean anything"
    house.start("worker")
    until(lambda: ended() >= min(at_the_kill + 50, COUNT), deadline)
    house.kill("valkey")
    house.kill("worker")
    time.sleep(1)
    house.start("valkey")
    house.start("worker")
    until(lambda: ended() >= COUNT, deadline)

    def count(of: object, *conditions: object) -> int:
        return read_as(SYSTEM).scalar(select(func.count()).select_from(of).where(*conditions)) or 0  # type: ignore[arg-type, call-overload]  # any table, any column

    assert count(Timer, Timer.ending == "fired") == COUNT
    assert count(TimelineEvent, TimelineEvent.kind == "timer_fired") == COUNT
    assert count(Effect, Effect.chain.contains(":timer.reminder.1")) == COUNT
    assert not any(invariants.broken(read_as(SYSTEM)).values())
