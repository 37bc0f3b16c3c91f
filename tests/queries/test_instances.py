"""The Task Instances list: every filter with what fits and what does not, every order to its end, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete

from flows import access
from flows.actions import conversing
from flows.clock import clock
from flows.models import Instance, TimelineEvent
from flows.queries import instances, tallies
from flows.queries.instances import SORTS, Filters
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid
from flows.work import end_reading, unit_of_work
from tests.queries.conftest import Made, user_id
from tests.world import World

EVERY = Filters()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def refs(world: World, filters: Filters = EVERY, sort: str = "created", limit: int = 25) -> list[str]:
    """All that fit, page by page."""
    end_reading()
    found, cursor = [], None
    while True:
        page = instances.listed(world.agent, clock.now(), filters, cursor, sort, limit)
        found += [one.reference for one in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            return found


def count(world: World, filters: Filters) -> int:
    query = instances.fitting(world.agent, clock.now(), filters)
    return tallies.count(world.agent, {"it": query})["it"]


@pytest.fixture
def now(world: World) -> datetime:
    return clock.now()


def cases(now: datetime, gus: int, ada: int) -> list[tuple[Filters, dict[str, Any], dict[str, Any]]]:
    """(filters, a request that fits, one that does not)."""
    running, done = {"status": "in_progress"}, {"status": "completed"}
    return [
        (Filters(agents=(gus,)), {"assignee_id": gus}, {"assignee_id": ada}),
        (Filters(agents=(gus,)), {"assignee_id": gus}, {"assignee_id": None}),
        (Filters(agents=(None,)), {"assignee_id": None}, {"assignee_id": gus}),
        (Filters(agents=(None, gus)), {"assignee_id": gus}, {"assignee_id": ada}),
        (Filters(agents=(gus,), statuses=("completed",)), done | {"assignee_id": gus}, running | {"assignee_id": gus}),
        *((Filters(statuses=(one,)), {"status": one}, {"status": other}) for one, other in (
            ("not_started", "in_progress"), ("in_progress", "not_started"), ("awaiting_review", "in_progress"),
            ("completed", "cancelled"), ("cancelled", "expired"), ("expired", "completed"),
        )),
        (Filters(statuses=("completed", "in_progress")), running, {"status": "not_started"}),
        (Filters(statuses=("overdue",)), running | {"due_at": now - HOUR}, running | {"due_at": now + HOUR}),
        (Filters(statuses=("overdue",)), running | {"due_at": now - HOUR}, done | {"due_at": now - HOUR}),
        (Filters(statuses=("overdue",)), running | {"due_at": now - HOUR}, running),
        (Filters(statuses=("overdue", "completed")), running | {"due_at": now - HOUR}, running),
        (Filters(statuses=("in_progress",)), running, running | {"expires_at": now - HOUR}),
        (Filters(statuses=("expired",)), running | {"expires_at": now - HOUR}, running | {"expires_at": now + HOUR}),
        (Filters(is_open=True), running, {"status": "cancelled"}),
        (Filters(is_open=True), running, running | {"expires_at": now - HOUR}),
        (Filters(is_open=False), done, running),
        (Filters(is_open=True, statuses=("completed", "in_progress")), running, done),
        (Filters(flows=("tenant-onboarding",)), {}, {"flow": "coro-order-fulfilment"}),
        (Filters(sources=("onboarding",)), {"source": "onboarding"}, {"source": "event"}),
        (Filters(due_before=now + DAY), {"due_at": now + HOUR}, {"due_at": now + DAY}),
        (Filters(due_before=now + DAY), {"due_at": now + HOUR}, {}),
        (Filters(due_from=now), {"due_at": now}, {"due_at": now - HOUR}),
        (Filters(without_due=True), {}, {"due_at": now}),
        (Filters(), {}, {"state": "new"}),
    ]  # fmt: skip


@pytest.mark.requirement("C14", "C15", "C22")
def test_each_filter_lets_through_what_fits_and_nothing_else(world: World, made: Made, now: datetime) -> None:
    for filters, fits, not_so in cases(now, user_id("usr_gus"), user_id("usr_ada")):
        with unit_of_work(SYSTEM) as work:
            work.session.execute(delete(TimelineEvent))
            work.session.execute(delete(Instance))
        fitting = made(**fits)
        made(**not_so)
        for sort in SORTS:
            assert refs(world, filters, sort) == [fitting], (filters, sort)
        assert count(world, filters) == 1, filters


def test_nothing_fits_what_contradicts_itself(world: World, made: Made) -> None:
    made()
    for sort in SORTS:
        assert refs(world, Filters(is_open=False, statuses=("in_progress",)), sort) == []
    assert count(world, Filters(is_open=False, statuses=("in_progress",))) == 0


@pytest.fixture
def mixed(world: World, made: Made, now: datetime) -> list[str]:
    """Forty requests of every kind; some were created at the same moment, some are due at the same."""
    agents = [user_id("usr_gus"), user_id("usr_ada"), None]
    found = []
    for n in range(40):
        status = ("not_started", "in_progress", "awaiting_review", "completed", "in_progress")[n % 5]
        found.append(
            made(
                status=status,
                assignee_id=agents[n % 3],
                created_at=now - HOUR * (n // 2),
                due_at=None if n % 4 == 0 else now + HOUR * (n % 7 - 3.5),
                steps_done=n % 5,
            )
        )
    return found


def test_pages_hold_everything_once_in_one_order(world: World, mixed: list[str]) -> None:
    busy = Filters(agents=(user_id("usr_gus"), None), is_open=True)
    many = count(world, busy)
    assert many
    for sort in SORTS:
        whole = refs(world, sort=sort, limit=100)
        assert sorted(whole) == sorted(mixed), sort
        for limit in (1, 7):
            assert refs(world, sort=sort, limit=limit) == whole, (sort, limit)
            narrowed = refs(world, busy, sort, limit)
            assert narrowed == [one for one in whole if one in narrowed], (sort, limit)
            assert len(narrowed) == many, (sort, limit)


def rows(world: World, sort: str, filters: Filters = EVERY) -> list[Any]:
    end_reading()
    return list(instances.listed(world.agent, clock.now(), filters, None, sort, 100).rows)


def test_orders_are_what_they_say(world: World, mixed: list[str], now: datetime) -> None:
    newest = [one.created_at for one in rows(world, "created")]
    assert newest == sorted(newest, reverse=True)
    assert [one.reference for one in rows(world, "-created")] == [one.reference for one in rows(world, "created")][::-1]
    due = [one.due_at for one in rows(world, "due", Filters(is_open=True))]
    dated = [moment for moment in due if moment]
    assert due == sorted(dated) + [None] * (len(due) - len(dated)), "the soonest first, those without a date last"
    latest = [one.due_at for one in rows(world, "-due", Filters(is_open=True))]
    assert latest == sorted(dated, reverse=True) + [None] * (len(due) - len(dated))
    assert not rows(world, "due")[-1].is_open, "what has ended comes after what is due"
    done = [one.steps_done for one in rows(world, "progress")]
    assert done == sorted(done)
    assert [one.steps_done for one in rows(world, "-progress")] == sorted(done, reverse=True)
    kinds = [0 if one.is_overdue(now) else instances.URGENCY.get(one.status, 9) for one in rows(world, "urgency")]
    assert kinds == sorted(kinds)
    assert {0, 1, 2, 3, 9} == set(kinds)


@pytest.mark.parametrize("cursor", [
    "x", "0~x~1", "~~", "0~2026-11-02T10:00:00~1", "0~0001-01-01T00:00:00+14:00~1", "0~2026-11-02T10:00:00+00:00~0",
    "0~2026-11-02T10:00:00+00:00~99999999999", "77~2026-11-02T10:00:00+00:00~1", "-1~2026-11-02T10:00:00+00:00~1",
    "0~2026-11-02T10:00:00+00:00~1~1", "\0", "9" * 5000,
])  # fmt: skip
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_broken_cursor_is_refused(world: World, cursor: str, database: str) -> None:
    for sort in ("created", "due", "urgency"):
        with pytest.raises(Invalid, match="Start from the first page"):
            instances.listed(world.agent, clock.now(), cursor=cursor, sort=sort)


@pytest.mark.parametrize("cursor", ["0~x~1", "0~101~1", "0~-1~1", "0~2026-11-02T10:00:00+00:00~1"])
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_broken_cursor_of_progress_is_refused(world: World, cursor: str, database: str) -> None:
    with pytest.raises(Invalid, match="Start from the first page"):
        instances.listed(world.agent, clock.now(), cursor=cursor, sort="progress")


@pytest.mark.parametrize("many", [1, 50])
def test_a_page_is_one_statement(
    world: World, made: Made, count_statements: Callable[[], list[str]], many: int
) -> None:
    gus = user_id("usr_gus")
    for _ in range(many):
        made(assignee_id=gus)
    for filters, sort in ((Filters(), "created"), (Filters(agents=(gus, None), is_open=True), "urgency")):
        end_reading()
        counted = count_statements()
        page = instances.listed(world.agent, clock.now(), filters, None, sort)
        assert {(one.assignee.name, one.reference[:3]) for one in page.rows} == {("Gus Agent", "TI-")}
        assert len(counted) == 1


def test_whoever_may_not_look_sees_nothing(world: World, made: Made) -> None:
    made()
    blind = world.agent.__class__("staff", world.agent.user_id, permissions=frozenset({"orders"}))
    assert list(instances.listed(blind, clock.now()).rows) == []
    assert instances.everything(blind, clock.now(), Filters(), 10) == []
    assert list(instances.chosen(blind, [1])) == []


def test_views_are_counted_in_one_statement(
    world: World, made: Made, now: datetime, count_statements: Callable[[], list[str]]
) -> None:
    gus = user_id("usr_gus")
    made(assignee_id=gus)
    made(status="awaiting_review")
    made(assignee_id=gus, status="completed")
    made(due_at=now - HOUR, assignee_id=user_id("usr_ada"))
    counted = count_statements()
    views = {name: instances.fitting(world.agent, now, one) for name, one in instances.views(world.agent).items()}
    found = tallies.count(world.agent, views)
    assert len(counted) == 1
    assert found == {"open": 3, "mine": 1, "review": 1, "unassigned": 1, "overdue": 1, "unread": 0, "completed": 1}


def test_counting_stops_when_it_has_seen_enough(world: World, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        made()
    monkeypatch.setattr(tallies, "ENOUGH", 3)
    found = tallies.count(world.agent, {"it": instances.fitting(world.agent, clock.now(), Filters())})
    assert (str(found["it"]), f"{found['it']}") == ("3+", "3+")
    assert tallies.count(world.agent, {}) == {}


def test_agents_are_colleagues_by_name(world: World) -> None:
    assert [(one.name, one.is_active) for one in instances.agents(world.agent)] == [
        ("Ada Admin", True), ("Gus Agent", True), ("Rae Reader", True),
    ]  # fmt: skip


@pytest.mark.requirement("C13")
def test_the_order_by_messages_begins_with_what_waits_to_be_read(world: World, made: Made, now: datetime) -> None:
    old, middle, new = (made(status="in_progress", created_at=now - DAY * days) for days in (3, 2, 1))
    assert refs(world, sort="messages") == [new, middle, old]
    for ref in (old, middle):
        with unit_of_work(world.tenant) as work:
            conversing.send(work, access.instance_to_change(work, ref), "Hello")
    assert refs(world, sort="messages") == refs(world, sort="messages", limit=1) == [middle, old, new]
    assert refs(world, sort="created") == [new, middle, old]
    with unit_of_work(world.agent) as work:
        conversing.mark_read(work, access.instance_to_change(work, middle), 1)
    assert refs(world, sort="messages") == [old, new, middle]
