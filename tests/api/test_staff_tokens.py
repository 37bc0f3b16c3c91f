"""Staff sign in with a phone: the second factor as in a browser, and nothing that was taken away opens a door (D6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from flows import settings
from flows.access import read_as
from flows.actions import accounts, roles
from flows.actions.accounts import NOBODY, hash_password
from flows.clock import clock
from flows.models import AuditEntry, Effect, Role, SignIn, User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.api.conftest import Phone
from tests.world import World

WORDS = "correct horse battery"
GUS = "gus@example.com"

pytestmark = pytest.mark.requirement("D6")


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`wall(seconds=60)` moves the real time on: the authenticator shows another code."""
    shift = timedelta()
    real = clock.wall

    def move(**span: float) -> None:
        nonlocal shift
        shift += timedelta(**span)

    monkeypatch.setattr(type(clock), "wall", staticmethod(lambda: real() + shift))
    return move


@pytest.fixture
def totp(world: World) -> pyotp.TOTP:
    """The authenticator of the agent, who has a password besides."""
    secret = pyotp.random_base32()
    with unit_of_work(SYSTEM) as work:
        agent = work.session.get_one(User, world.agent.user_id)
        agent.password_hash = hash_password(WORDS)
        agent.totp_secret, agent.totp_confirmed_at = secret, clock.wall()
    return pyotp.TOTP(secret)


def sign_in(phone: Phone, second_factor: str | None = None, **more: Any) -> TestResponse:
    body = {"grant_type": "password", "email": GUS, "password": WORDS, "installation_id": "tablet", **more}
    return phone.post("/auth/token", body if second_factor is None else {**body, "second_factor": second_factor})


def of(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json.get("code", "")


def with_token(phone: Phone, answer: TestResponse) -> Phone:
    assert answer.status_code == 200, answer.text
    return Phone(phone.client, answer.json["access_token"])


def test_with_the_code_staff_do_their_work(anyone: Phone, totp: pyotp.TOTP, world: World) -> None:
    answer = sign_in(anyone, totp.at(clock.wall()))
    tablet = with_token(anyone, answer)
    assert tablet.get("/me").json["kind"] == "staff"
    assert tablet.get("/tasks?box=pending").status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json["expires_in"], answer.json["refresh_expires_in"]) == (900, 12 * 3600)
    entry = read_as(SYSTEM).scalars(select(AuditEntry).where(AuditEntry.kind == "signed_in")).one()
    assert (entry.actor_id, entry.facts["door"], entry.facts["second_factor"]) == (world.agent.user_id, "app", "totp")


def test_without_the_code_there_are_no_tokens(anyone: Phone, totp: pyotp.TOTP) -> None:
    for nothing in (None, " "):
        assert of(sign_in(anyone, nothing)) == (401, "second-factor-needed")
    assert of(sign_in(anyone, totp.at(clock.wall()), password="something else")) == (401, "unauthenticated")
    assert read_as(SYSTEM).scalars(select(SignIn)).all() == []


def test_a_wrong_code_and_a_used_one_open_nothing(anyone: Phone, totp: pyotp.TOTP, wall: Callable[..., None]) -> None:
    code = totp.at(clock.wall())
    assert of(sign_in(anyone, f"{(int(code) + 1) % 10**6:06}")) == (401, "second-factor-invalid")
    assert sign_in(anyone, code).status_code == 200
    assert of(sign_in(anyone, code)) == (401, "second-factor-invalid")
    wall(seconds=60)
    assert sign_in(anyone, totp.at(clock.wall())).status_code == 200


def test_a_code_is_used_up_for_both_doors(anyone: Phone, totp: pyotp.TOTP) -> None:
    code = totp.at(clock.wall())
    assert sign_in(anyone, code).status_code == 200
    with unit_of_work(NOBODY) as work:
        half = accounts.sign_in_with_password(work, GUS, WORDS, accounts.Device("192.0.2.9", "Firefox"))
        assert isinstance(half, accounts.SignedIn)
        assert isinstance(accounts.check_totp(work, half.sign_in, code), accounts.Denied)


def test_a_mailed_code_waits_for_the_second_factor(anyone: Phone, totp: pyotp.TOTP) -> None:
    anyone.post("/auth/code", {"email": GUS})
    mail = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "email").order_by(Effect.id.desc())).first()
    assert mail is not None
    grant = {"grant_type": "code", "code": mail.payload["scope"]["code"]}
    assert of(sign_in(anyone, None, **grant)) == (401, "second-factor-needed")
    assert of(sign_in(anyone, "000000", **grant)) == (401, "second-factor-invalid")
    assert sign_in(anyone, totp.at(clock.wall()), **grant).status_code == 200
    assert of(sign_in(anyone, totp.at(clock.wall()), **grant)) == (401, "code-invalid")


def test_guessing_locks_out_whoever_guesses(anyone: Phone, totp: pyotp.TOTP) -> None:
    code = totp.at(clock.wall())
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert {of(sign_in(anyone, wrong)) for _ in range(10)} == {(401, "second-factor-invalid")}
    last = sign_in(anyone, code)
    assert of(last) == (429, "rate-limited")
    assert int(last.headers["Retry-After"]) > 0


def test_who_must_have_a_second_factor_is_sent_to_set_one_up(anyone: Phone, world: World) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(User, world.agent.user_id).password_hash = hash_password(WORDS)
    assert sign_in(anyone).status_code == 200, "where it is optional, and nobody set one up"
    settings.use(replace(settings.current(), staff_totp="required"))
    answer = sign_in(anyone, "123456")
    assert of(answer) == (403, "enrolment-needed")
    assert "http://localhost/sign-in" in answer.json["detail"]


@pytest.mark.parametrize("how", ["locked out", "second factor reset"])
def test_tokens_end_with_the_account(
    how: str, anyone: Phone, totp: pyotp.TOTP, world: World, wall: Callable[..., None]
) -> None:
    answer = sign_in(anyone, totp.at(clock.wall()))
    tablet = with_token(anyone, answer)
    with unit_of_work(world.admin) as work:
        agent = work.session.get_one(User, world.agent.user_id)
        accounts.deactivate_user(work, agent) if how == "locked out" else accounts.reset_totp(work, agent)
    assert of(tablet.get("/me")) == (401, "unauthenticated")
    grant = {"grant_type": "refresh_token", "refresh_token": answer.json["refresh_token"], "installation_id": "tablet"}
    assert of(anyone.post("/auth/token", grant)) == (401, "unauthenticated")
    if how == "locked out":
        wall(seconds=60)
        assert of(sign_in(anyone, totp.at(clock.wall()))) == (401, "unauthenticated")


def test_a_role_taken_away_counts_at_once(anyone: Phone, totp: pyotp.TOTP, world: World) -> None:
    tablet = with_token(anyone, sign_in(anyone, totp.at(clock.wall())))
    body = {"flow": "none", "customer_id": world.acme}
    assert of(tablet.post("/staff/instances", body, key="a" * 20)) != (403, "forbidden")
    with unit_of_work(world.admin) as work:
        reader = work.session.query(Role).filter_by(name="reader").one()
        roles.give(work, work.session.get_one(User, world.agent.user_id), [reader.id])
    assert of(tablet.post("/staff/instances", body, key="b" * 20)) == (403, "forbidden")
    assert tablet.get("/instances").status_code == 200


def test_tokens_are_refreshed_once_and_revoked(anyone: Phone, totp: pyotp.TOTP) -> None:
    answer = sign_in(anyone, totp.at(clock.wall()))
    first = {"grant_type": "refresh_token", "refresh_token": answer.json["refresh_token"], "installation_id": "tablet"}
    second = anyone.post("/auth/token", first)
    third = anyone.post("/auth/token", {**first, "refresh_token": second.json["refresh_token"]})
    tablet = with_token(anyone, third)
    assert [row["door"] for row in tablet.get("/auth/sessions").json["data"]] == ["app"]
    assert anyone.post("/auth/revoke", {"refresh_token": third.json["refresh_token"]}).status_code == 204
    assert of(tablet.get("/me")) == (401, "unauthenticated")
    assert of(anyone.post("/auth/token", {**first, "refresh_token": third.json["refresh_token"]})) == (
        401,
        "unauthenticated",
    )


def test_a_session_of_staff_ends_as_in_a_browser(anyone: Phone, totp: pyotp.TOTP, wall: Callable[..., None]) -> None:
    """24 hours after the sign-in, however often it is refreshed; and 12 after it was used last."""
    last = sign_in(anyone, totp.at(clock.wall()))

    def refreshed() -> TestResponse:
        token = {"refresh_token": last.json["refresh_token"], "installation_id": "tablet"}
        return anyone.post("/auth/token", {"grant_type": "refresh_token", **token})

    wall(hours=11)
    assert of(with_token(anyone, last).get("/me")) == (401, "token-expired")
    last = refreshed()
    assert with_token(anyone, last).get("/me").status_code == 200
    assert last.json["refresh_expires_in"] == 12 * 3600
    wall(hours=11)
    last = refreshed()
    assert last.json["refresh_expires_in"] == pytest.approx(2 * 3600, abs=60)
    wall(hours=1, minutes=55)
    last = refreshed()
    assert last.json["expires_in"] == last.json["refresh_expires_in"] == pytest.approx(300, abs=60)
    wall(minutes=6)
    assert of(with_token(anyone, last).get("/me")) == (401, "unauthenticated")
    assert of(refreshed()) == (401, "unauthenticated")


def test_an_idle_session_of_staff_is_not_refreshed(anyone: Phone, totp: pyotp.TOTP, wall: Callable[..., None]) -> None:
    first = sign_in(anyone, totp.at(clock.wall()))
    wall(hours=12, minutes=1)
    token = {"refresh_token": first.json["refresh_token"], "installation_id": "tablet"}
    assert of(anyone.post("/auth/token", {"grant_type": "refresh_token", **token})) == (401, "unauthenticated")


def test_an_old_refresh_token_ends_the_session_of_staff(anyone: Phone, totp: pyotp.TOTP) -> None:
    answer = sign_in(anyone, totp.at(clock.wall()))
    first = {"grant_type": "refresh_token", "refresh_token": answer.json["refresh_token"], "installation_id": "tablet"}
    second = anyone.post("/auth/token", first)
    third = anyone.post("/auth/token", {**first, "refresh_token": second.json["refresh_token"]})
    assert of(anyone.post("/auth/token", first)) == (401, "refresh-reused")
    assert of(with_token(anyone, third).get("/me")) == (401, "unauthenticated")


def test_the_token_is_for_the_api_alone(anyone: Phone, totp: pyotp.TOTP) -> None:
    """A cookie made of it opens no page, as with customers."""
    answer = sign_in(anyone, totp.at(clock.wall()))
    with anyone.client.session_transaction() as session:
        session["token"] = answer.json["access_token"]
    assert anyone.client.get("/settings/profile").status_code == 303
