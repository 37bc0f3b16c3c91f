"""Who may open a socket: asked before the handshake, so that strangers cost a cookie check and nothing more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import structlog
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from flows.access import read_as
from flows.actions.accounts.sessions import actor_for_token
from flows.db import db
from flows.models import Role, SignIn, User
from flows.models.people import user_roles
from flows.narrowing import organisations_of_each
from flows.rules.actors import SYSTEM
from flows.settings import Settings

log = structlog.get_logger(__name__)

PATH = "/socket.io/"
BEARER = "Bearer "
MOST_SOCKETS = 5
"""Of one sign-in in this process: about as many tabs as anybody looks at."""

Answer = Callable[[str, list[tuple[str, str]]], Any]


@dataclass(frozen=True)
class Visitor:
    """Who is at the other end of a socket, and the rooms it hears."""

    session_id: int
    kind: str
    rooms: frozenset[str]


class Gate:
    """WSGI before Socket.IO. A WebSocket lasts as long as its call, so counting calls counts sockets."""

    def __init__(self, app: Flask, inside: Any) -> None:
        self._app, self._inside = app, inside
        self._settings: Settings = app.config["BATON"]
        self._open: Counter[int] = Counter()
        self._rooms: defaultdict[int, set[frozenset[str]]] = defaultdict(set)

    def __call__(self, environ: dict[str, Any], start_response: Answer) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == "/healthz":
            return _say(start_response, "200 OK", "ok")
        if environ.get("PATH_INFO") != PATH or environ.get("HTTP_UPGRADE", "").lower() != "websocket":
            return _say(start_response, "404 Not Found", "Only WebSocket connections are served here")
        is_app = environ.get("HTTP_AUTHORIZATION", "").startswith(BEARER)
        # No page can make a browser send this header, so an app need not say where it comes from.
        if not is_app and not self.is_ours(environ.get("HTTP_ORIGIN", ""), environ.get("HTTP_HOST", "")):
            return _say(start_response, "403 Forbidden", "This origin may not connect")
        try:
            visitor = self._visitor(environ)
        except SQLAlchemyError:
            log.exception("no_database")
            return _say(start_response, "503 Service Unavailable", "Come back in a moment", ("Retry-After", "5"))
        if visitor is None:
            return _say(start_response, "401 Unauthorized", "Sign in first")
        if self._open[visitor.session_id] >= MOST_SOCKETS:
            return _say(start_response, "429 Too Many Requests", "Too many open pages", ("Retry-After", "30"))
        return self._through(visitor, environ, start_response)

    def held(self) -> set[int]:
        """The sign-ins that have a socket open."""
        return set(self._open)

    def outdated(self, rooms: dict[int, frozenset[str]]) -> list[int]:
        """The sign-ins with a socket in other rooms than these: a role or a membership has come or gone since."""
        return [one for one, entered in [*self._rooms.items()] if entered != {rooms.get(one)}]

    def forget(self, session_id: int) -> None:
        """Its sockets are being closed; the rooms they were in count no more."""
        self._rooms.pop(session_id, None)

    def is_ours(self, origin: str, host: str) -> bool:
        """True for the portal's own origin, also under another name of this host; browsers always send one."""
        if origin == self._settings.origin:
            return True
        try:
            there, here = urlsplit(origin), urlsplit(f"//{host}")
            port = there.port or {"http": 80, "https": 443}.get(there.scheme)
        except ValueError:
            return False
        ours = {self._settings.port, urlsplit(self._settings.origin).port}
        return there.scheme in ("http", "https") and there.hostname == here.hostname is not None and port in ours

    def _through(self, visitor: Visitor, environ: dict[str, Any], start_response: Answer) -> Iterable[bytes]:
        self._open[visitor.session_id] += 1
        self._rooms[visitor.session_id].add(visitor.rooms)
        environ["baton.visitor"] = visitor
        try:
            return self._inside(environ, start_response)
        finally:
            self._open[visitor.session_id] -= 1
            self._open += Counter()  # lets go of those at zero
            if visitor.session_id not in self._open:
                self.forget(visitor.session_id)

    def _visitor(self, environ: dict[str, Any]) -> Visitor | None:
        """Who it is: by the token of an app, or by the cookie of a browser."""
        bearer = environ.get("HTTP_AUTHORIZATION", "")
        if bearer.startswith(BEARER):
            return self._carrier_of(bearer.removeprefix(BEARER).strip(), "app")
        # The signature of the cookie is checked without the database; only who was signed in once gets further.
        session = self._app.session_interface.open_session(self._app, self._app.request_class(environ))
        token = session.get("token") if session else None
        return self._carrier_of(token, "web") if isinstance(token, str) else None

    def _carrier_of(self, token: str, door: Literal["web", "app"]) -> Visitor | None:
        with self._app.app_context():
            actor = actor_for_token(db.session(), token, door)
            if actor is None or actor.session_id is None:
                return None
            rooms = rooms_of(read_as(SYSTEM), [actor.session_id])
            return Visitor(actor.session_id, actor.kind, rooms[actor.session_id])


def rooms_of(session: Session, sign_in_ids: Collection[int]) -> dict[int, frozenset[str]]:
    """What each of these sign-ins may hear now, in three statements however many they are."""
    query = select(SignIn.id, SignIn.user_id, User.kind).join(User, User.id == SignIn.user_id)
    rows = session.execute(query.where(SignIn.id.in_(sign_in_ids))).all()
    accounts = organisations_of_each(session, {row.user_id for row in rows if row.kind == "customer"})
    viewers = _who_may_view(session, {row.user_id for row in rows if row.kind == "staff"})
    return {
        row.id: frozenset(
            (
                f"user:{row.user_id}",
                f"session:{row.id}",
                *(["staff"] if row.user_id in viewers else []),
                *(f"account:{organisation_id}" for organisation_id in accounts.get(row.user_id, ())),
            )
        )
        for row in rows
    }


def _who_may_view(session: Session, staff_ids: Collection[int]) -> set[int]:
    query = select(user_roles.c.user_id, Role.permissions).join(Role, Role.id == user_roles.c.role_id)
    granted = session.execute(query.where(user_roles.c.user_id.in_(staff_ids)))
    return {user_id for user_id, permissions in granted if "view" in permissions}


def _say(start_response: Answer, status: str, words: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    body = words.encode()
    kind = ("Content-Type", "text/plain; charset=utf-8")
    start_response(status, [kind, ("Content-Length", str(len(body))), *headers])
    return [body]
