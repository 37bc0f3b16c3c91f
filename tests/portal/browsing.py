"""A browser without JavaScript for tests: signed in, sending the forms of the pages it has opened."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flows.access import read_as
from flows.actions import accounts
from flows.models import User
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work


class Visitor:
    """One person with one browser."""

    def __init__(self, app: Flask, actor: Actor) -> None:
        self.client: FlaskClient = app.test_client()
        with unit_of_work(accounts.NOBODY) as work:
            user = work.session.get_one(User, actor.user_id)
            signed_in = accounts.open_sign_in(work, user, accounts.Device(address="127.0.0.1", user_agent="test"))
        with self.client.session_transaction() as session:
            session["token"] = signed_in.token
        read_as(SYSTEM)

    def get(self, path: str, status: int = 200, fragment: bool = False) -> str:
        page = self.client.get(path, headers={"X-Fragment": "1"} if fragment else {})
        assert page.status_code == status, f"{path} answers {page.status_code}: {page.text[:1500]}"
        return page.text

    def post(self, path: str, fragment: bool = False, **fields: str | list[str]) -> TestResponse:
        """Send these fields with a token of this session."""
        headers = {"Referer": f"http://localhost{path}"} | ({"X-Fragment": "1"} if fragment else {})
        return self.client.post(path, data={"csrf_token": self.token(), **fields}, headers=headers)

    def put(self, path: str, **fields: str) -> TestResponse:
        return self.client.put(path, data={"csrf_token": self.token(), **fields}, headers={"X-Fragment": "1"})

    def send(self, page: str, action: str = "", fragment: bool = False, **fields: str) -> TestResponse:
        """Open a page and send its form, the one with this address, as it was filled in but for `fields`."""
        form = next(form for form in forms_in(self.get(page)) if form["action"] == (action or page))
        return self.post(action or page, fragment, **{**form["fields"], **fields})

    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/contact").text)
        assert found
        return found[1]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "form":
            self.forms.append({"action": named.get("action") or "", "fields": {}})
        is_chosen = named.get("type") not in ("checkbox", "radio") or "checked" in named
        if tag == "input" and self.forms and named.get("name") and is_chosen:
            self.forms[-1]["fields"][named["name"]] = named.get("value") or ""


def forms_in(html: str) -> list[dict]:
    """The forms of a page: where they go, and what is in them."""
    parser = _Forms()
    parser.feed(html)
    return parser.forms


def bare(html: str) -> str:
    """A page without what differs by itself: tokens and keys."""
    return re.sub(r'name="(csrf_token|_key)" value="[^"]*"', "", html)
