"""Signing in: codes, links, passwords, second factors, and how each of them refuses."""

from __future__ import annotations

from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select

from flows.access import read_as
from flows.actions import accounts
from flows.actions.accounts import Denied, Device, SignedIn
from flows.clock import clock
from flows.models import AuditEntry, Effect, SignIn, SignInCode, Tally, User
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Busy, Invalid, OutOfStep, Refused
from flows.work import unit_of_work
from tests.world import World

HERE = Device(address="192.0.2.7", user_agent="Firefox")
PASSWORD = "correct horse battery"


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch):
    """`wall(minutes=16)` moves the real time on, which no other clock of ours does."""
    shift = timedelta()
    real = clock.wall

    def move(**span: float) -> None:
        nonlocal shift
        shift += timedelta(**span)

    monkeypatch.setattr(type(clock), "wall", staticmethod(lambda: real() + shift))
    return move


def mailed(email: str = "bea@example.com") -> tuple[str, str]:
    """Ask for a code; the code and the token of the link that were mailed."""
    with unit_of_work(accounts.NOBODY) as work:
        accounts.send_code(work, email, HERE)
    effect = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "email").order_by(Effect.id.desc())).first()
    assert effect is not None
    return effect.payload["scope"]["code"], effect.payload["scope"]["url"].rsplit("/", 1)[1]


def by_code(code: str, email: str = "bea@example.com", device: Device = HERE) -> SignedIn | Denied:
    with unit_of_work(accounts.NOBODY) as work:
        return accounts.sign_in_with_code(work, email, code, device)


def by_password(password: str, email: str = "bea@example.com") -> SignedIn | Denied:
    with unit_of_work(accounts.NOBODY) as work:
        return accounts.sign_in_with_password(work, email, password, HERE)


def signed_in(email: str = "bea@example.com", device: Device = HERE) -> SignedIn:
    outcome = by_code(mailed(email)[0], email, device)
    assert isinstance(outcome, SignedIn)
    return outcome


def actor_of(token: str) -> Actor | None:
    return accounts.actor_for_token(read_as(SYSTEM), token, "app" if token.startswith("at_") else "web")


def give_password(world: World) -> None:
    actor = signed_in().actor
    with unit_of_work(actor) as work:
        accounts.set_password(work, PASSWORD)


def test_a_mailed_code_signs_in_once(world: World) -> None:
    code, _ = mailed("  Bea@Example.com ")
    outcome = by_code(f"{code[:3]} {code[3:]}")
    assert isinstance(outcome, SignedIn)
    assert outcome.needs_second_factor == ""
    actor = actor_of(outcome.token)
    assert actor is not None
    assert (actor.user_id, actor.kind, actor.session_id) == (world.buyer.user_id, "customer", outcome.sign_in.id)
    assert isinstance(by_code(code), Denied)


def test_nothing_secret_is_stored_in_the_open(world: World) -> None:
    code, link = mailed()
    outcome = by_code(code)
    assert isinstance(outcome, SignedIn)
    row = read_as(SYSTEM).scalars(select(SignInCode)).one()
    assert code not in row.code_hash
    assert link != row.link_hash
    assert read_as(SYSTEM).scalars(select(SignIn)).one().token_hash != outcome.token


def test_an_unknown_address_gets_the_same_answer_and_no_mail(world: World) -> None:
    with unit_of_work(accounts.NOBODY) as work:
        assert accounts.send_code(work, "nobody@example.com", HERE) is None
    assert read_as(SYSTEM).scalars(select(Effect)).all() == []
    unknown, wrong = by_code("123456", "nobody@example.com"), by_code("123456")
    assert unknown == wrong == Denied("code-invalid", wrong.detail if isinstance(wrong, Denied) else "")


def test_a_code_takes_five_tries(world: World) -> None:
    code, _ = mailed()
    wrong = f"{(int(code) + 1) % 10**6:06}"
    assert all(isinstance(by_code(wrong), Denied) for _ in range(5))
    assert isinstance(by_code(code), Denied)


def test_a_code_and_its_link_end_after_15_minutes(world: World, wall) -> None:
    code, link = mailed()
    wall(minutes=15)
    assert isinstance(by_code(code), Denied)
    with unit_of_work(accounts.NOBODY) as work:
        assert isinstance(accounts.sign_in_with_link(work, link, HERE), Denied)


def test_a_newer_code_replaces_the_older(world: World) -> None:
    (older, _), (newer, _) = mailed(), mailed()
    if older != newer:
        assert isinstance(by_code(older), Denied)
    assert isinstance(by_code(newer), SignedIn)


def test_a_link_can_be_looked_at_and_used_once(world: World) -> None:
    _, link = mailed()
    assert accounts.person_of_link(read_as(SYSTEM), link) is not None
    outcomes = []
    for _ in range(2):
        with unit_of_work(accounts.NOBODY) as work:
            outcomes.append(accounts.sign_in_with_link(work, link, HERE))
    assert isinstance(outcomes[0], SignedIn)
    assert isinstance(outcomes[1], Denied)
    assert accounts.person_of_link(read_as(SYSTEM), link) is None


def test_ten_wrong_tries_then_wait(world: World, wall) -> None:
    for _ in range(10):
        assert isinstance(by_password("wrong password"), Denied)
    with pytest.raises(Busy) as busy:
        by_password("wrong password")
    assert 0 < busy.value.retry_after <= 15 * 60 + 1
    wall(minutes=15, seconds=1)
    assert isinstance(by_password("wrong password"), Denied)


def test_right_tries_are_not_held_against_a_place(world: World) -> None:
    give_password(world)
    for _ in range(12):
        assert isinstance(by_password(PASSWORD), SignedIn)
    assert all(tally.count == 0 for tally in read_as(SYSTEM).scalars(select(Tally).where(Tally.key.like("sign-in%"))))


def test_passwords_are_checked_and_other_devices_end(world: World) -> None:
    first, second = signed_in(), signed_in()
    for weak in ("short", "bea@example.com", "aaaaaaaaaaaa", "x" * 201):
        with pytest.raises(Invalid), unit_of_work(second.actor) as work:
            accounts.set_password(work, weak)
    with unit_of_work(second.actor) as work:
        accounts.set_password(work, PASSWORD)
    assert actor_of(first.token) is None
    assert actor_of(second.token) is not None
    assert isinstance(by_password(PASSWORD), SignedIn)
    assert isinstance(by_password(PASSWORD + "x"), Denied)


def test_the_current_password_is_asked_for_when_the_sign_in_is_old(world: World, wall) -> None:
    give_password(world)
    here = signed_in()
    wall(minutes=20)
    with unit_of_work(here.actor) as work:
        assert isinstance(accounts.set_password(work, "another good one"), Denied)
    assert isinstance(by_password("another good one"), Denied)
    with unit_of_work(here.actor) as work:
        accounts.set_password(work, "another good one", PASSWORD)
    assert isinstance(by_password("another good one"), SignedIn)


def test_sessions_idle_out(world: World, wall) -> None:
    customer, staff = signed_in(), signed_in("gus@example.com")
    wall(hours=12, minutes=1)
    assert actor_of(staff.token) is None
    assert actor_of(customer.token) is not None
    wall(days=30)
    assert actor_of(customer.token) is None


def test_use_keeps_a_session_alive(world: World, wall) -> None:
    customer = signed_in()
    for _ in range(3):
        wall(days=29)
        with unit_of_work(SYSTEM) as work:
            accounts.see(work, customer.sign_in.id)
    assert actor_of(customer.token) is not None


def test_finding_the_actor_is_one_statement_and_two_for_staff(world: World, count_statements) -> None:
    customer, staff = signed_in(), signed_in("gus@example.com")
    counted = count_statements()
    assert actor_of(customer.token) is not None
    assert len(counted) == 1
    agent = actor_of(staff.token)
    assert len(counted) == 3
    assert agent is not None
    assert agent.may("review")
    assert not agent.may("users")
    assert len(agent.departments) == len(agent.manages) == 1


def test_sign_out_ends_mine_and_nobody_elses(world: World) -> None:
    mine, other, theirs = signed_in(), signed_in(), signed_in("stan@example.com")
    with pytest.raises(Refused), unit_of_work(mine.actor) as work:
        accounts.sign_out(work, theirs.sign_in.uid)
    with unit_of_work(mine.actor) as work:
        accounts.sign_out(work)
    assert actor_of(mine.token) is None
    assert actor_of(other.token) is not None
    with unit_of_work(other.actor) as work:
        accounts.sign_out_everywhere(work)
    assert actor_of(other.token) is None
    assert actor_of(theirs.token) is not None


def test_a_deactivated_person_is_out_at_once(world: World) -> None:
    theirs = signed_in()
    with pytest.raises(Refused), unit_of_work(world.agent) as work:
        accounts.deactivate_user(work, work.session.get_one(User, world.buyer.user_id))
    with unit_of_work(world.admin) as work:
        accounts.deactivate_user(work, work.session.get_one(User, world.buyer.user_id))
    assert actor_of(theirs.token) is None
    with unit_of_work(accounts.NOBODY) as work:
        accounts.send_code(work, "bea@example.com", HERE)
        assert work.owes is False


@pytest.mark.requirement("X10")
def test_sign_ins_are_in_the_audit_log(world: World) -> None:
    signed_in()
    entry = read_as(SYSTEM).scalars(select(AuditEntry).where(AuditEntry.kind == "signed_in")).one()
    assert (entry.actor_id, entry.thing) == (world.buyer.user_id, "bea@example.com")


@pytest.fixture
def forced(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Staff need a second factor, as they do in production."""
    from dataclasses import replace

    from flows import settings

    monkeypatch.setattr(settings, "_current", replace(settings.current(), staff_totp="required"))


@pytest.mark.requirement("D6")
def test_staff_enrol_and_then_need_the_code(world: World, forced: None, wall) -> None:
    half = signed_in("gus@example.com")
    assert half.needs_second_factor == "enrol"
    assert actor_of(half.token) is None
    with unit_of_work(accounts.NOBODY) as work:
        sign_in = accounts.find_sign_in(work.session, half.token)
        assert sign_in is not None
        secret = accounts.begin_totp(work, sign_in.user)
    totp = pyotp.TOTP(secret)
    with pytest.raises(Invalid), unit_of_work(accounts.NOBODY) as work:
        accounts.enrol(work, work.session.get_one(SignIn, half.sign_in.id), "000000")
    with unit_of_work(accounts.NOBODY) as work:
        full = accounts.enrol(work, work.session.get_one(SignIn, half.sign_in.id), totp.at(clock.wall()))
    assert actor_of(half.token) is None
    assert actor_of(full.token) is not None

    wall(minutes=2)
    again = signed_in("gus@example.com")
    assert again.needs_second_factor == "totp"
    code = totp.at(clock.wall())
    with unit_of_work(accounts.NOBODY) as work:
        passed = accounts.check_totp(work, work.session.get_one(SignIn, again.sign_in.id), code)
    assert isinstance(passed, SignedIn)
    assert actor_of(passed.token) is not None
    third = signed_in("gus@example.com")
    with unit_of_work(accounts.NOBODY) as work:
        assert isinstance(accounts.check_totp(work, work.session.get_one(SignIn, third.sign_in.id), code), Denied)


def test_a_half_sign_in_ends_after_ten_minutes(world: World, forced: None, wall) -> None:
    half = signed_in("gus@example.com")
    assert accounts.find_sign_in(read_as(SYSTEM), half.token) is not None
    wall(minutes=10)
    assert accounts.find_sign_in(read_as(SYSTEM), half.token) is None


def test_a_second_factor_is_set_up_once_and_reset_by_those_who_may(world: World, forced: None) -> None:
    half = signed_in("gus@example.com")
    with unit_of_work(accounts.NOBODY) as work:
        sign_in = work.session.get_one(SignIn, half.sign_in.id)
        secret = accounts.begin_totp(work, sign_in.user)
        assert accounts.begin_totp(work, sign_in.user) == secret
        accounts.enrol(work, sign_in, pyotp.TOTP(secret).at(clock.wall()))
    with pytest.raises(OutOfStep), unit_of_work(accounts.NOBODY) as work:
        accounts.begin_totp(work, work.session.get_one(User, world.agent.user_id))
    with pytest.raises(Refused), unit_of_work(world.agent) as work:
        accounts.reset_totp(work, work.session.get_one(User, world.admin.user_id))
    with unit_of_work(world.admin) as work:
        accounts.reset_totp(work, work.session.get_one(User, world.agent.user_id))
    assert signed_in("gus@example.com").needs_second_factor == "enrol"


def phone() -> accounts.AppTokens:
    code, _ = mailed()
    with unit_of_work(accounts.NOBODY) as work:
        outcome = accounts.sign_in_with_code(
            work, "bea@example.com", code, Device(door="app", installation_id="phone-1")
        )
        assert isinstance(outcome, SignedIn)
        return accounts.issue_app_tokens(outcome)


def refresh(token: str, installation: str = "phone-1") -> accounts.AppTokens | Denied:
    with unit_of_work(accounts.NOBODY) as work:
        return accounts.refresh_app_tokens(work, token, installation)


def test_app_tokens_are_short_and_refreshed(world: World, wall) -> None:
    tokens = phone()
    assert tokens.access_token.startswith("at_")
    assert tokens.refresh_token.startswith("rt_")
    assert (tokens.expires_in, tokens.refresh_expires_in) == (900, 60 * 86400)
    assert actor_of(tokens.access_token) is not None
    assert actor_of(tokens.refresh_token) is None
    wall(minutes=15)
    assert actor_of(tokens.access_token) is None
    fresh = refresh(tokens.refresh_token)
    assert isinstance(fresh, accounts.AppTokens)
    assert actor_of(fresh.access_token) is not None


def test_the_previous_refresh_token_gives_the_same_successor_for_30_seconds(world: World, wall) -> None:
    tokens = phone()
    first, twin = refresh(tokens.refresh_token), refresh(tokens.refresh_token)
    assert isinstance(first, accounts.AppTokens)
    assert isinstance(twin, accounts.AppTokens)
    assert first.refresh_token == twin.refresh_token != tokens.refresh_token
    wall(seconds=31)
    assert refresh(tokens.refresh_token) == Denied("refresh-reused", twin_words())
    assert actor_of(twin.access_token) is None
    assert isinstance(refresh(first.refresh_token), Denied)


def twin_words() -> str:
    from flows.actions.accounts.app_tokens import REUSED

    return REUSED


def test_a_much_older_refresh_token_ends_the_family(world: World) -> None:
    tokens = phone()
    second = refresh(tokens.refresh_token)
    assert isinstance(second, accounts.AppTokens)
    third = refresh(second.refresh_token)
    assert isinstance(third, accounts.AppTokens)
    reused = refresh(tokens.refresh_token)
    assert isinstance(reused, Denied)
    assert reused.code == "refresh-reused"
    assert actor_of(third.access_token) is None


def test_a_forged_or_foreign_refresh_token_ends_nothing(world: World) -> None:
    tokens = phone()
    family, _, _ = tokens.refresh_token.partition(".")
    forged = refresh(f"{family}.{'a' * 43}.{'0' * 16}")
    assert isinstance(forged, Denied)
    assert forged.code == "unauthenticated"
    assert isinstance(refresh("rt_nonsense"), Denied)
    assert actor_of(tokens.access_token) is not None


def test_a_refresh_token_belongs_to_its_installation(world: World) -> None:
    tokens = phone()
    assert isinstance(refresh(tokens.refresh_token, "phone-2"), Denied)
    assert isinstance(refresh(tokens.refresh_token), Denied)
