"""A phone in tests: signed in, and every answer it gets is held against the OpenAPI document."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flows.actions.accounts import NOBODY, Device, issue_app_tokens
from flows.actions.accounts.sessions import open_sign_in
from flows.models import User
from flows.rules.actors import Actor
from flows.work import unit_of_work
from portal.api import openapi
from portal.api.door import BASE
from tests.api.schema import check
from tests.world import World


class Phone:
    """Speaks to the API as the app does; raises when an answer is not what the documentation says."""

    def __init__(self, client: FlaskClient, token: str = "") -> None:
        self.client, self.token = client, token
        self.document = openapi.document()
        self.paths = {re.compile(re.sub(r"\{\w+\}", "[^/]+", path)): path for path in self.document["paths"]}

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None, etag: str | None = None) -> TestResponse:
        return self.send("POST", path, body, self._headers(key, etag))

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> TestResponse:
        more: dict[str, Any] = {} if body is None else {"json": body}
        return self.raw(method, path, headers=headers, **more)

    def raw(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        answer = self.client.open(BASE + path, method=method, headers=sent, **more)
        self._hold_against_the_document(method, path.partition("?")[0], answer)
        return answer

    @staticmethod
    def _headers(key: str | None, etag: str | None) -> dict[str, str]:
        return {name: value for name, value in (("Idempotency-Key", key), ("If-Match", etag)) if value is not None}

    def _hold_against_the_document(self, method: str, path: str, answer: TestResponse) -> None:
        assert answer.headers["X-Request-Id"]
        template = next((named for pattern, named in self.paths.items() if pattern.fullmatch(path)), None)
        operation = self.document["paths"].get(template, {}).get(method.lower())
        if operation is None:
            assert answer.status_code in (404, 405)
            operation = {"responses": {str(answer.status_code): {}}}
        described = operation["responses"].get(str(answer.status_code))
        assert described is not None, f"{method} {template}: {answer.status_code} is not documented; {answer.text}"
        if answer.status_code >= 400:
            assert answer.mimetype == "application/problem+json"
            assert answer.json["type"] == f"http://localhost/problems/{answer.json['code']}"
            assert answer.json["instance"] == f"urn:request:{answer.headers['X-Request-Id']}"
        for kind, content in described.get("content", {}).items():
            if "schema" in content:
                check(answer.json, content["schema"], self.document)
            else:
                assert kind == "application/octet-stream", "only bytes have no schema"


@pytest.fixture
def parts() -> tuple[str, ...]:
    """The API needs no back office."""
    return ("messaging", "portal")


@pytest.fixture
def anyone(app: Flask) -> Phone:
    """A phone that nobody has signed in on."""
    return Phone(app.test_client())


@pytest.fixture
def signed_in(app: Flask, world: World) -> Callable[[Actor], Phone]:
    """`signed_in(world.buyer)`: a phone of this person."""

    def phone(actor: Actor) -> Phone:
        with unit_of_work(NOBODY) as work:
            user = work.session.get_one(User, actor.user_id)
            device = Device("127.0.0.1", "Tests", "app", f"installation-{actor.user_id}")
            tokens = issue_app_tokens(open_sign_in(work, user, device))
        return Phone(app.test_client(), tokens.access_token)

    return phone


@pytest.fixture
def buyer(signed_in: Callable[[Actor], Phone], world: World) -> Phone:
    return signed_in(world.buyer)


def new_key() -> str:
    return secrets.token_hex(16)


def order_coro(phone: Phone, world: World, quantity: int = 10) -> dict[str, Any]:
    """An order that waits for its details, as the API gives it."""
    body = {"customer_id": world.acme, "items": [{"product_id": world.coro, "quantity": quantity}]}
    answer = phone.post("/orders", body, key=new_key())
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def task_of(order: dict[str, Any]) -> str:
    """The id of the one task of an order."""
    [task] = order["outstanding_tasks"]
    return str(task["instance_id"])


DETAILS = {"company_name": "Acme Ltd", "domain_name": "acme.coro.example", "admin_email": "it@acme.example"}
