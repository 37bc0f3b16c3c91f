"""What stands around every request: who may, headers, redirects, errors, health."""

from __future__ import annotations

import gzip
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from flows.access import read_as
from flows.actions import accounts
from flows.clock import clock
from flows.models import SignIn, User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from portal import web
from portal.may import who_may
from portal.redirects import safe_next
from tests.portal.visiting import send, sign_in
from tests.world import World


@pytest.fixture
def client(app: Flask, world: World) -> FlaskClient:
    return app.test_client()


def test_every_endpoint_says_who_may_use_it(app: Flask) -> None:
    undeclared = {rule.endpoint for rule in app.url_map.iter_rules() if who_may(app, rule.endpoint) is None}
    assert undeclared == set()


def test_every_form_without_our_token_is_refused(client: FlaskClient, app: Flask) -> None:
    sign_in(client)
    for rule in app.url_map.iter_rules():
        if (
            "POST" in (rule.methods or ())
            and not rule.rule.startswith(("/api/", "/admin", "/hooks/", "/unsubscribe/"))
            and who_may(app, rule.endpoint) != "staff"
        ):
            path = re.sub(r"<int:[^>]+>", "1", rule.rule)
            assert client.post(re.sub(r"<[^>]+>", "x", path)).status_code == 400, rule.rule


def test_an_expired_session_leads_to_sign_in_and_back(client: FlaskClient) -> None:
    page = client.get("/settings/profile?x=1&y=2")
    assert (page.status_code, page.location) == (303, "/sign-in?next=/settings/profile%3Fx%3D1%26y%3D2")
    form = client.post(
        "/settings/password", data={"password": "x"}, headers={"Referer": "http://localhost/settings/profile"}
    )
    assert (form.status_code, form.location) == (303, "/sign-in?next=/settings/profile")
    fetched = client.post("/settings/profile", headers={"X-Fragment": "1"})
    assert fetched.status_code == 401
    assert 'name="next" value="/settings/profile?x=1&amp;y=2"' in client.get(page.location).text


EVIL = [
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "http://evil.example",
    "HTTPS://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "ftp://evil.example",
    "mailto:a@evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "\t//evil.example",
    " //evil.example",
    "\n//evil.example",
    "/ /evil.example",
    "evil.example",
    "evil.example/path",
    "@evil.example",
    ".evil.example",
    "?next=//evil.example",
    "#//evil.example",
    "",
    "\x00//evil.example",
    "/\x00/evil.example",
    "/\u2028/evil.example",
    "/\uff0fevil.example",
    "\uff0f/evil.example",
    "http://localhost@evil.example",
    "//localhost@evil.example",
    "/a\r\nSet-Cookie: x=1",
    "/" + "a" * 1001,
    "/%0d%0a\\evil",
    "//%65vil.example",
    "/\u00a0/evil.example",
    "ht\ttps://evil.example",
]


@pytest.mark.parametrize("target", EVIL)
def test_nobody_is_sent_elsewhere(target: str) -> None:
    assert safe_next(target, "/home") == "/home"


@pytest.mark.parametrize(
    "target", ["/", "/tasks/TI-2041", "/tasks?show=todo&page=2", "/a%20b", "/orders/1042#timeline"]
)
def test_our_own_pages_may_be_next(target: str) -> None:
    assert safe_next(target, "/home") == target


@pytest.mark.parametrize("path", ["/sign-in", "/contact", "/privacy", "/accessibility"])
def test_pages_for_everybody(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_headers_on_every_answer(client: FlaskClient) -> None:
    for path in ("/sign-in", "/nowhere", "/static/base.css", "/healthz"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;")
        assert "connect-src 'self' ws://localhost:8001" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Permissions-Policy"]
        assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-Id"]), path


def test_the_cookie_is_for_us_alone(client: FlaskClient) -> None:
    cookie = client.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_pages_are_compressed_and_not_kept_by_others(client: FlaskClient) -> None:
    sign_in(client)
    page = client.get("/settings/profile", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert b"Profile and security" in gzip.decompress(page.data)
    assert page.headers["Cache-Control"] == "no-store"
    assert "Accept-Encoding" in page.headers["Vary"]
    assert "Content-Encoding" not in client.get("/settings/profile").headers


def test_static_files_are_kept_for_ever_under_their_version(client: FlaskClient) -> None:
    address = re.search(r'href="(/static/base.css\?v=[0-9a-f]{8})"', client.get("/sign-in").text)
    assert address
    assert "immutable" in client.get(address[1]).headers["Cache-Control"]
    assert client.get("/static/base.css").headers["Cache-Control"] == "no-cache"
    for path in ("/static/../web.py", "/static/..%2fweb.py", "/static/nothing.css", "/static/%00", "/static/"):
        assert client.get(path).status_code in (404, 308), path


def test_a_lost_database_is_503(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(accounts, "find_sign_in", away)
    page = client.get("/sign-in")
    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    api = client.get("/api/v1/nowhere")
    assert (api.status_code, api.mimetype) == (503, "application/problem+json")


def test_errors_are_pages_for_people_and_problems_for_programs(client: FlaskClient) -> None:
    page = client.get("/nowhere")
    assert page.status_code == 404
    assert "Page not found" in page.text
    problem = client.get("/api/v1/nowhere")
    assert (problem.status_code, problem.mimetype, problem.json["code"]) == (
        404,
        "application/problem+json",
        "not-found",
    )
    assert client.put("/sign-in").status_code == 405
    assert client.post("/sign-in", data={"email": "x" * 1_100_000}).status_code == 413


def test_a_fault_of_ours_is_a_plain_page_with_a_number(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a secret detail")

    monkeypatch.setattr(accounts, "find_sign_in", broken)
    app.testing = False
    page = client.get("/sign-in")
    assert page.status_code == 500
    assert "a secret detail" not in page.text
    assert page.headers["X-Request-Id"] in page.text


def test_foreign_hosts_are_not_answered(client: FlaskClient, app: Flask) -> None:
    app.config["TRUSTED_HOSTS"] = ["localhost"]
    assert client.get("/sign-in").status_code == 200
    assert client.get("/sign-in", headers={"Host": "evil.example"}).status_code == 400


def test_a_look_is_marked_at_most_every_five_minutes(client: FlaskClient, count_statements) -> None:
    sign_in(client)
    counted = count_statements()
    client.get("/settings/profile")
    assert not [statement for statement in counted if not statement.startswith("SELECT")]
    with unit_of_work(SYSTEM) as work:
        row = work.session.scalars(select(SignIn)).one()
        row.last_seen_at = clock.wall() - accounts.SEEN_EVERY * 2
        before = row.last_seen_at
    client.get("/settings/profile")
    assert read_as(SYSTEM).scalars(select(SignIn).execution_options(populate_existing=True)).one().last_seen_at > before


def test_health(client: FlaskClient) -> None:
    assert client.get("/healthz").text == "ok\n"
    ready = client.get("/readyz")
    assert ready.json["database"] == "ok"
    assert ready.json["redis"].startswith("away")
    assert ready.status_code == (200 if ready.json["migrations"] == "ok" else 503)


def test_metrics_are_for_this_machine_and_for_staff_who_see_health(client: FlaskClient) -> None:
    assert "baton_timers_late 0.0" in client.get("/metrics").text
    far = {"REMOTE_ADDR": "192.0.2.9"}
    assert client.get("/metrics", environ_overrides=far).status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    sign_in(client, "gus@example.com")
    assert client.get("/metrics", environ_overrides=far).status_code == 200


def test_colours_are_remembered(client: FlaskClient) -> None:
    sign_in(client)
    assert send(client, "/settings/profile", "/theme", theme="dark").location == "/settings/profile"
    assert 'data-theme="dark"' in client.get("/settings/profile").text
    send(client, "/settings/profile", "/theme", theme='"><script>')
    assert "data-theme" not in client.get("/settings/profile").text


def test_a_bearer_token_opens_no_page_and_a_cookie_no_api(client: FlaskClient, app: Flask) -> None:
    sign_in(client)
    with client.session_transaction() as session:
        token = session["token"]
    stranger = app.test_client()
    assert stranger.get("/settings/profile", headers={"Authorization": f"Bearer {token}"}).status_code == 303
    with app.test_request_context("/api/v1/me", headers={"Authorization": f"Bearer {token}"}):
        web._find_the_actor()
        from flask import g

        assert g.actor is None


def test_a_person_turned_off_in_mid_visit_is_out(client: FlaskClient, world: World) -> None:
    sign_in(client)
    with unit_of_work(world.admin) as work:
        accounts.deactivate_user(work, work.session.get_one(User, world.user_ids["buyer"]))
    assert client.get("/settings/profile").status_code == 303


@pytest.mark.requirement("X23")
def test_a_page_is_in_the_language_of_the_cookie_else_of_the_browser(client: FlaskClient) -> None:
    welsh = client.get("/sign-in", headers={"Accept-Language": "fr, cy-GB;q=0.8, en;q=0.5"}).text
    assert '<html lang="cy">' in welsh
    assert "Mewngofnodi" in welsh
    assert "Neidio i'r prif gynnwys" in welsh.replace("&#39;", "'")
    assert '<html lang="en">' in client.get("/sign-in").text, "the reader before spoke Welsh"
    client.set_cookie("language", "cy")
    assert '<html lang="cy">' in client.get("/sign-in", headers={"Accept-Language": "en"}).text
    assert "Heb ddod o hyd" in client.get("/nowhere").text
