"""Signing in, joining, profile and members, through the pages as a browser sees them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from flows import settings
from flows.access import read_as
from flows.clock import clock
from flows.models import Invitation, SignIn
from flows.rules.actors import SYSTEM
from tests.portal.visiting import mailed, send, sign_in, token_in
from tests.world import World


@pytest.fixture
def client(app: Flask, world: World) -> FlaskClient:
    return app.test_client()


def test_a_customer_signs_in_with_a_code(client: FlaskClient) -> None:
    begun = send(client, "/sign-in", email="bea@example.com", how="code", next="/settings/profile")
    assert (begun.status_code, begun.location) == (303, "/sign-in/code")
    page = client.get("/sign-in/code")
    assert "b•••@example.com" in page.text
    assert "bea@example.com" not in re.sub(r'value="bea@example.com"', "", page.text)
    done = send(client, "/sign-in/code", code=mailed()[0])
    assert (done.status_code, done.location) == (303, "/settings/profile")
    assert client.get("/settings/profile").status_code == 200


def test_known_and_unknown_addresses_get_the_same_pages(client: FlaskClient, app: Flask) -> None:
    def story(email: str) -> list[tuple[int, str]]:
        browser = app.test_client()
        pages = [
            send(browser, "/sign-in", email=email, how="code"),
            browser.get("/sign-in/code"),
            send(browser, "/sign-in/code", code="abc"),
            send(browser, "/sign-in", email=email, how="password", password="wrong password"),
        ]
        clean = re.compile(rf'name="csrf_token" value="[^"]+"|{email}|{email[0]}•••')
        return [(page.status_code, clean.sub("", page.text)) for page in pages]

    assert story("bea@example.com") == story("nobody@example.com")


def test_a_link_shows_a_button_and_works_once(client: FlaskClient, app: Flask) -> None:
    send(client, "/sign-in", email="bea@example.com", how="code", next="/settings/members")
    _, path = mailed()
    for _ in range(3):
        assert client.get(path).status_code == 200
    assert send(client, path).location == "/settings/members"
    gone = app.test_client().get(path)
    assert gone.status_code == 410
    assert "This link no longer works" in gone.text


def test_mistakes_keep_what_was_typed_and_say_the_cure(client: FlaskClient) -> None:
    page = send(client, "/sign-in", email="bea@", how="code")
    assert page.status_code == 422
    assert 'value="bea@"' in page.text
    assert "Enter an email address, like name@example.com" in page.text
    assert "<title>Error: Sign in" in page.text
    assert send(client, "/sign-in", email="bea@example.com", how="password").status_code == 422
    send(client, "/sign-in", email="bea@example.com", how="code")
    assert "Enter the 6-digit code" in send(client, "/sign-in/code", code="").text


def test_too_many_tries_wait(client: FlaskClient) -> None:
    for _ in range(10):
        send(client, "/sign-in", email="bea@example.com", how="password", password="wrong password")
    page = send(client, "/sign-in", email="bea@example.com", how="password", password="wrong password")
    assert page.status_code == 429
    assert 0 < int(page.headers["Retry-After"]) <= 901
    assert "Please wait a little" in page.text


def test_signing_out_ends_the_session_everywhere_it_was_copied_to(client: FlaskClient, app: Flask) -> None:
    sign_in(client)
    cookie = client.get_cookie("baton")
    assert cookie is not None
    thief = app.test_client()
    thief.set_cookie("baton", cookie.value)
    assert thief.get("/settings/profile").status_code == 200
    assert send(client, "/settings/profile", "/sign-out").location == "/sign-in"
    assert client.get("/settings/profile").location == "/sign-in?next=/settings/profile"
    assert thief.get("/settings/profile").status_code == 303


def test_no_session_survives_signing_in(client: FlaskClient) -> None:
    before = token_in(client.get("/sign-in"))
    sign_in(client)
    assert client.post("/sign-out", data={"csrf_token": before}).status_code == 400


@pytest.mark.requirement("D6")
def test_staff_go_to_the_back_office(client: FlaskClient) -> None:
    assert sign_in(client, "gus@example.com").location == "/admin/"
    assert client.get("/settings/members").status_code == 403
    assert client.get("/").location == "/admin/"


@pytest.mark.requirement("D6")
def test_staff_enrol_and_are_asked_for_the_code(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "_current", replace(settings.current(), staff_totp="required"))
    assert sign_in(client, "gus@example.com").location == "/sign-in/enrol"
    assert client.get("/settings/profile").status_code == 303
    page = client.get("/sign-in/enrol")
    assert 'src="data:image/svg+xml' in page.text
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)
    assert secret
    assert send(client, "/sign-in/enrol", code="000000").status_code == 422
    totp = pyotp.TOTP(secret[1])
    code = totp.at(clock.wall())
    assert send(client, "/sign-in/enrol", code=code).location == "/admin/"
    assert client.get("/settings/profile").status_code == 200

    again = app.test_client()
    assert sign_in(again, "gus@example.com").location == "/sign-in/second-factor"
    assert again.get("/sign-in/enrol").location == "/sign-in/second-factor"
    replayed = send(again, "/sign-in/second-factor", code=code)
    assert replayed.status_code == 422
    assert (
        send(again, "/sign-in/second-factor", code=totp.at(clock.wall() + timedelta(seconds=30))).location == "/admin/"
    )


@pytest.mark.requirement("X27")
def test_an_invited_person_joins(client: FlaskClient, app: Flask) -> None:
    sign_in(client)
    page = "/settings/members"
    send(client, page, "/settings/members/cus_brightpath/invite", email="nia@example.com", role="member")
    assert "nia@example.com" in client.get(page).text
    _, path = mailed()
    browser = app.test_client()
    wrong = send(browser, path, name="Nia", password="short", time_zone="Europe/Berlin", language="en")
    assert wrong.status_code == 422
    assert 'value="Nia"' in wrong.text
    assert send(browser, path, name="Nia", password="", time_zone="Europe/Berlin", language="en").location == "/"
    assert browser.get("/settings/profile").status_code == 200
    assert app.test_client().get(path).status_code == 410
    assert "Nia" in client.get(page).text


@pytest.mark.requirement("X28")
def test_an_owner_removes_a_member_after_being_asked(client: FlaskClient) -> None:
    sign_in(client)
    page = "/settings/members/cus_brightpath/usr_carl/remove"
    assert "Remove Carl Colleague?" in client.get(page).text
    assert send(client, page).status_code == 303
    assert "Carl" not in client.get("/settings/members").text
    assert send(client, "/settings/members", "/settings/members/cus_brightpath/usr_bea/remove").status_code == 409


@pytest.mark.requirement("X28")
@pytest.mark.parametrize(
    "path",
    ["/settings/members/cus_rival", "/settings/members/cus_nowhere", "/settings/members/cus_rival/usr_stan/remove"],
)
def test_other_organisations_are_not_there(client: FlaskClient, path: str) -> None:
    sign_in(client)
    assert client.get(path).status_code == 404


def test_a_form_sent_twice_invites_once(client: FlaskClient) -> None:
    sign_in(client)
    for _ in range(2):
        answer = send(
            client,
            "/settings/members",
            "/settings/members/cus_brightpath/invite",
            email="nia@example.com",
            role="member",
            _key="k1",
        )
        assert answer.status_code == 303
    assert len(read_as(SYSTEM).scalars(select(Invitation)).all()) == 1
    other = send(
        client,
        "/settings/members",
        "/settings/members/cus_brightpath/invite",
        email="other@example.com",
        role="member",
        _key="k1",
    )
    assert other.status_code == 422


def test_the_profile_is_changed(client: FlaskClient) -> None:
    sign_in(client)
    assert send(client, "/settings/profile", name="Bea Baker", language="en", time_zone="Asia/Tokyo").status_code == 303
    assert "Bea Baker" in client.get("/settings/profile").text
    wrong = send(client, "/settings/profile", name="", language="en", time_zone="Asia/Tokyo")
    assert wrong.status_code == 422
    assert "Enter your name" in wrong.text


def test_a_password_and_sessions_are_looked_after(client: FlaskClient, app: Flask) -> None:
    sign_in(client)
    other = app.test_client()
    sign_in(other)
    assert send(client, "/settings/profile", "/settings/password", password="short").status_code == 422
    assert send(client, "/settings/profile", "/settings/password", password="a good long one").status_code == 303
    assert other.get("/settings/profile").status_code == 303
    assert send(other, "/sign-in", email="bea@example.com", how="password", password="a good long one").location == "/"
    assert other.get("/settings/profile").status_code == 200
    mine = read_as(SYSTEM).scalars(select(SignIn).where(SignIn.revoked_at.is_(None)).order_by(SignIn.id.desc())).first()
    assert mine is not None
    assert send(client, "/settings/profile", f"/settings/sessions/{mine.uid}/end").status_code == 303
    assert other.get("/settings/profile").status_code == 303
    assert send(client, "/settings/profile", "/settings/sessions/end-all").location == "/sign-in"
    assert client.get("/settings/profile").status_code == 303
