"""A TCP line between clients and servers that can be cut: at once, or so that nothing passes and nobody is told."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that sends RST, as a line that breaks in the middle of something does."""


class Line:
    """Leads to the first of some ports that answers, like a balancer; `port` is where it begins."""

    def __init__(self, *targets: int) -> None:
        self._targets = targets
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._is_cut = self._is_silent = self._is_over = False
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._run(self._accept)

    def cut(self, silently: bool = False) -> None:
        """Break every connection and let no new one through; `silently` they stay open and what is sent is lost."""
        self._is_cut, self._is_silent = True, silently
        if not silently:
            self._reset_all()

    def heal(self) -> None:
        """What was cut is broken for good; new connections pass."""
        self._reset_all()
        self._is_cut = self._is_silent = False

    def close(self) -> None:
        """Nothing passes any more, and nothing of it stays."""
        self._is_over = True
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._reset_all()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._is_over:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = None if self._is_cut else self._far_end()
            if far is None:
                if self._is_silent:
                    self._open.add(near)
                else:
                    _reset(near)
                continue
            self._open |= {near, far}
            self._run(self._pass_on, near, far)
            self._run(self._pass_on, far, near)

    def _far_end(self) -> socket.socket | None:
        for port in self._targets:
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", port), 1)
        return None

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            source.settimeout(None)
            while read := source.recv(65536):
                if not self._is_silent:
                    target.sendall(read)
        for end in (source, target):
            self._open.discard(end)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        source.close()

    def _reset_all(self) -> None:
        for end in [*self._open]:
            self._open.discard(end)
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for it
            _reset(end)

    def _run(self, act: Callable[..., None], *arguments: socket.socket) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        self._threads.append(threading.Thread(target=act, args=arguments, daemon=True))
        self._threads[-1].start()


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    end.close()
