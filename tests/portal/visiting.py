"""What somebody does who is not signed in yet: open a page, send its form, read the mail, type the code."""

from __future__ import annotations

import re

from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from flows.access import read_as
from flows.models import Effect
from flows.rules.actors import SYSTEM


def token_in(page: TestResponse) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found, page.text[:500]
    return found[1]


def send(client: FlaskClient, page: str, path: str | None = None, **fields: str) -> TestResponse:
    """Open a page and send its form, as a browser does."""
    return client.post(
        path or page,
        data={"csrf_token": token_in(client.get(page)), **fields},
        headers={"Referer": f"http://localhost{page}"},
    )


def mailed() -> tuple[str, str]:
    effect = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "email").order_by(Effect.id.desc())).first()
    assert effect is not None
    scope = effect.payload["scope"]
    return scope.get("code", ""), scope["url"].removeprefix("http://localhost")


def sign_in(client: FlaskClient, email: str = "bea@example.com", **fields: str) -> TestResponse:
    send(client, "/sign-in", email=email, how="code", keep="1", **fields)
    return send(client, "/sign-in/code", code=mailed()[0])
