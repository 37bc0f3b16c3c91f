"""Invitations, members, profiles and customer organisations: who may, who may not, and what is left behind."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from flows.access import read_as, visible_organisations
from flows.actions import accounts
from flows.actions.accounts import Device, SignedIn
from flows.actions.replaying import remember, replay_of
from flows.clock import clock
from flows.models import Effect, Invitation, Membership, Organisation, Replay, SignIn, User
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Busy, Invalid, OutOfStep, Refused
from flows.work import Work, unit_of_work
from tests.world import World

HERE = Device(address="192.0.2.7", user_agent="Firefox")


def customers_of(work: Work) -> list[str]:
    """Names of the organisations that the actor may order for."""
    return [organisation.name for organisation in work.session.scalars(visible_organisations(work.actor))]


def organisation(work: Work, uid: str) -> Organisation:
    return work.session.scalars(select(Organisation).where(Organisation.uid == uid)).one()


def invited(actor: Actor, email: str, uid: str | None, kind: str = "customer", role: str = "member") -> str:
    """Invite, and return the token of the mailed link."""
    with unit_of_work(actor) as work:
        accounts.invite(work, email, kind, organisation(work, uid) if uid else None, role)
    effect = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "email").order_by(Effect.id.desc())).first()
    assert effect is not None
    assert effect.payload["address"] == email
    return str(effect.payload["scope"]["url"]).rsplit("/", 1)[1]


def accepted(token: str, **words: str) -> SignedIn:
    with unit_of_work(accounts.NOBODY) as work:
        outcome = accounts.accept_invitation(
            work, token, HERE, **{"name": "Nia New", "time_zone": "Europe/Berlin", **words}
        )
    assert isinstance(outcome, SignedIn)
    return outcome


@pytest.mark.requirement("X27")
def test_an_invitation_makes_an_account_and_signs_in_once(world: World) -> None:
    token = invited(world.buyer, "nia@example.com", world.brightpath)
    new = accepted(token, password="a good long one")
    assert (new.user.name, new.user.kind, new.user.time_zone) == ("Nia New", "customer", "Europe/Berlin")
    with unit_of_work(new.actor) as work:
        assert "Acme Ltd" in customers_of(work)
    with pytest.raises(Refused) as refused:
        accepted(token)
    assert refused.value.code == "link-expired"


@pytest.mark.requirement("X27")
def test_an_invitation_ends_after_7_days(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = invited(world.buyer, "nia@example.com", world.brightpath)
    assert accounts.invitation_of(read_as(SYSTEM), token).email == "nia@example.com"
    real = clock.wall
    monkeypatch.setattr(type(clock), "wall", staticmethod(lambda: real() + timedelta(days=7)))
    with pytest.raises(Refused):
        accounts.invitation_of(read_as(SYSTEM), token)


@pytest.mark.requirement("X27")
def test_a_new_invitation_and_a_withdrawal_end_the_link(world: World) -> None:
    first = invited(world.buyer, "nia@example.com", world.brightpath)
    second = invited(world.buyer, "nia@example.com", world.brightpath)
    with pytest.raises(Refused):
        accounts.invitation_of(read_as(SYSTEM), first)
    row_id = accounts.invitation_of(read_as(SYSTEM), second).id
    with pytest.raises(Refused), unit_of_work(world.stranger) as work:
        accounts.withdraw_invitation(work, row_id, organisation(work, world.brightpath))
    with unit_of_work(world.buyer) as work:
        accounts.withdraw_invitation(work, row_id, organisation(work, world.brightpath))
    with pytest.raises(Refused):
        accounts.invitation_of(read_as(SYSTEM), second)


@pytest.mark.requirement("X28")
@pytest.mark.parametrize(
    ("who", "uid", "allowed"),
    [
        ("buyer", "cus_brightpath", True),
        ("buyer", "cus_acme", True),
        ("acme_owner", "cus_acme", True),
        ("admin", "cus_acme", True),
        ("colleague", "cus_brightpath", False),
        ("stranger", "cus_brightpath", False),
        ("acme_owner", "cus_brightpath", False),
        ("agent", "cus_acme", False),
    ],
)
def test_owners_and_user_admins_invite(world: World, who: str, uid: str, allowed: bool) -> None:
    if allowed:
        assert invited(getattr(world, who), "nia@example.com", uid)
        return
    with pytest.raises(Refused) as refused:
        invited(getattr(world, who), "nia@example.com", uid)
    assert refused.value.status == 403
    assert read_as(SYSTEM).scalars(select(Invitation)).all() == []


def test_staff_are_invited_by_user_admins_only(world: World) -> None:
    with pytest.raises(Refused):
        invited(world.buyer, "sam@example.com", None, "staff")
    new = accepted(invited(world.admin, "sam@example.com", None, "staff"))
    assert new.actor.is_staff
    assert not new.actor.permissions


@pytest.mark.parametrize(
    "email",
    ["", "nobody", "a b@example.com", "a@b", "x@example.com\nBcc: y@example.com", "bea@example.com", "gus@example.com"],
)
def test_bad_and_taken_addresses_are_not_invited(world: World, email: str) -> None:
    with pytest.raises(Invalid) as invalid:
        invited(world.buyer, email, world.brightpath)
    assert invalid.value.problems[0].pointer == "/email"


def test_nobody_mails_the_world_through_us(world: World) -> None:
    for number in range(30):
        invited(world.buyer, f"a{number}@example.com", world.brightpath)
    with pytest.raises(Busy):
        invited(world.buyer, "one.more@example.com", world.brightpath)


@pytest.mark.requirement("X28")
def test_somebody_with_an_account_joins_one_more_organisation(world: World) -> None:
    joined = accepted(invited(world.buyer, "anna@example.com", world.brightpath), name="Somebody Else", password="")
    assert joined.user.name == "Anna Acme"
    memberships = read_as(SYSTEM).scalars(select(Membership).where(Membership.user_id == joined.user.id)).all()
    assert len(memberships) == 2


def test_accepting_checks_what_is_given(world: World) -> None:
    token = invited(world.buyer, "nia@example.com", world.brightpath)
    for words, pointer in (
        ({"name": " "}, "/name"),
        ({"time_zone": "Mars/Base"}, "/time_zone"),
        ({"language": "xx"}, "/language"),
        ({"password": "short"}, "/password"),
    ):
        with pytest.raises(Invalid) as invalid:
            accepted(token, **words)
        assert invalid.value.problems[0].pointer == pointer
    assert accepted(token).user.email == "nia@example.com"


@pytest.mark.requirement("X28")
def test_members_are_removed_but_never_the_last_owner(world: World) -> None:
    with pytest.raises(Refused), unit_of_work(world.colleague) as work:
        accounts.remove_member(work, organisation(work, world.brightpath), "usr_bea")
    with pytest.raises(OutOfStep), unit_of_work(world.buyer) as work:
        accounts.remove_member(work, organisation(work, world.brightpath), "usr_bea")
    with unit_of_work(world.buyer) as work:
        accounts.remove_member(work, organisation(work, world.brightpath), "usr_carl")
    with unit_of_work(world.colleague) as work:
        assert customers_of(work) == []
    with pytest.raises(Refused), unit_of_work(world.buyer) as work:
        accounts.remove_member(work, organisation(work, world.brightpath), "usr_carl")


@pytest.mark.requirement("X28")
def test_a_reseller_adds_its_customers(world: World) -> None:
    with unit_of_work(world.colleague) as work:
        added = accounts.add_customer_organisation(work, "  Zoë & Söhne ", address="1 High Street")
    assert (added.name, added.slug, added.parent_id is not None) == ("Zoë & Söhne", "zoe-sohne", True)
    with unit_of_work(world.buyer) as work:
        assert "Zoë & Söhne" in customers_of(work)
        with pytest.raises(Invalid):
            accounts.add_customer_organisation(work, "zoë & söhne")
    with unit_of_work(world.stranger) as work:
        assert "Zoë & Söhne" not in customers_of(work)


@pytest.mark.parametrize("who", ["acme_owner", "tenant", "agent"])
def test_customers_of_resellers_and_households_add_none(world: World, who: str) -> None:
    with pytest.raises(Refused), unit_of_work(getattr(world, who)) as work:
        accounts.add_customer_organisation(work, "New Ltd")


def test_a_profile_is_changed_and_checked(world: World) -> None:
    with unit_of_work(world.buyer) as work:
        accounts.change_profile(work, name="Bea B.", language="cy", time_zone="Asia/Tokyo")
    user = read_as(SYSTEM).get_one(User, world.buyer.user_id)
    assert (user.name, user.language, user.time_zone) == ("Bea B.", "cy", "Asia/Tokyo")
    with pytest.raises(Invalid) as invalid, unit_of_work(world.buyer) as work:
        accounts.change_profile(work, name="", language="xx", time_zone="nowhere")
    assert [problem.pointer for problem in invalid.value.problems] == ["/name", "/time_zone", "/language"]


def test_joining_leaves_no_session_of_somebody_else(world: World) -> None:
    joined = accepted(invited(world.buyer, "nia@example.com", world.brightpath))
    assert {row.user_id for row in read_as(SYSTEM).scalars(select(SignIn))} == {joined.user.id}


def test_a_kept_answer_is_given_again(world: World) -> None:
    user_id = world.user_ids["buyer"]
    with unit_of_work(world.buyer) as work:
        assert replay_of(work, user_id, "POST /x", "k", "f") is None
        remember(work, user_id, "POST /x", "k", status=201, body={"id": 7})
    with unit_of_work(world.buyer) as work:
        again = replay_of(work, user_id, "POST /x", "k", "f")
        assert again is not None
        assert (again.status, again.body) == (201, {"id": 7})
        assert replay_of(work, user_id, "POST /y", "k", "f") is None
        assert replay_of(work, world.user_ids["stranger"], "POST /x", "k", "f") is None
    with pytest.raises(Invalid) as invalid, unit_of_work(world.buyer) as work:
        replay_of(work, user_id, "POST /x", "k", "other")
    assert invalid.value.code == "idempotency-mismatch"


def test_a_kept_answer_is_forgotten_after_a_day_and_by_a_failure(world: World) -> None:
    user_id = world.user_ids["buyer"]
    with suppress(Refused), unit_of_work(world.buyer) as work:
        replay_of(work, user_id, "POST /x", "k", "f")
        raise Refused
    with unit_of_work(world.buyer) as work:
        assert replay_of(work, user_id, "POST /x", "k", "f") is None
        remember(work, user_id, "POST /x", "k", status=201, body={})
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(Replay)).one().created_at = clock.wall() - timedelta(hours=25)
    with unit_of_work(world.buyer) as work:
        assert replay_of(work, user_id, "POST /x", "k", "another") is None
