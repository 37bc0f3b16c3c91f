"""Staff at their door: clients that are signed in, and a world in which something has happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from flows.actions import accounts, ordering
from flows.actions.accounts import NOBODY, Device
from flows.actions.accounts.sessions import open_sign_in
from flows.actions.ordering import Item
from flows.models import Effect, Instance, SavedReply, SavedView, User
from flows.rules.actors import Actor
from flows.work import unit_of_work
from tests.world import World

ClientOf = Callable[[Actor | None], FlaskClient]


def token_of(actor: Actor) -> str:
    """A session of this person, as a finished sign-in gives it."""
    with unit_of_work(NOBODY) as work:
        return open_sign_in(work, work.session.get_one(User, actor.user_id), Device(address="127.0.0.1")).token


@pytest.fixture
def client_of(app: Flask) -> ClientOf:
    """`client_of(world.agent)`: a browser in which they are signed in; None: nobody is."""

    def client(actor: Actor | None) -> FlaskClient:
        browser = app.test_client()
        if actor is not None:
            with browser.session_transaction() as session:
                session["token"] = token_of(actor)
        return browser

    return client


@pytest.fixture
def unprotected(app: Flask) -> None:
    """Forms without their token, for tests that are about something else; test_csrf.py is about the token."""
    app.config["WTF_CSRF_METHODS"] = set()


@dataclass(frozen=True)
class Happened:
    """What there is to look at: orders that wait and to confirm by hand, what gave up, a shared view."""

    waiting: str
    manual: str
    line: str
    task: str
    incident: int
    view: str


@pytest.fixture
def happened(world: World) -> Happened:
    with unit_of_work(world.buyer) as work:
        waiting = ordering.place(work, world.acme, [Item(world.coro, 5), Item(world.microsoft, 2)])
        manual = ordering.place(work, world.beta, [Item(world.hosting, 1)])
        accounts.invite(work, "new@example.com", "customer", waiting.organisation.parent, "member")
        work.session.flush()
        task = work.session.scalars(select(Instance).where(Instance.subject == waiting.subject)).one()
        stuck = Effect(
            key="test:stuck",
            chain="test",
            position=0,
            kind="webhook",
            state="incident",
            tries=8,
            next_at=work.now,
            ended_at=work.now,
            created_at=work.now,
            order=manual,
            organisation_id=manual.organisation_id,
            payload={"url": "http://127.0.0.1:9/", "event": "order.line.provision", "body": {"note": "<b>=1+1</b>"}},
            faults=[{"at": work.now.isoformat(), "try": 8, "detail": "connection refused"}],
        )
        work.session.add(stuck)
        work.session.flush()
        view = SavedView(
            user_id=world.user_ids["admin"], page="instances", name="Due", query="due=week", is_shared=True
        )
        view.created_at = work.now
        work.session.add(view)
        reply = SavedReply(uid="rpl_hello", user_id=world.user_ids["admin"], title="Hello", text="Hi", is_shared=True)
        reply.created_at = work.now
        work.session.add(reply)
        work.session.flush()
        line = manual.lines[0].uid
        return Happened(str(waiting.number), str(manual.number), line, task.reference, stuck.id, view.uid)
