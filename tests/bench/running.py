"""The product as `baton up` runs it, on loopback, with people who have a conversation each."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import insert, select

from flows import catalogue
from flows.actions import versions
from flows.actions.accounts.sessions import Device, open_sign_in
from flows.models import Instance, Membership, Organisation, User
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import unit_of_work
from tests.bench import households
from tests.world import World, build_world
from wsgi import create_app

KEY = "k" * 40
OF_ONE_SIGN_IN = 5


@dataclass
class Chat:
    """One conversation: where each side has it, and the cookie that each is signed in with."""

    about: str
    home: str
    desk: str
    customer: str
    staff: str


@dataclass
class Running:
    """A running product, and its application for what only the database knows."""

    app: Flask
    world: World
    port: int
    live_port: int
    chats: list[Chat]


@contextmanager
def running(many: int) -> Iterator[Running]:
    """A product with so many conversations, each of another household and all of a few agents."""
    folder, port = tempfile.mkdtemp(), _free_ports()
    env = {
        "BATON_MODE": "test", "BATON_DATA": folder, "BATON_PORT": str(port), "SECRET_KEY": KEY,
        "BATON_STAFF_TOTP": "optional", "BATON_LOG_LEVEL": "WARNING",
    }  # fmt: skip
    subprocess.run([sys.executable, "-m", "worker", "db", "upgrade"], env={**os.environ, **env}, check=True)
    app = create_app(Settings.from_env(env))
    with app.app_context():
        world = build_world()
        households.people(random.Random(7), many)
        chats = _chats(app, world)
    up = subprocess.Popen([sys.executable, "-m", "worker", "up"], env={**os.environ, **env}, stdout=subprocess.DEVNULL)
    try:
        _wait(port, port + 1)
        yield Running(app, world, port, port + 1, chats)
    finally:
        up.terminate()
        up.wait(30)


def _chats(app: Flask, world: World) -> list[Chat]:
    loaded = catalogue.current().flows["tenant-onboarding"]
    rng, staff = random.Random(7), ""
    with unit_of_work(SYSTEM) as work:
        version = versions.publish(work, loaded)
        work.session.flush()
        same = {
            "flow": loaded.definition.flow, "flow_hash": loaded.content_hash, "flow_version_id": version.id,
            "title": loaded.definition.title, "kind": "Onboarding", "time_zone": "Europe/London",
            "status": "in_progress", "waiting_on": "customer", "closed_at": None, "assignee_id": world.agent.user_id,
        }  # fmt: skip
        homes = work.session.execute(
            select(Organisation.id, Organisation.name, Organisation.address, Membership.user_id)
            .join(Membership, Membership.organisation_id == Organisation.id)
            .where(Organisation.slug.startswith("h"), Organisation.kind == "household")
        ).all()
        rows = [
            households._row(n, rng, home, [world.user_ids["agent"]], work.now) | same for n, home in enumerate(homes)
        ]
        work.session.execute(insert(Instance), rows)
        chats = []
        found = work.session.execute(
            select(Instance.id, Instance.uid, Instance.customer_id).order_by(Instance.id)
        ).all()
        for n, (row_id, uid, customer_id) in enumerate(found):
            if n % OF_ONE_SIGN_IN == 0:
                staff = cookie(app, work, world.user_ids["agent"])
            ref = f"TI-{row_id + 2000}"
            customer = cookie(app, work, customer_id)
            chats.append(Chat(uid, f"/tasks/{ref}/messages", f"/admin/instances/{ref}/messages", customer, staff))
    return chats


def cookie(app: Flask, work: Any, user_id: int) -> str:
    """The cookie of a browser that this person has signed in with."""
    token = open_sign_in(work, work.session.get_one(User, user_id), Device(), both_proved=True).token
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]  # Flask's default one has it
    return str(serializer.dumps({"token": token}))


def _free_ports() -> int:
    """A port whose next is free too, because the live process stands beside the web process."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def _wait(*ports: int) -> None:
    end = time.monotonic() + 60
    for port in ports:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if time.monotonic() > end:
                raise TimeoutError(f"Nothing listens on {port}")
            time.sleep(0.1)
