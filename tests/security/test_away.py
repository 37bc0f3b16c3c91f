"""What is away is said to be away: 503 without a database; without Redis or mail everything goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from flows.access import read_as
from flows.db import db
from flows.models import Effect, Order
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import end_reading
from messaging import outbox
from messaging.mailing import smtp_from
from tests.security.conftest import ANSWERS, Happened, Person
from tests.security.test_role_matrix import ask, path_of, rules, unsafe
from tests.world import World
from wsgi import create_app

NEED_NO_DATABASE = {"static", "healthz", "readyz"}


@pytest.fixture
def lost(app: Flask, settings: Settings, database: str, everybody: dict[str, Person], tmp_path: Path) -> Flask:
    """The same product after its database has gone: a closed port, or a folder that is no database."""
    for person in everybody.values():
        person.token()
    gone = "postgresql://nobody@127.0.0.1:9/none" if database == "postgres" else f"sqlite:///{tmp_path}/gone/baton.db"
    away = create_app(replace(settings, database_url=gone))
    away.testing = False
    return away


def move(person: Person, app: Flask) -> Person:
    """The same browser, now talking to that application."""
    client = app.test_client()
    cookie = person.client.get_cookie("baton")
    if cookie is not None:
        client.set_cookie("baton", cookie.value)
    return replace(person, client=client)


def test_every_door_says_503_while_the_database_is_away(
    lost: Flask, everybody: dict[str, Person], happened: Happened
) -> None:
    asked = 0
    for rule in rules(lost):
        name = "admin" if rule.rule.startswith("/admin") else "buyer"
        person = move(everybody[name], lost)
        for method in ["GET", *unsafe(rule)] if "GET" in (rule.methods or ()) else unsafe(rule):
            if rule.endpoint in NEED_NO_DATABASE or rule.endpoint == "hooks.provisioned":
                continue
            answer = ask(person, method, rule, path_of(rule, happened.ours))
            assert answer.status_code == 503, f"{method} {rule.rule}: {answer.status_code}"
            assert int(answer.headers["Retry-After"]) > 0
            assert not {"sqlite", "psycopg", "127.0.0.1:9", "Traceback"} & set(answer.text.split())
            if rule.rule.startswith("/api/"):
                assert (answer.mimetype, answer.json["code"]) == ("application/problem+json", "unavailable")
            asked += 1
    assert asked > 120
    assert lost.test_client().get("/healthz").status_code == 200
    ready = lost.test_client().get("/readyz")
    assert (ready.status_code, ready.json["ready"], "Retry-After" in ready.headers) == (503, False, True)
    assert move(everybody["buyer"], lost).get("/nowhere").status_code == 503


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_locked_sqlite_is_503_for_writers_and_open_for_readers(
    app: Flask, person: Callable[[str], Person], happened: Happened, settings: Settings, world: World
) -> None:
    buyer = person("buyer")
    buyer.token()
    end_reading()
    db.engine.dispose()
    lock = sqlite3.connect(settings.folder / "baton.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")

    def impatient(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA busy_timeout=100").close()

    event.listen(Engine, "connect", impatient)
    try:
        answer = buyer.post(f"/tasks/{happened.ours.task}/steps/details", ANSWERS)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        body = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": 1}]}
        problem = buyer.call("POST", "/orders", body, Idempotency_Key="locked")
        assert (problem.status_code, problem.mimetype) == (503, "application/problem+json")
        assert buyer.get("/tasks").status_code == 200
    finally:
        event.remove(Engine, "connect", impatient)
        lock.close()
    assert buyer.post(f"/tasks/{happened.ours.task}/steps/details", ANSWERS).status_code == 303


def test_without_redis_the_whole_job_is_done(person: Callable[[str], Person], happened: Happened, world: World) -> None:
    """No test of this folder has a Redis; this one says so and goes from basket to answer."""
    buyer = person("buyer")
    assert buyer.get("/readyz").json["redis"].startswith("away")
    assert buyer.post("/basket", {"product": world.coro, "quantity": "2"}).status_code == 303
    placed = buyer.post("/checkout", {"customer_id": world.acme, "expected_total": "1400"})
    assert placed.status_code == 303
    assert buyer.post(f"/tasks/{happened.ours.task}/steps/details", ANSWERS).status_code == 303
    assert buyer.call("GET", "/orders").status_code == 200


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_mail_server_that_refuses_loses_nothing(app: Flask, happened: Happened) -> None:
    """A closed port: the mail stays owed with its fault and its next try, and the order does not care."""
    mailer = app.extensions["mailman"]
    for name, value in smtp_from("smtp://127.0.0.1:9?timeout=1").items():
        attribute = name.removeprefix("MAIL_").lower()
        if hasattr(mailer, attribute):
            setattr(mailer, attribute, value)
    ids = read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "email", Effect.state == "pending")).all()
    assert ids
    done = [outbox.deliver(effect_id) for effect_id in ids]
    end_reading()
    left = read_as(SYSTEM).scalars(select(Effect).where(Effect.id.in_(ids))).all()
    assert not any(done)
    assert {effect.state for effect in left} == {"pending"}
    first, *others = [effect.last_fault for effect in left]
    assert "cannot be reached" in first
    assert not any(others), "the others are not kept waiting by a server that is known to be away"
    assert read_as(SYSTEM).scalar(select(Order.state).limit(1)) == "awaiting_details"
