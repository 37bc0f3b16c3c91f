"""Sockets for tests: a live process as it runs, and pages and apps that speak to it as ours do."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path

from flask import Flask
from redis import Redis
from simple_websocket import Client, ConnectionClosed

from flows.actions import ordering
from flows.actions.accounts.app_tokens import issue_app_tokens
from flows.actions.accounts.sessions import Device, open_sign_in
from flows.actions.ordering import Item
from flows.models import Instance, User
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import unit_of_work
from messaging.poke import CHANNEL
from tests.messaging.waiting import free_port, wait_for
from tests.world import World

ROOT = Path(__file__).parents[2]


class Page:
    """A browser's page: the same four packets that the portal's own client speaks."""

    def __init__(self, port: int, cookie: str, namespace: str = "/portal", token: str = "") -> None:
        headers = {"Origin": "http://localhost", "Cookie": f"baton={cookie}"}
        if token:  # an app: no cookie, and from nowhere
            headers = {"Authorization": f"Bearer {token}"}
        self.namespace = namespace
        self.socket = Client.connect(f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket", headers=headers)
        # The client reads what came together with the handshake only when more comes, so we do not wait for it.
        self.socket.send(f"40{namespace},{{}}")
        assert self.socket.receive(10).startswith("0")
        self.answer = self.socket.receive(10)

    @property
    def joined(self) -> bool:
        return bool(self.answer.startswith(f"40{self.namespace},"))

    def heard(self, seconds: float = 5) -> tuple[str, dict[str, object]] | None:
        packet = self.socket.receive(seconds)
        if packet == "2":  # asked whether we are still there
            self.socket.send("3")
            return self.heard(seconds)
        if packet is None:
            return None
        name, payload = json.loads(packet.removeprefix(f"42{self.namespace},"))
        return name, payload

    def hears(self, event: str, /, **words: object) -> bool:
        """Whether this is said sooner or later; who comes and goes at once is told together."""
        while (said := self.heard(15)) is not None:
            if said == (event, words):
                return True
        return False

    def last_words(self, seconds: float = 5) -> list[str]:
        """What still comes until the other side closes; a failure when it does not."""
        packets: list[str] = []
        with suppress(ConnectionClosed):
            while (packet := self.socket.receive(seconds)) is not None:
                packets.append(packet)
            raise AssertionError("the socket stays open")
        return packets

    def say(self, name: str, **words: object) -> None:
        self.say_raw(name, words)

    def say_raw(self, name: str, words: object) -> None:
        self.socket.send(f"42{self.namespace},{json.dumps([name, words])}")

    def close(self) -> None:
        with suppress(ConnectionClosed):
            self.socket.close()
        self.socket.thread.join(5)
        self.socket.sock.close()


def start_live(settings: Settings, valkey: str) -> tuple[subprocess.Popen[bytes], int]:
    """A live process that hears Valkey, and its port."""
    port = free_port()
    env = {
        **os.environ,
        "BATON_MODE": "test",
        "BATON_DATA": str(settings.folder),
        "BATON_PUBLIC_URL": "http://localhost",
        "SECRET_KEY": "k" * 40,
        "REDIS_URL": valkey,
        "BATON_LIVE_PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    with Redis.from_url(valkey) as redis:
        others = redis.pubsub_numsub(CHANNEL)[0][1]
        server = subprocess.Popen([sys.executable, "-m", "worker", "live"], env=env, cwd=ROOT)
        wait_for(lambda: listens(port) and redis.pubsub_numsub(CHANNEL)[0][1] > others, 60)
    return server, port


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def cookie(app: Flask, user_id: int) -> str:
    """The cookie of a browser that this person has signed in with."""
    return cookie_with(app, token_of_browser(user_id))


def token_of_browser(user_id: int) -> str:
    with unit_of_work(SYSTEM) as work:
        return open_sign_in(work, work.session.get_one(User, user_id), Device()).token


def phone_token(user_id: int) -> str:
    """The access token of an app that this person has signed in with."""
    with unit_of_work(SYSTEM) as work:
        signed_in = open_sign_in(work, work.session.get_one(User, user_id), Device(installation_id="phone", door="app"))
        return issue_app_tokens(signed_in).access_token


def cookie_with(app: Flask, token: str) -> str:
    """The cookie in which the application keeps this token."""
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # Flask's default one has it
    return str(serializer.dumps({"token": token}))


def status(port: int, own: str = "", origin: str = "http://localhost", bearer: str | None = None) -> int:
    """What the gate answers to the handshake."""
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Origin": origin,
        "Cookie": f"baton={own}",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    if bearer is not None:
        headers["Authorization"] = f"Bearer {bearer}"
    asked = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        asked.request("GET", "/socket.io/?EIO=4&transport=websocket", headers=headers)
        return asked.getresponse().status
    finally:
        asked.close()


def begun(world: World) -> str:
    """A task of the buyer's organisation that can be talked about; its id."""
    with unit_of_work(world.buyer) as work:
        order = ordering.place(work, world.acme, [Item(world.coro, 1)])
        work.session.flush()
        return str(work.session.query(Instance).filter_by(subject=order.subject).one().uid)
