"""Who hears of a message, and when: whoever answers it at once, its customer by mail once it was unread ten minutes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from flows import access
from flows.access import read_as
from flows.actions import conversing
from flows.models import Department, Effect, Notice, Role
from flows.rules.actors import SYSTEM, Actor
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from messaging.outbox import deliver
from tests.guided.conftest import Play
from tests.messaging.conftest import effect, mails, part
from tests.messaging.test_digests import happens, say
from tests.messaging.test_guided import play

__all__ = ["play"]  # a fixture


def owed() -> list[int]:
    end_reading()
    query = select(Effect.id).where(Effect.kind == "email", Effect.key.contains(":message-new:")).order_by(Effect.id)
    return list(read_as(SYSTEM).scalars(query))


def read(play: Play, seq: int) -> None:
    with unit_of_work(play.world.tenant) as work:
        conversing.mark_read(work, access.instance_to_change(work, play.ref), seq)


@pytest.mark.requirement("C51", "C53", "Q24")
def test_a_message_unread_for_ten_minutes_is_one_mail_without_its_words(
    play: Play, settings: Settings, move_clock: Callable[..., Any]
) -> None:
    play.start()
    say(play, play.world.agent, "Private words")
    say(play, play.world.agent)
    [one] = owed()
    assert not deliver(one), "it may still be read"
    move_clock(minutes=10)
    assert deliver(one)
    mail = next(mail for mail in mails(settings) if "New message" in mail["Subject"])
    assert mail["Subject"] == f"New message about Move-in ({play.ref})"
    words = " ".join(part(mail, "plain").split())
    assert "2 messages about Move-in wait to be read by you. The newest is from Gus Agent." in words
    assert f"/tasks/{play.ref}#talk" in words
    assert "Private words" not in words
    assert "You may choose whether emails like this come." in words
    assert mail["List-Unsubscribe"]


@pytest.mark.requirement("C53", "Q24")
def test_a_request_is_mailed_about_once_a_day(play: Play, move_clock: Callable[..., Any]) -> None:
    play.start()
    say(play, play.world.agent)
    move_clock(minutes=10)
    [first] = owed()
    assert deliver(first)
    read(play, 1)
    say(play, play.world.agent)
    move_clock(minutes=10)
    [_, second] = owed()
    assert not deliver(second)
    assert (effect(second).state, "today" in effect(second).skip_reason) == ("skipped", True)
    move_clock(days=1)
    read(play, 2)
    say(play, play.world.agent)
    move_clock(minutes=10)
    assert deliver(owed()[-1])


@pytest.mark.requirement("C53", "C54", "Q24")
@pytest.mark.parametrize("why", ["read", "own", "closed", "muted", "off", "unverified"])
def test_there_is_no_mail_when_it_was_read_or_is_not_wanted(
    play: Play, move_clock: Callable[..., Any], why: str
) -> None:
    play.start()
    tenant = play.world.tenant
    say(play, tenant if why == "own" else play.world.agent)
    happens(play, why)
    move_clock(minutes=10)
    for one in owed():
        assert not deliver(one)
        assert effect(one).state == "skipped", "nobody has to see to it"
        assert effect(one).skip_reason
    assert len(owed()) == (0 if why == "own" else 1)


@pytest.mark.requirement("C52")
@pytest.mark.parametrize("who", ["assignee", "who took part", "department", "who gives work out"])
def test_what_the_customer_says_reaches_whoever_is_to_answer(play: Play, who: str) -> None:
    play.start(assignee="usr_gus" if who == "assignee" else "")
    others = {"department": "agent", "who gives work out": "agent, admin"}
    with unit_of_work(SYSTEM) as work:
        instance = access.instance_to_change(work, play.ref)
        if who == "department":
            instance.department_id = work.session.scalars(select(Department.id)).one()
    if who == "who took part":
        say(play, play.world.agent)
    say(play, play.world.tenant)
    assert told(play) == others.get(who, "agent")


@pytest.mark.requirement("C52")
def test_colleagues_who_may_not_give_work_out_are_left_in_peace(play: Play) -> None:
    play.start()
    with unit_of_work(SYSTEM) as work:
        role = work.session.scalars(select(Role).where(Role.name == "agent")).one()
        role.permissions = [one for one in role.permissions if one != "assign"]
    say(play, play.world.tenant)
    assert told(play) == "admin"


def told(play: Play) -> str:
    """Names of the staff who have a notice of a message."""
    end_reading()
    ids = {*read_as(SYSTEM).scalars(select(Notice.user_id).where(Notice.kind == "message"))}
    people: list[tuple[str, Actor]] = [("agent", play.world.agent), ("admin", play.world.admin)]
    return ", ".join(name for name, actor in people if actor.user_id in ids)
