"""Everybody who may knock: nine people with a browser and a phone, and things to be after."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from flows.access import read_as
from flows.actions import accounts, ordering
from flows.actions.accounts import NOBODY, Device
from flows.actions.ordering import Item
from flows.models import Effect, Instance, Invitation, Notice, Organisation, SignIn, User
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.files_play import ready
from tests.stages.desk import department_task
from tests.world import World

ANSWERS = {"company_name": "Acme Ltd", "domain_name": "acme.example", "admin_email": "it@acme.example"}
NAMES = ("anonymous", "buyer", "colleague", "acme_owner", "stranger", "tenant", "reader", "agent", "admin")


@dataclass
class Person:
    """One person (or nobody) with a browser and a phone."""

    name: str
    client: FlaskClient
    bearer: str = ""
    csrf: str = field(default="", repr=False)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=headers, buffered=True)

    def post(self, path: str, /, data: Any = None, **more: Any) -> TestResponse:
        """Send a form with the token of this browser's session."""
        sent = {"csrf_token": self.token(), **(data or {})}
        headers = {"Referer": f"http://localhost{path}"}
        return self.client.post(path, data=sent, headers=headers, **more)

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Ask the API as this person's phone does; the browser's cookie stays at home."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.bearer:
            sent["Authorization"] = f"Bearer {self.bearer}"
        more: dict[str, Any] = {} if body is None else {"json": body}
        phone = self.client.application.test_client(use_cookies=False)
        return phone.open(f"/api/v1{path}", method=method, headers=sent, buffered=True, **more)

    def token(self) -> str:
        if not self.csrf:
            self.csrf = token_in(self.client.get("/sign-in" if self.name == "anonymous" else "/contact").text)
        return self.csrf


def token_in(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found, html[:500]
    return found[1]


def sign_in(app: Flask, actor: Actor | None, name: str = "") -> Person:
    """A browser and a phone in which this person is signed in."""
    person = Person(name, app.test_client())
    if actor is None:
        return person
    with unit_of_work(NOBODY) as work:
        user = work.session.get_one(User, actor.user_id)
        token = accounts.open_sign_in(work, user, Device("127.0.0.1", "Tests")).token
        device = Device("127.0.0.1", "Tests", "app", f"phone-{actor.user_id}")
        person.bearer = accounts.issue_app_tokens(accounts.open_sign_in(work, user, device)).access_token
    with person.client.session_transaction() as session:
        session["token"] = token
    return person


@pytest.fixture
def person(app: Flask, world: World) -> Callable[[str], Person]:
    """`person("buyer")`: signed in on a browser of their own."""
    return lambda name: sign_in(app, getattr(world, name, None), name)


@pytest.fixture
def everybody(person: Callable[[str], Person]) -> dict[str, Person]:
    return {name: person(name) for name in NAMES}


@dataclass(frozen=True)
class Things:
    """Ids of one company's things, as they stand in addresses."""

    order: str
    order_uid: str
    task: str
    task_uid: str
    line: str
    notice: str
    invitation: int
    effect: int
    session: str
    member: str
    organisation: str
    upload: str
    case: str


@dataclass(frozen=True)
class Happened:
    """What Brightpath has, and what its rival has."""

    ours: Things
    theirs: Things


@pytest.fixture
def happened(world: World) -> Happened:
    case = department_task(world.agent)
    ours = _things(world.buyer, world.acme, world.brightpath, world.coro, case)
    return Happened(ours, _things(world.stranger, world.rival_customer, world.rival, world.coro, case))


def _things(buyer: Actor, customer: str, organisation: str, product: str, case: str) -> Things:
    with unit_of_work(buyer) as work:
        order = ordering.place(work, customer, [Item(product, 3)])
        home = work.session.scalars(select(Organisation).where(Organisation.uid == organisation)).one()
        accounts.invite(work, f"new@{home.slug}.example", "customer", home)
        work.session.flush()
    reading = read_as(SYSTEM)
    task = reading.scalars(select(Instance).where(Instance.subject == order.subject)).one()
    user = reading.get_one(User, buyer.user_id)
    with unit_of_work(NOBODY) as work:
        here = work.session.get_one(User, buyer.user_id)
        session = accounts.open_sign_in(work, here, Device("192.0.2.1", "Elsewhere")).sign_in.uid
    reading = read_as(SYSTEM)
    return Things(
        order=str(order.number),
        order_uid=order.uid,
        task=task.reference,
        task_uid=task.uid,
        line=order.lines[0].uid,
        notice=newest(Notice, Notice.user_id == user.id).uid,
        invitation=newest(Invitation, Invitation.organisation_id == home.id).id,
        effect=newest(Effect).id,
        session=session,
        member=user.uid,
        organisation=organisation,
        upload=ready(buyer),
        case=case,
    )


def newest(model: Any, *conditions: Any) -> Any:
    """The newest row of a kind, as the system sees it."""
    found = read_as(SYSTEM).scalars(select(model).where(*conditions).order_by(model.id.desc())).first()
    assert found is not None, model
    return found


def age_sign_ins(**span: float) -> None:
    """Let every session have begun this much earlier."""
    with unit_of_work(SYSTEM) as work:
        for row in work.session.scalars(select(SignIn)):
            row.created_at -= timedelta(**span)
