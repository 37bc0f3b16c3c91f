"""The product as `baton up` runs it, on loopback, with people who have a conversation each."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
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
from tests.walks.product import free_port, up, wait_for
from tests.world import World, build_world
from wsgi import create_app

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
    """A running product, and who talks in it."""

    port: int
    live_port: int
    chats: list[Chat]


@contextmanager
def running(many: int) -> Iterator[Running]:
    """A product with so many conversations, each of another household and all of a few agents."""
    folder, port = tempfile.mkdtemp(), free_port()
    env = {
        "BATON_MODE": "test", "BATON_DATA": folder, "BATON_PORT": str(port), "DATABASE_URL": "", "REDIS_URL": "",
        "SECRET_KEY": "k" * 40, "BATON_STAFF_TOTP": "optional", "BATON_LOG_LEVEL": "WARNING",
    }  # fmt: skip
    subprocess.run([sys.executable, "-m", "worker", "db", "upgrade"], env={**os.environ, **env}, check=True)
    app = create_app(Settings.from_env(env))
    with app.app_context():
        world = build_world()
        households.people(random.Random(7), many)
        chats = _chats(app, world)
    with up(Path(folder), port, **env):
        wait_for(lambda: listens(port + 1), f"the live process, see {folder}")
        yield Running(port, port + 1, chats)


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
            households.row_of(n, rng, home, [world.user_ids["agent"]], work.now) | same for n, home in enumerate(homes)
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


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
