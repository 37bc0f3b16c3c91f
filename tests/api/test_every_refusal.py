"""Accounts on the phone: a new password, and what the table of refusals has besides (API.md 7.6, 7.7)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from flows.access import read_as
from flows.clock import clock
from flows.models import Notice, SignIn
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.api.conftest import Phone, order_coro
from tests.api.test_story import sign_in
from tests.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"])
STRONG = "a long walk by the canal"


@pytest.mark.requirement("D5")
def test_a_new_password_ends_every_other_session(signed_in: Callable[[Actor], Phone], world: World) -> None:
    first, second = signed_in(world.buyer), signed_in(world.buyer)
    weak = first.post("/auth/password", {"password": "short"})
    assert (weak.status_code, weak.json["errors"][0]["pointer"]) == (422, "#/password")
    assert second.get("/me").status_code == 200
    assert first.post("/auth/password", {"password": STRONG}).status_code == 204
    assert (first.get("/me").status_code, second.get("/me").status_code) == (200, 401)
    grant = {"grant_type": "password", "email": world.buyer.email, "password": STRONG, "installation_id": "p"}
    assert second.post("/auth/token", grant).status_code == 200


@pytest.mark.requirement("D5")
def test_later_the_current_password_is_asked_for(buyer: Phone) -> None:
    assert buyer.post("/auth/password", {"password": STRONG}).status_code == 204
    with unit_of_work(SYSTEM) as work:
        for row in work.session.scalars(select(SignIn)):
            row.created_at = clock.wall() - timedelta(hours=1)
    wrong = buyer.post("/auth/password", {"password": STRONG + "!", "current": "wrong"})
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "#/current")
    assert buyer.post("/auth/password", {"password": STRONG + "!", "current": STRONG}).status_code == 204
    tries = [buyer.post("/auth/password", {"password": STRONG, "current": "wrong"}) for _ in range(11)]
    assert (tries[-1].status_code, tries[-1].json["code"]) == (429, "rate-limited")


def _refresh(phone: Phone, token: str, installation: str = "phone-1") -> Any:
    body = {"grant_type": "refresh_token", "refresh_token": token, "installation_id": installation}
    return phone.post("/auth/token", body)


@pytest.mark.requirement("D5")
def test_after_30_seconds_the_previous_token_is_an_old_one(anyone: Phone, world: World) -> None:
    tokens = sign_in(anyone, world.buyer.email)
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (15 * 60, 60 * 24 * 3600)
    second = _refresh(anyone, tokens["refresh_token"]).json
    with unit_of_work(SYSTEM) as work:
        for row in work.session.scalars(select(SignIn)):
            row.rotated_at = clock.wall() - timedelta(seconds=31)
            assert tokens["refresh_token"] not in (row.refresh_hash, row.previous_refresh_hash), "only its SHA-256"
    late = _refresh(anyone, tokens["refresh_token"])
    assert (late.status_code, late.json["code"]) == (401, "refresh-reused")
    assert _refresh(anyone, second["refresh_token"]).status_code == 401, "the family has ended"
    told = read_as(SYSTEM).scalars(select(Notice).where(Notice.user_id == world.buyer.user_id)).all()
    assert ["signed out" in one.text for one in told] == [True]


@pytest.mark.requirement("D5")
def test_a_refresh_token_belongs_to_its_installation(anyone: Phone, world: World) -> None:
    tokens = sign_in(anyone, world.buyer.email)
    stolen = _refresh(anyone, tokens["refresh_token"], "another-phone")
    assert (stolen.status_code, stolen.json["code"]) == (401, "refresh-reused")
    assert anyone.get("/me").status_code == 401


@pytest.mark.requirement("D5")
def test_a_part_without_a_name_is_no_form(buyer: Phone) -> None:
    raw = b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    answer = buyer.raw("POST", "/uploads", headers, data=raw, content_type="multipart/form-data; boundary=b")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed")


@pytest.mark.requirement("D5")
def test_fifty_megabytes_are_not_read(buyer: Phone) -> None:
    big = buyer.raw("POST", "/orders/quote", data=b" " * 50 * 1024 * 1024, content_type="application/json")
    assert (big.status_code, big.json["code"]) == (413, "upload-too-large")


@pytest.mark.requirement("D5")
def test_a_page_of_25_is_small_on_the_way(buyer: Phone, world: World) -> None:
    for _ in range(25):
        order_coro(buyer, world)
    raw = buyer.client.get(
        "/api/v1/instances", headers={"Authorization": f"Bearer {buyer.token}", "Accept-Encoding": "gzip"}
    )
    assert (raw.status_code, raw.headers["Content-Encoding"]) == (200, "gzip")
    assert len(raw.data) < 6 * 1024
