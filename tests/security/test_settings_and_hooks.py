"""What may start, what the open doors tell, and who may speak for a provider."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from flask import Flask

from flows import settings as room
from flows.actions.accounts import hash_password
from flows.models import OrderLine, User
from flows.plugin import PassingFault, PermanentFault
from flows.rules.actors import SYSTEM
from flows.rules.signatures import sign
from flows.settings import Settings, SettingsError
from flows.work import unit_of_work
from messaging import webhooks
from tests.security.conftest import Happened, Person, newest, token_in
from tests.world import World
from wsgi import create_app

GOOD = {
    "BATON_MODE": "production",
    "SECRET_KEY": "0f3a9c1e7b5d2468ace013579bdf2468",
    "BATON_PUBLIC_URL": "https://portal.example",
    "BATON_TRUSTED_HOSTS": "portal.example",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""), ("SECRET_KEY", "changeme"), ("SECRET_KEY", "x" * 64), ("SECRET_KEY", "ab" * 32),
        ("SECRET_KEY", "short but random 1!"), ("BATON_PUBLIC_URL", ""), ("BATON_TRUSTED_HOSTS", ""),
        ("BATON_TRUSTED_HOSTS", "*"), ("BATON_TRUSTED_HOSTS", " , "), ("BATON_PUBLIC_URL", "portal.example"),
        ("BATON_PUBLIC_URL", "javascript://portal.example"), ("BATON_PUBLIC_URL", "https://"),
        ("BATON_STAFF_TOTP", "never"), ("BATON_MODE", "prod"), ("BATON_WEBHOOK_SECRET", "secret"),
    ],
)  # fmt: skip
def test_production_does_not_start_open(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({**GOOD, name: value})


def test_production_starts_when_all_is_said() -> None:
    assert Settings.from_env(GOOD).totp_required


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("mode", ["production", "development"])
def test_the_password_of_the_demo_opens_nothing_outside_it(
    mode: str, app: Flask, settings: Settings, world: World
) -> None:
    """A demo's folder that is started as something else: everybody knows the password, so it is worth nothing there."""
    with unit_of_work(SYSTEM) as work:
        for row in work.session.query(User):
            row.password_hash = hash_password("demo")
    real = replace(settings, mode=mode, trusted_hosts="localhost")
    client = create_app(real, parts=("messaging", "portal")).test_client()
    form = {"csrf_token": token_in(client.get("/sign-in").text), "email": "bea@example.com", "password": "demo"}
    answer = client.post("/sign-in", data={**form, "how": "password"}, headers={"Referer": "http://localhost/sign-in"})
    assert answer.status_code == 422
    grant = {"grant_type": "password", "email": "bea@example.com", "password": "demo", "installation_id": "x"}
    assert client.post("/api/v1/auth/token", json=grant).status_code == 401


@pytest.mark.parametrize("database", ["sqlite"])
def test_open_doors_tell_no_names(
    app: Flask, happened: Happened, world: World, person: Callable[[str], Person]
) -> None:
    for path in ("/metrics", "/readyz", "/healthz", "/api/v1/meta", "/api/v1/openapi.json"):
        text = app.test_client().get(path).text
        for word in ("Acme", "@example.com", "Bea Buyer", "TI-2001", app.config["BATON"].data, "sqlite://", "k" * 40):
            assert word not in text, f"{path}: {word}"
    far = {"REMOTE_ADDR": "192.0.2.9"}
    assert app.test_client().get("/metrics", environ_overrides=far).status_code == 404
    assert person("buyer").client.get("/metrics", environ_overrides=far).status_code == 404
    assert person("reader").client.get("/metrics", environ_overrides=far).status_code == 404


def hook(app: Flask, body: bytes, at: float = 0, key: str = "", **headers: str) -> Any:
    signed = sign(body, key or app.config["BATON"].webhook_key(), int(time.time() + at))
    return app.test_client().post("/hooks/provisioning", data=body, headers={"Baton-Signature": signed, **headers})


def test_only_the_provider_speaks_and_each_word_counts_once(app: Flask, happened: Happened, world: World) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.query(OrderLine).filter_by(uid=happened.ours.line).update({"state": "requested"})
    body = b'{"line":"%s","reference":"first"}' % happened.ours.line.encode()
    key = app.config["BATON"].webhook_key()
    assert app.test_client().post("/hooks/provisioning", data=body).status_code == 401
    for signature in ("", "t=,v1=", "v1=x", f"t={10**30},v1=x", "t=٣,v1=x", sign(body, "another key", int(time.time())),
                      sign(b"{}", key, int(time.time())), sign(body, key, int(time.time()) - 301),
                      sign(body, key, int(time.time()) + 301)):  # fmt: skip
        answer = app.test_client().post(
            "/hooks/provisioning",
            data=body,
            environ_overrides={"HTTP_BATON_SIGNATURE": signature.encode().decode("latin-1")},
        )
        assert answer.status_code == 401, signature
    assert newest(OrderLine, OrderLine.uid == happened.ours.line).state == "requested"
    assert hook(app, body).status_code == 204
    line = newest(OrderLine, OrderLine.uid == happened.ours.line)
    version = (line.state, line.order.event_seq, line.order.version)
    assert hook(app, body).status_code == 204, "the same again, as a network repeats it"
    assert hook(app, body.replace(b"first", b"second")).status_code in (204, 404, 409)
    line = newest(OrderLine, OrderLine.uid == happened.ours.line)
    assert (line.state, line.order.event_seq, line.order.version) == version
    assert "second" not in repr(line.__dict__)


def test_what_we_send_cannot_be_turned_round(app: Flask, happened: Happened) -> None:
    """Our own webhooks are signed with the same key; sent back to us they say nothing."""
    body = b'{"event":"order.line.provision","id":"x","body":{"line":"%s"}}' % happened.ours.line.encode()
    assert hook(app, body).status_code == 400


INSIDE = (
    "127.0.0.1", "2130706433", "0x7f.1", "017700000001", "127.1", "0", "0.0.0.0", "localhost", "localhost.",
    "10.0.0.1",
    "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.0.8", "198.18.0.1", "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[fe80::1]",
    "[fc00::1]", "[fec0::1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2001:db8::1]",
    "[ff02::1]",
    "[3fff::1]", "[5f00::1]", "[100::1]",
)  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"])
def test_webhooks_never_lead_inside(app: Flask) -> None:
    settings = replace(app.config["BATON"], webhook_hosts="")
    room.use(settings)
    for scheme, host in product(("https", "http"), INSIDE):
        with pytest.raises((PermanentFault, PassingFault)) as refused:
            webhooks.post(f"{scheme}://{host}:9/x", "event", {}, "key")
        assert "reached" not in str(refused.value), "it was not even tried"
