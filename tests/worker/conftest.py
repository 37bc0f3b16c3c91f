"""What tests of the worker share: a real Valkey, and orders whose first reminder is due."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from flows.actions import ordering
from flows.actions.ordering import Item
from flows.work import unit_of_work
from tests.world import World
from worker import valkey


@pytest.fixture
def parts() -> tuple[str, ...]:
    """What a worker loads."""
    return ("messaging",)


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """A Valkey of this test process."""
    with tempfile.TemporaryDirectory(prefix="baton-") as folder:
        path = Path(folder) / "valkey.sock"
        server = subprocess.Popen(valkey.command_line(Path(folder), path), stdout=subprocess.DEVNULL)
        while not valkey.answers(path):
            time.sleep(0.02)
        yield f"unix://{path}"
        server.kill()
        server.wait()


@pytest.fixture
def order_coro(app: Flask, world: World, move_clock: Callable[..., object]) -> Callable[[int], None]:
    """Place so many orders that wait for details, then let four days pass: the first reminder of each is due."""

    def place(count: int) -> None:
        for _ in range(count):
            with unit_of_work(world.buyer) as work:
                ordering.place(work, world.acme, [Item(world.coro, 3)])
        move_clock(days=4)

    return place
