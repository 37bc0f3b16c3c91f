"""Sessions, codes and counters under attack: nothing old opens a door, and no guess is free."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from flows import settings
from flows.actions import roles, staffing
from flows.actions.accounts import hash_password
from flows.clock import clock
from flows.models import Effect, Membership, Role, SignIn, User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from messaging.live_gate import Gate
from tests.security.conftest import Happened, Person, age_sign_ins, newest, token_in
from tests.world import World
from wsgi import create_app

WORDS = "correct horse battery"


@pytest.fixture
def browser(app: Flask, world: World) -> FlaskClient:
    return app.test_client()


def knows(world: World, name: str, password: str = WORDS) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(User, world.user_ids[name]).password_hash = hash_password(password)


def send(client: FlaskClient, page: str, path: str = "", /, **fields: str) -> Any:
    form = {"csrf_token": token_in(client.get(page).text), **fields}
    return client.post(path or page, data=form, headers={"Referer": f"http://localhost{page}"})


def cookie_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("baton")
    assert cookie is not None
    return cookie.value


def with_cookie(app: Flask, value: str) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("baton", value)
    return client


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_session_from_before_is_worth_nothing_after(app: Flask, browser: FlaskClient, world: World) -> None:
    knows(world, "buyer")
    planted = cookie_of_sign_in_page(browser)
    answer = send(browser, "/sign-in", email="bea@example.com", how="password", password=WORDS)
    assert answer.status_code == 303
    assert cookie_of(browser) != planted
    assert with_cookie(app, planted).get("/settings/profile").status_code == 303


def cookie_of_sign_in_page(client: FlaskClient) -> str:
    client.get("/sign-in")
    return cookie_of(client)


@pytest.mark.parametrize("how", ["sign out", "everywhere", "turned off", "signed out by staff", "password"])
def test_a_copied_cookie_dies_with_its_session(
    how: str, app: Flask, person: Callable[[str], Person], world: World
) -> None:
    buyer, other = person("buyer"), person("buyer")
    copied = cookie_of(buyer.client)
    uid = newest(User, User.id == world.user_ids["buyer"]).uid
    match how:
        case "sign out":
            buyer.post("/sign-out")
        case "everywhere":
            other.post("/settings/sessions/end-all")
        case "turned off":
            with unit_of_work(world.admin) as work:
                staffing.lock_out(work, uid)
        case "signed out by staff":
            with unit_of_work(world.admin) as work:
                staffing.sign_out_person(work, uid)
        case "password":
            assert other.post("/settings/password", {"password": WORDS}).status_code == 303
    assert with_cookie(app, copied).get("/settings/profile").status_code == 303
    if how != "sign out":
        assert buyer.call("GET", "/me").status_code == 401, "the phone too"


def test_a_role_taken_away_counts_at_once(person: Callable[[str], Person], world: World) -> None:
    agent = person("agent")
    assert agent.get("/admin/outbox/").status_code == 200
    with unit_of_work(world.admin) as work:
        reader = work.session.query(Role).filter_by(name="reader").one()
        roles.give(work, work.session.get_one(User, world.user_ids["agent"]), [reader.id])
    assert agent.get("/admin/outbox/").status_code == 403
    assert agent.get("/admin/tasks/").status_code == 200


def test_a_member_who_is_removed_sees_nothing_at_once(
    person: Callable[[str], Person], happened: Happened, world: World
) -> None:
    colleague = person("colleague")
    assert colleague.get(f"/orders/{happened.ours.order}").status_code == 200
    with unit_of_work(SYSTEM) as work:
        work.session.query(Membership).filter_by(user_id=world.user_ids["colleague"]).delete()
    assert colleague.get(f"/orders/{happened.ours.order}").status_code == 404
    assert colleague.call("GET", f"/orders/{happened.ours.order_uid}").status_code == 404


def test_codes_and_links_work_once_and_each_code_takes_five_tries(app: Flask, browser: FlaskClient) -> None:
    send(browser, "/sign-in", email="bea@example.com", how="code")
    scope = newest(Effect, Effect.kind == "email").payload["scope"]
    path = scope["url"].removeprefix("http://localhost")
    assert send(browser, "/sign-in/code", code=scope["code"]).status_code == 303
    second = app.test_client()
    assert second.get(path).status_code == 410, "the code and its link are one"
    send(second, "/sign-in", email="bea@example.com", how="code")
    code = newest(Effect, Effect.kind == "email").payload["scope"]["code"]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        assert send(second, "/sign-in/code", code=wrong).status_code == 422
    assert send(second, "/sign-in/code", code=code).status_code == 422


@pytest.mark.parametrize("database", ["sqlite"])
def test_an_older_code_ends_with_a_newer_one(browser: FlaskClient) -> None:
    send(browser, "/sign-in", email="bea@example.com", how="code")
    old = newest(Effect, Effect.kind == "email").payload["scope"]
    send(browser, "/sign-in", email="bea@example.com", how="code")
    assert browser.get(old["url"].removeprefix("http://localhost")).status_code == 410


def test_an_invitation_works_once_for_the_invited_address(app: Flask, happened: Happened) -> None:
    url = newest(Effect, Effect.key.like("invitation:%")).payload["scope"]["url"].removeprefix("http://localhost")
    first, second = app.test_client(), app.test_client()
    token = token_in(second.get(url).text)
    accepted = send(first, url, name="New Person", time_zone="Europe/London", email="somebody.else@evil.example")
    assert accepted.status_code == 303
    assert newest(User).email == "new@rival.example"
    again = second.post(url, data={"csrf_token": token, "name": "Thief", "time_zone": "Europe/London"})
    assert (again.status_code, second.get("/settings/profile").status_code) == (410, 303)


def test_guessing_is_counted_by_address_and_by_place(app: Flask, browser: FlaskClient, world: World) -> None:
    knows(world, "buyer")
    for _ in range(10):
        assert (
            send(browser, "/sign-in", email="bea@example.com", how="password", password="wrong words").status_code
            == 422
        )
    last = send(browser, "/sign-in", email="bea@example.com", how="password", password=WORDS)
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) > 0
    other = send(app.test_client(), "/sign-in", email="stan@example.com", how="password", password="wrong words")
    assert other.status_code == 429, "one place may not go through all the addresses"


def test_guessing_the_current_password_is_counted(person: Callable[[str], Person], world: World) -> None:
    """Whoever finds an open session must not find the password out through the form that changes it."""
    knows(world, "buyer")
    buyer = person("buyer")
    age_sign_ins(hours=1)
    fields = {"current": "a wrong password", "password": "another long password"}
    assert [buyer.post("/settings/password", fields).status_code for _ in range(10)] == [422] * 10
    assert buyer.post("/settings/password", {**fields, "current": WORDS}).status_code == 429


@pytest.mark.parametrize("database", ["sqlite"])
def test_guessing_the_second_factor_is_counted_and_a_code_works_once(
    app: Flask, browser: FlaskClient, world: World
) -> None:
    knows(world, "agent")
    secret = pyotp.random_base32()
    with unit_of_work(SYSTEM) as work:
        agent = work.session.get_one(User, world.user_ids["agent"])
        agent.totp_secret, agent.totp_confirmed_at = secret, clock.wall()
    right = pyotp.TOTP(secret).at(clock.wall())
    wrong = f"{(int(right) + 1) % 10**6:06}"
    begun = send(browser, "/sign-in", email="gus@example.com", how="password", password=WORDS)
    assert begun.location == "/sign-in/second-factor"
    assert browser.get("/admin/").status_code == 303
    before = cookie_of(browser)
    assert send(browser, "/sign-in/second-factor", code=right).location == "/admin/"
    assert browser.get("/admin/").status_code == 200
    assert with_cookie(app, before).get("/admin/").status_code == 303, "the half-way secret opens nothing"
    thief = app.test_client()
    send(thief, "/sign-in", email="gus@example.com", how="password", password=WORDS)
    assert send(thief, "/sign-in/second-factor", code=right).status_code == 422
    said = [send(thief, "/sign-in/second-factor", code=wrong).status_code for _ in range(9)]
    assert said[-1] == 429


@pytest.mark.parametrize("database", ["sqlite"])
def test_known_and_unknown_addresses_get_the_same_answer(app: Flask, world: World) -> None:
    for how in ({"how": "code"}, {"how": "password", "password": "wrong words"}):
        answers = []
        for email in ("bea@example.com", "gus@example.com", "nil@example.com"):
            client = app.test_client()
            page = send(client, "/sign-in", email=email, **how)
            after = client.get("/sign-in/code").text if page.status_code == 303 else page.text
            text = re.sub(r'name="csrf_token" value="[^"]+"', "", after).replace(email, "EMAIL")
            answers.append((page.status_code, page.headers.get("Location"), re.sub(r"[bgn]•", "•", text)))
        assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("database", ["sqlite"])
def test_an_invitation_does_not_tell_who_is_on_the_staff(person: Callable[[str], Person], world: World) -> None:
    buyer = person("buyer")
    page = f"/settings/members/{world.brightpath}"
    said = [
        buyer.post(f"{page}/invite", {"email": email, "role": "member"}).status_code
        for email in ("nobody@example.com", "stan@example.com")
    ]
    assert said == [303, 303], "who has an account elsewhere is not told apart from nobody"


@pytest.mark.parametrize("database", ["sqlite"])
def test_private_pages_are_kept_by_nobody(person: Callable[[str], Person], happened: Happened) -> None:
    buyer = person("buyer")
    for path in ("/", "/orders", "/settings/profile", "/notices", "/tasks/export.csv"):
        headers = buyer.get(path).headers
        assert headers["Cache-Control"] == "no-store", path
        assert headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "Cookie" in headers["Vary"]


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_secret_of_an_authenticator_is_kept_by_nobody(app: Flask, browser: FlaskClient, world: World) -> None:
    """On the way in nobody is signed in yet, but the page shows a secret all the same."""
    knows(world, "agent")
    settings.use(replace(app.config["BATON"], staff_totp="required"))
    answer = send(browser, "/sign-in", email="gus@example.com", how="password", password=WORDS)
    assert answer.location == "/sign-in/enrol"
    page = browser.get("/sign-in/enrol")
    assert newest(User, User.email == "gus@example.com").totp_secret in page.text
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_cookie_is_for_https_where_the_portal_is(app: Flask) -> None:
    safe = replace(app.config["BATON"], public_url="https://portal.example")
    cookie = create_app(safe, parts=("messaging", "portal")).test_client().get("/sign-in").headers["Set-Cookie"]
    assert all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie


@pytest.mark.parametrize("database", ["sqlite"])
def test_links_in_mails_never_follow_the_host_header(app: Flask, browser: FlaskClient) -> None:
    token = token_in(browser.get("/sign-in", headers={"Host": "localhost"}).text)
    form = {"csrf_token": token, "email": "bea@example.com", "how": "code"}
    poisoned = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    with browser.session_transaction() as session:
        kept = dict(session)
    evil = app.test_client()
    with evil.session_transaction(base_url="http://evil.example") as session:
        session.update(kept)
    evil.post("/sign-in", data=form, base_url="http://evil.example", headers=poisoned)
    url = newest(Effect, Effect.kind == "email").payload["scope"]["url"]
    assert url.startswith("http://localhost/sign-in/link/")


@pytest.mark.parametrize("database", ["sqlite"])
def test_strangers_at_the_door_of_the_socket(app: Flask, person: Callable[[str], Person]) -> None:
    inside: list[str] = []
    gate = Gate(app, lambda _environ, _start: inside.append("in") or [b""])
    buyer = person("buyer")
    cookie = f"baton={cookie_of(buyer.client)}"
    cases = {
        "": (403, cookie), "https://evil.example": (403, cookie), "http://localhost.evil.example": (403, cookie),
        "null": (403, cookie), "http://localhost": (401, ""),
    }  # fmt: skip
    for origin, (status, sent) in cases.items():
        assert _knock(gate, origin, sent) == status, origin
    assert not inside
    assert _knock(gate, "http://localhost", cookie) == 0
    buyer.post("/sign-out")
    assert _knock(gate, "http://localhost", cookie) == 401
    assert inside == ["in"]


def _knock(gate: Any, origin: str, cookie: str) -> int:
    said: list[int] = []
    environ = {"PATH_INFO": "/socket.io/", "HTTP_UPGRADE": "websocket", "HTTP_ORIGIN": origin, "HTTP_HOST": "localhost",
               "HTTP_COOKIE": cookie, "REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", "SERVER_NAME": "localhost",
               "SERVER_PORT": "80"}  # fmt: skip
    gate(environ, lambda status, _headers: said.append(int(status.split()[0])))
    return said[0] if said else 0


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_sign_in_ends_after_its_longest_and_its_idle_time(person: Callable[[str], Person]) -> None:
    agent, buyer = person("agent"), person("buyer")
    with unit_of_work(SYSTEM) as work:
        for row in work.session.query(SignIn):
            row.last_seen_at -= timedelta(hours=12)
    assert agent.get("/admin/").status_code == 303
    assert buyer.get("/settings/profile").status_code == 200
