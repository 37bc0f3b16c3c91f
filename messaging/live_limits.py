"""What one client may ask of the live process: to say in time what it wants, and then not to talk without end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import gevent
import structlog
from gevent.pywsgi import WSGIHandler

log = structlog.get_logger(__name__)

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
HEAD_SECONDS = 10
"""For each part of a request's head. Whoever opens connections and says nothing must not keep the pages out."""
MOST_WORDS, IN_SECONDS = 40, 10
"""What a socket may say in so many seconds; a page with a conversation says a few words in them."""


class Impatient(WSGIHandler):
    """gevent's handler would wait for ever for a head that does not come."""

    def read_requestline(self) -> str:
        """The first line, or nothing, which ends the connection."""
        with gevent.Timeout(HEAD_SECONDS, False):
            return str(super().read_requestline())
        return ""

    def read_request(self, raw_requestline: str) -> Any:
        """True when the head could be read; anything else is answered with 400 and ends the connection."""
        with gevent.Timeout(HEAD_SECONDS, False):
            return super().read_request(raw_requestline)
        return False


def limit(engine: Any) -> None:
    """Close sockets that talk too much: every word of every namespace goes through this one place of Engine.IO."""
    hear = engine.handlers["message"]

    def count(sid: str, words: Any) -> None:
        socket = engine.sockets.get(sid)
        if socket is None or socket.closed:
            return
        began, many = socket.session.get("said", (0.0, 0))
        now = time.monotonic()
        began, many = (began, many + 1) if now - began < IN_SECONDS else (now, 1)
        socket.session["said"] = began, many
        if many <= MOST_WORDS:
            hear(sid, words)
            return
        log.warning("socket_says_too_much", words=many, seconds=IN_SECONDS)
        engine.disconnect(sid)

    engine.on("message", count)


def tidy(engine: Any, inside: Wsgi) -> Wsgi:
    """Engine.IO falls over what is no packet and would count the socket among those who look; so it is closed here."""
    enter = engine.handlers["connect"]

    def connect(sid: str, environ: dict[str, Any]) -> Any:
        environ["baton.opened"].append(sid)
        return enter(sid, environ)

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        opened = environ["baton.opened"] = []
        try:
            return inside(environ, start_response)
        except Exception as fault:  # noqa: BLE001  # whatever a stranger's packet sets off
            log.warning("socket_says_nonsense", fault=f"{type(fault).__name__}: {fault}"[:200])
            for sid in opened:
                engine.disconnect(sid)
            return []

    engine.on("connect", connect)
    return call
