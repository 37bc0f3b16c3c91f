"""Waiting for what another process or thread does, and a port for it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable


def wait_for(what: Callable[[], object], seconds: float = 10) -> None:
    """Until it is so; a failure after `seconds`."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
