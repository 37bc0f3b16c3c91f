"""A line that breaks: a proxy that cuts requests before, within, or in the middle of their answer."""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

PATIENCE_SECONDS = 30
FATES = ("before", "within", "answer")


class BadLine:
    """Between a client and a server; one request a connection. `share` of them is cut, `is_down` cuts them all."""

    def __init__(self, server: str, share: float = 0.0, seed: int = 0) -> None:
        there = urlsplit(server)
        self.server, self.share, self.is_down = (there.hostname or "", there.port or 80), share, False
        self._random, self._lock, self.fates = random.Random(seed), threading.Lock(), Counter[str]()
        self.cut_next: list[tuple[str, str]] = []
        """Path endings and what happens to the next request that has them."""
        self._door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:  # closed: the test is over
                return
            threading.Thread(target=self._one, args=(client,), daemon=True).start()

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()

    @property
    def cut(self) -> int:
        return sum(self.fates[fate] for fate in FATES)

    def _one(self, client: socket.socket) -> None:
        with client:
            client.settimeout(PATIENCE_SECONDS)
            try:
                self._pass_on(client)
            except OSError:  # the client was killed, or the server is gone
                with self._lock:
                    self.fates["gone"] += 1

    def _pass_on(self, client: socket.socket) -> None:
        request = _read_request(client)
        if not request:
            return
        fate, point = self._fate(request)
        if fate == "before":
            return
        with socket.create_connection(self.server, PATIENCE_SECONDS) as server:
            if fate == "within":
                server.sendall(request[: int(len(request) * point)])
                return
            server.sendall(request)
            answer = b"".join(iter(lambda: server.recv(65536), b""))
        client.sendall(answer[: int(len(answer) * point)] if fate == "answer" else answer)

    def _fate(self, request: bytes) -> tuple[str, float]:
        path = request.split(b" ", 2)[1].decode().partition("?")[0]
        with self._lock:
            draw, fate, point = self._random.random(), self._random.choice(FATES), self._random.random()
            if self.is_down:
                fate = "before"
            elif self.cut_next and path.endswith(self.cut_next[0][0]):
                fate = self.cut_next.pop(0)[1]
            elif draw >= self.share:
                fate = "whole"
            self.fates[fate] += 1
        return fate, point


@contextmanager
def bad_line(server: str, share: float = 0.0, seed: int = 0) -> Iterator[BadLine]:
    line = BadLine(server, share, seed)
    threading.Thread(target=line.serve, daemon=True).start()
    yield line
    line.close()


def _read_request(client: socket.socket) -> bytes:
    """A whole request, which asks for its connection to be closed; nothing when the client went away before."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        more = client.recv(65536)
        if not more:
            return b""
        raw += more
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    length = next((int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        more = client.recv(65536)
        if not more:
            return b""
        body += more
    return b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + body
