"""The daily mail about unread messages: once a local day, for what waits, never after the end (C53, Q24)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from flows import access
from flows.access import instance_to_read, read_as
from flows.actions import choosing, closing, conversing
from flows.models import Effect, Notice, User
from flows.rules.actors import SYSTEM, Actor
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from messaging import digests
from messaging.outbox import deliver
from tests.guided.conftest import Play
from tests.messaging.conftest import effect, mails, part
from tests.messaging.test_guided import play

__all__ = ["play"]  # a fixture

pytestmark = pytest.mark.requirement("C53", "Q24")

MORNING, EVENING = datetime(2026, 11, 2, 10, 0, tzinfo=UTC), datetime(2026, 11, 2, 17, 0, tzinfo=UTC)


def say(play: Play, by: Actor, text: str = "Can you retake the photo?") -> None:
    with unit_of_work(by) as work:
        conversing.send(work, access.instance_to_change(work, play.ref), text)


def happens(play: Play, why: str) -> None:
    """What keeps a mail about a message from its customer; other words stand for nothing."""
    tenant = play.world.tenant
    with unit_of_work(play.world.admin if why == "closed" else SYSTEM if why == "unverified" else tenant) as work:
        match why:
            case "read":
                conversing.mark_read(work, access.instance_to_change(work, play.ref), 1)
            case "closed":
                closing.cancel_request(work, access.instance_to_change(work, play.ref), "Moved away")
            case "muted":
                choosing.mute(work, instance_to_read(tenant, play.ref))
            case "off":
                choosing.choose(work, {"mail": [], "push": []})
            case "unverified":
                work.session.get_one(User, tenant.user_id).email_verified_at = None


def owed() -> list[int]:
    end_reading()
    digests.owe_due()
    end_reading()
    query = select(Effect.id).where(Effect.key.startswith(digests.KIND)).order_by(Effect.id)
    return list(read_as(SYSTEM).scalars(query))


def test_one_mail_from_the_hour_of_the_customer_however_often_it_is_asked(
    play: Play, settings: Settings, move_clock: Callable[..., Any]
) -> None:
    play.start()
    say(play, play.world.agent, "Private words")
    say(play, play.world.agent)
    assert owed() == [], "not for an hour yet, and it is morning"
    move_clock(to=EVENING.replace(hour=16, minute=59))
    assert owed() == [], "a minute to five"
    move_clock(to=EVENING)
    [one] = owed()
    assert owed() == [one]
    assert deliver(one)
    mail = next(mail for mail in mails(settings) if "unread" in mail["Subject"])
    assert mail["Subject"] == "You have 2 unread messages"
    words = part(mail, "plain")
    assert "Move-in (TI-2001): 2 – Gus Agent" in words
    assert "Private words" not in words
    assert "at most once a day" in words
    assert mail["List-Unsubscribe"]
    move_clock(days=1)
    assert len(owed()) == 2, "the next day, while it still waits"


def test_it_is_the_day_and_the_hour_of_the_reader(play: Play, move_clock: Callable[..., Any]) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(User, play.world.user_ids["tenant"]).time_zone = "Pacific/Auckland"
    play.start()
    say(play, play.world.agent)
    move_clock(to=datetime(2026, 11, 2, 12, 0, tzinfo=UTC))
    assert owed() == [], "one in the morning there"
    move_clock(to=datetime(2026, 11, 3, 4, 0, tzinfo=UTC))
    [one] = owed()
    assert effect(one).key.endswith(":2026-11-03")


@pytest.mark.parametrize("why", ["read", "own", "closed", "muted", "off", "fresh", "unverified"])
def test_there_is_none_when_nothing_waits_or_it_is_not_wanted(
    play: Play, move_clock: Callable[..., Any], why: str
) -> None:
    play.start()
    tenant = play.world.tenant
    if why == "fresh":
        move_clock(to=EVENING.replace(minute=30))
    say(play, tenant if why == "own" else play.world.agent)
    happens(play, why)
    move_clock(to=EVENING.replace(minute=59))
    assert owed() == []


@pytest.mark.parametrize("what", ["read", "closed"])
def test_what_is_read_or_closed_before_it_goes_out_is_not_sent(
    play: Play, settings: Settings, move_clock: Callable[..., Any], what: str
) -> None:
    play.start()
    say(play, play.world.agent)
    move_clock(to=EVENING)
    [one] = owed()
    with unit_of_work(play.world.tenant if what == "read" else play.world.admin) as work:
        instance = access.instance_to_change(work, play.ref)
        if what == "read":
            conversing.mark_read(work, instance, 1)
        else:
            closing.cancel_request(work, instance, "Moved away")
    assert not deliver(one)
    assert effect(one).state == "skipped"
    assert "read everything" in effect(one).skip_reason


@pytest.mark.requirement("C51", "C52")
def test_a_new_message_is_one_line_of_the_inbox_until_it_is_read(play: Play) -> None:
    play.start(assignee="usr_gus")

    def lines(who: str) -> list[tuple[str, bool]]:
        end_reading()
        mine = select(Notice).where(Notice.kind == "message", Notice.user_id == play.world.user_ids[who])
        return [(one.url, one.seen_at is None) for one in read_as(SYSTEM).scalars(mine.order_by(Notice.id))]

    say(play, play.world.agent)
    say(play, play.world.agent)
    assert lines("tenant") == [("/tasks/TI-2001#talk", False), ("/tasks/TI-2001#talk", True)]
    assert lines("agent") == []
    say(play, play.world.tenant)
    assert lines("agent") == [("/admin/instances/TI-2001#talk", True)]
    with unit_of_work(play.world.tenant) as work:
        conversing.mark_read(work, access.instance_to_change(work, play.ref), 2)
    assert lines("tenant")[-1] == ("/tasks/TI-2001#talk", False)
    assert lines("agent")[-1][1], "another reader's inbox stays"
