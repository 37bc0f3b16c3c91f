"""Who looks at which request just now, and who types: what lives in sockets alone (API.md section 8).

Rooms are `instance:<uid>`, entered only after `flows.access` has found the request for the actor of that very moment;
whoever is signed out, or may see less, is disconnected by the sweep of `messaging.live`, and a closed socket has left
every room. Each live process knows the sockets that it holds and says so to all of them, itself included, on the
channel of the pokes; nothing of it is kept in Redis. It says all of it again every few seconds, so that whoever looked
through a process that was killed looks no more soon after.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
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
from messaging import redis_door
from messaging.live_gate import Visitor
from messaging.poke import CHANNEL

log = structlog.get_logger(__name__)

NAMESPACES = {"/portal": "customer", "/staff": "staff"}
MOST_WATCHED = 5
"""Requests that one page looks at; it shows one."""
TYPING_EVERY_SECONDS = 1.0
LONGEST_ID = 64
BEAT_SECONDS = 4
LASTS_SECONDS = 12
"""How long a live process counts as running after its last word: three beats, so that one may go astray."""

Said = Mapping[str, Any]
There = dict[str, list[str]]
"""Names of those who look, by the request that they look at."""


@dataclass
class Looker:
    """One page: whose it is, what it looks at, and when it last said that somebody types."""

    name: str
    namespace: str
    watched: list[str] = field(default_factory=list)
    typed_at: float = 0.0


@dataclass
class Process:
    """A live process as it last spoke of itself."""

    heard_at: float
    there: There


class Talk:
    """What pages say over their sockets. Nothing here is kept, and nothing here may be relied on."""

    def __init__(self, app: Flask, sockets: SocketIO) -> None:
        self._app, self._sockets = app, sockets
        self._lookers: dict[str, Looker] = {}
        self._there: defaultdict[str, set[str]] = defaultdict(set)
        self._changed: set[str] = set()
        self._own_id = secrets.token_hex(8)
        self._speaking = threading.RLock()
        self._processes = {self._own_id: Process(time.monotonic(), {})}
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
        self._say(typing={"id": uid, "name": looker.name, "on": on}, but=_page())

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

    # --- between live processes ---

    def beat(self) -> None:
        """Say who looks through this process, and let go of processes that have been silent for too long."""
        with self._speaking:
            self._say(all={uid: self._names_here(uid) for uid in self._there})
        now = time.monotonic()
        for name, process in [*self._processes.items()]:
            if now - process.heard_at > LASTS_SECONDS:
                del self._processes[name]
                self._tell_lookers(process.there)

    def end(self) -> None:
        """Nobody looks through this process any more."""
        self._say(all={})

    def hear(self, said: Said) -> None:
        """What a live process says. One that nobody knew is told of those who look here. KeyError on nonsense."""
        if "typing" in said:
            self._tell_of_typing(said["typing"], said["but"])
            return
        is_new = said["from"] not in self._processes
        known = self._processes.setdefault(said["from"], Process(0, {}))
        known.heard_at = time.monotonic()
        if "all" in said:
            before, known.there = known.there, dict(said["all"])
            self._tell_lookers({uid for uid in {*before, *known.there} if before.get(uid) != known.there.get(uid)})
        else:
            known.there.update(said["some"])
            self._tell_lookers(said["some"])
            known.there = {uid: names for uid, names in known.there.items() if names}
        if is_new:
            self.beat()

    def _say(self, **words: Any) -> None:
        """To every live process; without Redis this one alone hears it."""
        said = {"from": self._own_id, **words}
        if not redis_door.publish(CHANNEL, orjson.dumps(said)):
            self.hear(said)

    def _tell_who_is_there(self, uid: str) -> None:
        """Soon, by one greenlet for all: hundreds of pages may come or go at the same moment."""
        if not self._changed:
            self._sockets.start_background_task(self._tell_changes)
        self._changed.add(uid)

    def _tell_changes(self) -> None:
        with self._speaking:  # publishing waits for Redis: what is true now must not overtake what was before
            changed, self._changed = self._changed, set()
            self._say(some={uid: self._names_here(uid) for uid in changed})

    def _names_here(self, uid: str) -> list[str]:
        return sorted({self._lookers[sid].name for sid in self._there.get(uid, ()) if sid in self._lookers})

    def _tell_of_typing(self, typing: Said, by: str) -> None:
        payload = {name: typing[name] for name in ("id", "name", "on")}
        for namespace in NAMESPACES:
            self._sockets.emit("typing", payload, namespace=namespace, to=f"instance:{typing['id']}", skip_sid=by)

    def _tell_lookers(self, uids: Iterable[str]) -> None:
        """Each colleague hears of the others; a customer does not hear who of ours looks at their request."""
        for uid in uids:
            there = {name for process in self._processes.values() for name in process.there.get(uid, ())}
            for sid in [*self._there.get(uid, ())]:
                looker = self._lookers.get(sid)
                if looker is not None and looker.namespace == "/staff":
                    payload = {"id": uid, "viewers": sorted(there - {looker.name})}
                    self._sockets.emit("presence", payload, namespace="/staff", to=sid)

    # --- who asks ---

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
