"""Messages and notes through their verbs: said once, numbered without a gap, closed with the request."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from flask import Flask

from flows import access
from flows.actions import closing
from flows.clock import clock
from flows.models import Participant
from flows.queries import timeline, unread
from flows.queries.instances import Filters, listed
from flows.queries.invariants import broken
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.work import end_reading, unit_of_work
from tests.talk.conftest import Talking
from tests.world import World


@pytest.fixture(autouse=True)
def all_is_well(app: Flask) -> object:
    """After each story the invariants hold (DOMAIN.md section 5: 6 and 7 are about messages)."""
    yield
    end_reading()
    assert {says: rows for says, rows in broken(access.read_as(SYSTEM)).items() if rows} == {}


@pytest.mark.requirement("C3", "C47", "C48")
def test_both_sides_talk_and_each_thread_counts_for_itself(talking: Talking, world: World) -> None:
    talking.send(world.agent, "Can you send the keys?\r\nBy Monday")
    talking.note(world.agent, "They lost them before")
    talking.send(world.tenant, " Yes ")
    assert [(one.seq, one.author_name, one.text) for one in talking.seen_by(world.tenant).messages] == [
        (1, "Gus Agent", "Can you send the keys?\nBy Monday"), (2, "Priya Shah", "Yes"),
    ]  # fmt: skip
    notes = talking.seen_by(world.agent, is_internal=True).messages
    assert [(one.seq, one.text) for one in notes] == [(1, "They lost them before")]
    talking.read(world.tenant, 2)
    assert talking.seen_by(world.agent).read_by_others == 2
    assert talking.seen_by(world.agent, is_internal=True).read_by_others == 0, "nobody of them reads a note"
    assert talking.seen_by(world.tenant, is_internal=True).messages == ()
    took_part = {one.user_id for one in access.read_as(SYSTEM).query(Participant)}
    assert took_part >= {world.user_ids["agent"], world.user_ids["tenant"]}


@pytest.mark.requirement("C3")
def test_who_may_say_something(talking: Talking, world: World) -> None:
    for nobody in (world.stranger, world.reader):
        with pytest.raises(Refused):
            talking.send(nobody)
        with pytest.raises(Refused):
            talking.note(nobody)
    with pytest.raises(Refused):
        talking.note(world.tenant)
    assert talking.all() == []


@pytest.mark.requirement("C47")
@pytest.mark.parametrize(("text", "words"), [("  \n ", "Write a message"), ("x" * 10_003, "these are 3 too many")])
def test_what_cannot_be_said(talking: Talking, world: World, text: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        talking.send(world.tenant, text)
    talking.send(world.tenant, "x" * 10_000)


@pytest.mark.requirement("C47")
def test_sent_again_it_is_there_once(talking: Talking, world: World) -> None:
    first = talking.send(world.tenant, "Done", client_id="a")
    assert talking.send(world.tenant, "Done", client_id="a").uid == first.uid
    assert talking.send(world.agent, "Done", client_id="a").uid != first.uid, "ids are each person's own"
    with pytest.raises(Invalid, match="other words"):
        talking.send(world.tenant, "Something else", client_id="a")
    with pytest.raises(Invalid, match="64 characters"):
        talking.send(world.tenant, "Hello", client_id="a" * 65)
    assert [one.seq for one in talking.all()] == [1, 2]


@pytest.mark.requirement("C54")
@pytest.mark.parametrize("end", ["cancelled", "closed", "completed", "expired"])
def test_it_is_closed_with_the_request(
    talking: Talking, world: World, end: str, move_clock: Callable[..., datetime]
) -> None:
    first = talking.send(world.tenant, "Before", client_id="a")
    if end == "expired":
        with unit_of_work(SYSTEM) as work:
            access.instance_to_change(work, talking.play.ref).expires_at = clock.now() + timedelta(days=1)
        move_clock(days=2)
    elif end == "cancelled":
        with unit_of_work(world.admin) as work:
            closing.cancel_request(work, access.instance_to_change(work, talking.play.ref), "Not needed")
    elif end == "closed":
        talking.play.submit("identity", {"legal_name": "Priya", "right_to_rent": "y"})
        talking.play.close("identity")
    else:
        talking.play.through()
        talking.play.conclude()
    words = "time for this request ended" if end == "expired" else f"was {end} on"
    for say in (talking.send, talking.note):
        with pytest.raises(OutOfStep, match=words) as refused:
            say(world.agent, "Too late")
        assert refused.value.code == "conversation-closed"
    assert talking.send(world.tenant, "Before", client_id="a").uid == first.uid, "it was said in time"
    assert talking.read(world.agent, 1), "what was said stays to be read"
    assert [one.text for one in talking.seen_by(world.agent).messages] == ["Before"]


@pytest.mark.requirement("C54")
def test_overdue_is_open_and_so_is_what_was_taken_up_again(
    talking: Talking, world: World, move_clock: Callable[..., datetime]
) -> None:
    with unit_of_work(SYSTEM) as work:
        access.instance_to_change(work, talking.play.ref).due_at = clock.now() + timedelta(days=1)
    move_clock(days=2)
    talking.send(world.tenant, "I am late")
    talking.play.through()
    talking.play.conclude()
    with pytest.raises(OutOfStep):
        talking.send(world.tenant)
    talking.play.reopen("identity", by=world.admin)
    talking.send(world.agent, "Once more, please")


@pytest.mark.requirement("C51", "C13")
def test_unread_is_each_readers_own(talking: Talking, world: World) -> None:
    talking.send(world.tenant, "1")
    talking.send(world.agent, "2")
    talking.send(world.admin, "3")
    talking.note(world.admin, "not counted")
    counted = {who: talking.seen_by(getattr(world, who)).unread for who in ("tenant", "agent", "admin", "reader")}
    assert counted == {"tenant": 2, "agent": 2, "admin": 2, "reader": 3}
    assert talking.read(world.agent, 2)
    assert not talking.read(world.agent, 1), "it never moves back"
    assert not talking.read(world.agent, 2)
    assert talking.read(world.agent, 99)
    assert talking.seen_by(world.agent).unread == 0
    assert talking.seen_by(world.agent).read_up_to == 3, "what was not said cannot have been read"
    assert talking.seen_by(world.tenant).read_by_others == 3
    assert talking.seen_by(world.agent).read_by_others == 0
    [row] = listed(world.admin, clock.now(), Filters()).rows
    assert unread.of_page(world.admin, [row]) == {row.id: 2}


@pytest.mark.requirement("C48")
def test_pages_go_both_ways(talking: Talking, world: World) -> None:
    for n in range(1, 8):
        talking.send(world.tenant, str(n))

    def numbers(**page: int) -> list[int]:
        return [one.seq for one in talking.seen_by(world.agent, **page).messages]

    newest = talking.seen_by(world.agent, limit=3)
    assert ([one.seq for one in newest.messages], newest.older, newest.newer) == ([5, 6, 7], 5, None)
    older = talking.seen_by(world.agent, limit=3, before=5)
    assert ([one.seq for one in older.messages], older.older) == ([2, 3, 4], 2)
    first = talking.seen_by(world.agent, limit=3, before=2)
    assert ([one.seq for one in first.messages], first.older) == ([1], None)
    assert numbers(after=5) == [6, 7]
    assert talking.seen_by(world.agent, after=1, limit=2).newer == 3
    assert numbers(after=7) == []
    assert talking.seen_by(world.agent, after=7).unread == 7


@pytest.mark.requirement("C13")
def test_timelines_leave_the_words_to_the_conversation(talking: Talking, world: World) -> None:
    talking.send(world.tenant, "secret")
    end_reading()
    instance = access.instance_to_read(world.agent, talking.play.ref)
    assert "message_sent" not in [entry.kind for entry in timeline.of_instance(world.agent, instance)]
    assert "message_sent" in talking.play.kinds()


@pytest.mark.requirement("C3")
@pytest.mark.parametrize("database", ["postgres"])
def test_many_at_once_get_numbers_without_a_gap(app: Flask, talking: Talking, world: World, database: str) -> None:
    def say(n: int) -> None:
        with app.app_context():
            talking.send(world.tenant if n % 2 else world.agent, str(n))

    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(say, range(24)))
    assert sorted(one.seq for one in talking.all()) == list(range(1, 25))


@pytest.mark.requirement("C53")
def test_what_waits_for_over_an_hour(talking: Talking, world: World, move_clock: Callable[..., datetime]) -> None:
    started = talking.send(world.agent, "First").created_at
    talking.send(world.tenant, "Mine")
    move_clock(minutes=90)
    talking.send(world.agent, "Just now")
    session = access.read_as(SYSTEM)
    hour_ago = clock.now() - timedelta(hours=1)
    [waiting] = unread.of_customer(session, world.user_ids["tenant"], hour_ago)
    assert (waiting.count, waiting.oldest_at, waiting.newest_by) == (1, started, "Gus Agent")
    assert unread.of_customer(session, world.user_ids["stranger"], hour_ago) == []
    assert unread.customers_with_some(session, hour_ago) == [world.user_ids["tenant"]]
    talking.read(world.tenant, 1)
    session = access.read_as(SYSTEM)
    assert unread.of_customer(session, world.user_ids["tenant"], hour_ago) == []
    assert unread.customers_with_some(session, hour_ago) == []
    move_clock(hours=2)
    with unit_of_work(world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, talking.play.ref), "Over")
    assert unread.customers_with_some(access.read_as(SYSTEM), clock.now()) == [], "it stops on close"
