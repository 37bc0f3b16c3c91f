"""The live process: sockets that tell pages what has changed. It alone holds connections open."""

from __future__ import annotations

import signal
from typing import Any

import gevent
import orjson
import structlog
from flask import Flask, request
from flask_socketio import SocketIO, join_room
from gevent.pool import Pool
from gevent.pywsgi import WSGIServer
from redis import Redis
from redis.exceptions import RedisError

from flows.access import read_as
from flows.actions.accounts.sessions import living
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import end_reading
from messaging.live_gate import Gate, Visitor, rooms_of
from messaging.live_limits import Impatient, limit, tidy
from messaging.live_talk import BEAT_SECONDS, Talk
from messaging.poke import CHANNEL, Poke

log = structlog.get_logger(__name__)

MOST_CONNECTIONS = 5000
LARGEST_FRAME_BYTES = 4096
"""What clients send is a few words; everything large goes over HTTP."""
SWEEP_SECONDS = 5
RECONNECT_SECONDS = 1
STAFF_EVERY_SECONDS = 1
MESSAGE = "message.created"


def serve(app: Flask, host: str, port: int) -> None:
    """Serve sockets until SIGTERM or SIGINT. Needs gevent's patches in place before the application was made."""
    settings: Settings = app.config["BATON"]
    sockets = sockets_of(app)
    talk = Talk(app, sockets)
    gate = Gate(app, tidy(sockets.server.eio, app.wsgi_app))
    gevent.spawn(_relay, sockets, Crier(sockets, talk), settings.redis)
    gevent.spawn(_sweep, app, sockets, gate)
    gevent.spawn(_beat, talk)
    server = WSGIServer((host, port), gate, spawn=Pool(MOST_CONNECTIONS), log=None, handler_class=Impatient)
    for sign in (signal.SIGTERM, signal.SIGINT):
        gevent.signal_handler(sign, server.stop, 1)
    log.info("live", host=host, port=port)
    server.serve_forever(stop_timeout=1)
    talk.end()


def sockets_of(app: Flask) -> SocketIO:
    """Socket.IO over WebSocket only, with its two namespaces. The gate before it has checked who comes from where."""
    sockets = SocketIO(
        app,
        async_mode="gevent",
        async_handlers=False,
        manage_session=False,
        transports=["websocket"],
        cors_allowed_origins="*",
        max_http_buffer_size=LARGEST_FRAME_BYTES,
        ping_interval=25,
        ping_timeout=20,
    )
    for namespace, kind in (("/portal", "customer"), ("/staff", "staff")):
        sockets.on_event("connect", _welcome(kind), namespace=namespace)
    limit(sockets.server.eio)
    return sockets


def _welcome(kind: str) -> Any:
    def connect(_auth: object = None) -> bool:
        visitor: Visitor = request.environ["baton.visitor"]
        if visitor.kind != kind:
            return False
        for room in visitor.rooms:
            join_room(room)
        return True

    return connect


def _relay(sockets: SocketIO, crier: Crier, url: str) -> None:
    """Pass on what is published after each commit; when Redis was away, everybody is asked to look anew."""
    was_away = False
    while True:
        try:
            with (
                Redis.from_url(url, socket_connect_timeout=2, health_check_interval=10) as redis,
                redis.pubsub(ignore_subscribe_messages=True) as heard,
            ):
                heard.subscribe(CHANNEL)
                if was_away:
                    _everybody(sockets, "resync")
                was_away = False
                while True:
                    said = heard.get_message(timeout=5)
                    if said is not None:
                        crier.pass_on(said["data"])
        except (RedisError, OSError) as fault:
            if not was_away:
                log.warning("redis_away", fault=f"{type(fault).__name__}: {fault}")
            was_away = True
            gevent.sleep(RECONNECT_SECONDS)


class Crier:
    """Passes on what is published: pokes in a list, or words of a live process."""

    def __init__(self, sockets: SocketIO, talk: Talk) -> None:
        self._sockets, self._talk = sockets, talk
        self._said_last: dict[str, Any] | None = None

    def pass_on(self, words: bytes) -> None:
        """Nonsense is logged and passed over."""
        try:
            said = orjson.loads(words)
            if isinstance(said, dict):
                self._talk.hear(said)
                return
            for poke in said:
                self._emit(poke)
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            log.warning("unreadable_poke", fault=f"{type(fault).__name__}: {fault}")

    def _emit(self, poke: Poke) -> None:
        payload = {name: poke["payload"][name] for name in ("id", "seq", "type")}
        for room in poke["rooms"]:
            if room == "staff" and poke["event"] == MESSAGE:
                self._tell_staff(payload)
                continue
            for namespace in _doors_of(room):
                self._sockets.emit(poke["event"], payload, namespace=namespace, to=room)

    def _tell_staff(self, payload: dict[str, Any]) -> None:
        """Who looks at the conversation hears at once. The others would ask for their lists anew: once a second is
        enough for all that was said in it.
        """
        self._sockets.emit(MESSAGE, payload, namespace="/staff", to=f"instance:{payload['id']}")
        if self._said_last is None:
            gevent.spawn_later(STAFF_EVERY_SECONDS, self._tell_the_others)
        self._said_last = payload

    def _tell_the_others(self) -> None:
        payload, self._said_last = self._said_last, None
        if payload is not None:
            heard = self._sockets.server.manager.get_participants("/staff", f"instance:{payload['id']}")
            told = [sid for sid, _ in heard]
            self._sockets.emit(MESSAGE, payload, namespace="/staff", to="staff", skip_sid=told)


def _doors_of(room: str) -> tuple[str, ...]:
    """Namespaces share no rooms: those who look at a request, and a person's own pages, may come through either."""
    if room.startswith(("instance:", "user:")):
        return ("/portal", "/staff")
    return ("/staff",) if room == "staff" else ("/portal",)


def _everybody(sockets: SocketIO, name: str) -> None:
    for namespace in ("/portal", "/staff"):
        sockets.emit(name, {}, namespace=namespace)


def _sweep(app: Flask, sockets: SocketIO, gate: Gate) -> None:
    """Close the sockets of sessions that have ended: signed out, idle, disabled."""
    while True:
        gevent.sleep(SWEEP_SECONDS)
        try:
            with app.app_context():
                end_dead(sockets, gate)
        except Exception:  # a database that is away for a while must not end the sweeping
            log.exception("sweep_failed")


def _beat(talk: Talk) -> None:
    """Tell the other live processes, every few seconds, who looks through this one."""
    while True:
        talk.beat()
        gevent.sleep(BEAT_SECONDS)


def end_dead(sockets: SocketIO, gate: Gate) -> None:
    """Tell and disconnect everybody whose session is over; let those who may hear something else now connect anew."""
    held = gate.held()
    alive = living(read_as(SYSTEM), held) if held else set()
    rooms = rooms_of(read_as(SYSTEM), alive) if alive else {}
    end_reading()
    for session_id in set(gate.outdated(rooms)) & alive:
        gate.forget(session_id)
        for namespace, sid in _sockets_in(sockets, f"session:{session_id}"):
            _hang_up(sockets, namespace, sid)
    for session_id in held - alive:
        for namespace, sid in _sockets_in(sockets, f"session:{session_id}"):
            sockets.emit("session.ended", {"id": "", "seq": 0, "type": "ended"}, namespace=namespace, to=sid)
            _hang_up(sockets, namespace, sid)


def _hang_up(sockets: SocketIO, namespace: str, sid: str) -> None:
    """Not the namespace alone: who they were is known by the connection, and over it they could enter it again."""
    sockets.server.eio.disconnect(sockets.server.manager.eio_sid_from_sid(sid, namespace))


def _sockets_in(sockets: SocketIO, room: str) -> list[tuple[str, str]]:
    listed = sockets.server.manager.get_participants
    return [(namespace, sid) for namespace in ("/portal", "/staff") for sid, _ in list(listed(namespace, room))]
