"""Who looks at which request just now, and who types: what lives in sockets alone (API.md section 8).

One live process holds all sockets, so this is a few dictionaries in it. Rooms are `instance:<uid>`, entered only after
`flows.access` has found the request for the actor of that very moment; whoever is signed out, or may see less, is
disconnected by the sweep of `messaging.live`, and a closed socket has left every room.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Flask, request
from flask_socketio import SocketIO, join_room, leave_room
from sqlalchemy.exc import SQLAlchemyError

from flows import access
from flows.actions.accounts.sessions import actor_of_session
from flows.db import db
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import BatonError
from flows.work import end_reading
from messaging.live_gate import Visitor

log = structlog.get_logger(__name__)

NAMESPACES = {"/portal": "customer", "/staff": "staff"}
MOST_WATCHED = 5
"""Requests that one page looks at; it shows one."""
TYPING_EVERY_SECONDS = 1.0
LONGEST_ID = 64


@dataclass
class Looker:
    """One page: whose it is, what it looks at, and when it last said that somebody types."""

    name: str
    namespace: str
    watched: list[str] = field(default_factory=list)
    typed_at: float = 0.0


class Talk:
    """What pages say over their sockets. Nothing here is kept, and nothing here may be relied on."""

    def __init__(self, app: Flask, sockets: SocketIO) -> None:
        self._app, self._sockets = app, sockets
        self._lookers: dict[str, Looker] = {}
        self._there: defaultdict[str, set[str]] = defaultdict(set)
        for namespace in NAMESPACES:
            for name, act in (
                ("instance.watch", self._watch),
                ("instance.unwatch", self._unwatch),
                ("typing", self._typing),
            ):
                sockets.on_event(name, _careful(act, namespace), namespace=namespace)
            sockets.on_event("disconnect", self._leave, namespace=namespace)

    def _watch(self, namespace: str, uid: str, _said: dict[str, Any]) -> None:
        """Enter the room of a request that this person may see now; a stranger hears nothing, not even a refusal."""
        visitor: Visitor = request.environ["baton.visitor"]
        actor = self._actor(visitor)
        if actor is None or not self._may_see(actor, uid):
            return
        looker = self._lookers.setdefault(_page(), Looker(actor.name, namespace))
        if uid not in looker.watched:
            while len(looker.watched) >= MOST_WATCHED:
                self._forget(_page(), looker, looker.watched[0])
            looker.watched.append(uid)
        self._there[uid].add(_page())
        join_room(f"instance:{uid}")
        self._tell_who_is_there(uid)

    def _unwatch(self, _namespace: str, uid: str, _said: dict[str, Any]) -> None:
        looker = self._lookers.get(_page())
        if looker is not None and uid in looker.watched:
            self._forget(_page(), looker, uid)

    def _typing(self, _namespace: str, uid: str, said: dict[str, Any]) -> None:
        """Told to everybody else in the room; more often than once a second it is passed over."""
        looker = self._lookers.get(_page())
        on = said.get("on")
        if looker is None or uid not in looker.watched or not isinstance(on, bool):
            return
        now = time.monotonic()
        if on and now - looker.typed_at < TYPING_EVERY_SECONDS:
            return
        looker.typed_at = now if on else 0.0
        payload = {"id": uid, "name": looker.name, "on": on}
        for namespace in NAMESPACES:
            self._sockets.emit(
                "typing", payload, namespace=namespace, to=f"instance:{uid}", skip_sid=_page()
            )  # fmt: skip

    def _leave(self, *_reason: object) -> None:
        looker = self._lookers.get(_page())
        if looker is None:
            return
        for uid in [*looker.watched]:
            self._forget(_page(), looker, uid, is_gone=True)

    def _forget(self, sid: str, looker: Looker, uid: str, is_gone: bool = False) -> None:
        looker.watched.remove(uid)
        self._there[uid].discard(sid)
        if not is_gone:
            leave_room(f"instance:{uid}", sid=sid, namespace=looker.namespace)
        if not looker.watched:
            self._lookers.pop(sid, None)
        self._tell_who_is_there(uid)
        if not self._there[uid]:
            del self._there[uid]

    def _tell_who_is_there(self, uid: str) -> None:
        """Each colleague hears of the others; a customer does not hear who of ours looks at their request."""
        there = {sid: self._lookers[sid] for sid in self._there.get(uid, ()) if sid in self._lookers}
        for sid, looker in there.items():
            if looker.namespace == "/staff":
                others = {one.name for one in there.values() if one.name != looker.name}
                self._sockets.emit(
                    "presence", {"id": uid, "viewers": sorted(others)}, namespace="/staff", to=sid
                )  # fmt: skip

    def _actor(self, visitor: Visitor) -> Actor | None:
        with self._app.app_context():
            try:
                return actor_of_session(access.read_as(SYSTEM), visitor.session_id)
            finally:
                end_reading()

    def _may_see(self, actor: Actor, uid: str) -> bool:
        with self._app.app_context():
            try:
                found = access.read_as(actor).scalar(access.named_instance(actor, uid))
                return found is not None and found.uid == uid
            finally:
                end_reading()
                db.session.remove()


def _page() -> str:
    """The socket that speaks, by the name that Socket.IO gives it."""
    sid: str = request.sid  # type: ignore[attr-defined]  # Socket.IO adds it
    return sid


def _careful(act: Callable[[str, str, dict[str, Any]], None], namespace: str) -> Callable[..., None]:
    """Nonsense is passed over; a database that is away costs one hint, and no socket."""

    def hear(said: object = None, *_more: object) -> None:
        uid = said.get("id") if isinstance(said, dict) else None
        if not isinstance(uid, str) or not 0 < len(uid) <= LONGEST_ID:
            return
        try:
            act(namespace, uid, said if isinstance(said, dict) else {})
        except (SQLAlchemyError, BatonError):
            log.exception("live_event_failed")

    return hear
