"""GET /sync: a copy on the phone is kept in step, nothing is lost, what is lost to the person goes (D5)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from flows.access import read_as
from flows.actions import departments, organisations
from flows.actions.accounts import people
from flows.models import Organisation
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.api.conftest import DETAILS, Phone, new_key, order_coro, task_of
from tests.api.guided import Request, request_
from tests.api.syncing import Copy, fresh, pages
from tests.bench import lists
from tests.guided.conftest import move_in
from tests.stages.desk import Desk, desk
from tests.world import World
from wsgi import PARTS

__all__ = ["desk", "move_in", "request_"]
pytestmark = pytest.mark.requirement("D5")


@pytest.fixture
def parts() -> tuple[str, ...]:
    return PARTS


def said(came: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(change["op"], change["object"]) for change in came]


def test_the_whole_then_only_what_changed(buyer: Phone, world: World) -> None:
    copy = Copy(buyer)
    copy.sync()
    assert sorted(copy.of("account")) == [world.acme, world.beta, world.brightpath]
    [first] = pages(buyer)
    assert (first["full"], first["has_more"], first["summary"]["outstanding"]) == (True, False, 0)
    assert copy.sync() == [], "nothing changed"

    order = order_coro(buyer, world)
    came = copy.sync()
    assert [kind for op, kind in said(came) if op == "upsert"][:2] == ["instance", "order"]
    assert {change["account_id"] for change in came} == {world.acme}
    assert copy.summary["outstanding"] == 1
    assert copy.of("order")[order["id"]]["outstanding_tasks"]
    assert copy.sync() == []
    assert copy.kept == fresh(buyer)


def test_a_draft_comes_and_goes_and_its_order_follows(buyer: Phone, world: World) -> None:
    copy = Copy(buyer)
    order = order_coro(buyer, world)
    copy.sync()
    step = f"/instances/{task_of(order)}/steps/details"
    buyer.send("PUT", f"{step}/draft", {"answers": {"company_name": "Half"}})
    assert said(copy.sync()) == [("upsert", "draft")]
    [draft] = copy.of("draft").values()
    assert draft["answers"] == {"company_name": "Half"}
    sent = buyer.post(f"{step}/submissions", {"answers": DETAILS}, key=new_key(), etag=buyer.get(step).headers["ETag"])
    assert sent.status_code == 201
    assert ("delete", "draft") in said(copy.sync())
    assert copy.of("draft") == {}
    assert copy.of("order")[order["id"]]["outstanding_tasks"] == []
    assert copy.kept == fresh(buyer)


def test_talk_and_what_is_read_on_another_phone(request_: Request, signed_in: Callable[[Actor], Phone]) -> None:
    request_.begin()
    copy, notes = Copy(request_.tenant), Copy(request_.agent)
    copy.sync(), notes.sync()
    say = {"body": "Send the photo again", "upload_ids": []}
    message = request_.agent.post(f"{request_.url}/messages", say, key=new_key()).json
    request_.agent.post(f"{request_.url}/messages", {**say, "internal": True}, key=new_key())
    came = copy.sync()
    assert [one["data"]["body"] for one in came if one["object"] == "message"] == ["Send the photo again"]
    assert copy.of("instance")[request_.id]["unread_messages"] == 1
    assert len([one for one in notes.sync() if one["object"] == "message"]) == 2, "notes are for staff"

    request_.tenant.send("PUT", f"{request_.url}/read_marker", {"message_id": message["id"]})
    assert ("upsert", "instance") in said(copy.sync())
    assert copy.of("instance")[request_.id]["unread_messages"] == 0
    assert copy.kept == fresh(request_.tenant)
    assert notes.kept.keys() == fresh(request_.agent).keys()


def test_time_alone_changes_what_is_seen(
    buyer: Phone, world: World, move_clock: Callable[..., datetime], request_: Request
) -> None:
    copy, order = Copy(buyer), order_coro(buyer, world)
    copy.sync()
    assert copy.of("instance")[task_of(order)]["turn"] == "todo"
    move_clock(days=8)
    assert said(copy.sync())[:2] == [("upsert", "instance"), ("upsert", "order")]
    assert copy.of("instance")[task_of(order)]["customer_status"] == "expired"
    assert copy.kept == fresh(buyer)
    assert copy.sync() == []


def test_what_somebody_loses_goes_and_what_they_gain_comes_whole(buyer: Phone, world: World) -> None:
    order_coro(buyer, world)
    copy = Copy(buyer)
    copy.sync()
    for on in (False, True):
        with unit_of_work(world.admin) as work:
            organisations.turn(work, world.acme, on)
        came = copy.sync()
        assert (("delete", "account") in said(came)) is not on
        assert bool(copy.of("order")) is on
        assert copy.kept == fresh(buyer)


def test_a_member_who_leaves(world: World, buyer: Phone, signed_in: Callable[[Actor], Phone]) -> None:
    order_coro(buyer, world)
    copy = Copy(signed_in(world.colleague))
    copy.sync()
    assert copy.of("order")
    with unit_of_work(world.buyer) as work:
        organisation = work.session.scalars(select(Organisation).where(Organisation.uid == world.brightpath)).one()
        people.remove_member(work, organisation, "usr_carl")
    assert [op for op, _ in said(copy.sync())] == ["delete"] * 3
    assert {kind for kind, _ in copy.kept} <= {"notification"}
    assert copy.kept == fresh(copy.phone)


def test_nothing_foreign_and_nothing_internal(
    buyer: Phone, world: World, signed_in: Callable[[Actor], Phone], desk: Desk
) -> None:
    order_coro(buyer, world)
    stranger, tenant, reader = (Copy(signed_in(one)) for one in (world.stranger, world.tenant, world.reader))
    stranger.sync()
    assert sorted(stranger.kept) == [("account", world.rival_customer), ("account", world.rival)]
    case = desk.raise_case()
    tenant.sync()
    assert list(tenant.of("case")) == [case.uid]
    hidden = {"parent": case.reference, "is_internal": True, "fields": {"details": "Every night"}}
    task = desk.make_task(flow="department-request", **hidden)
    desk.act("gus", "doing")
    assert task.uid not in {change["id"] for change in tenant.sync()}
    assert tenant.kept == fresh(tenant.phone)
    assert stranger.sync() == []
    reader.sync()
    assert reader.kept == {}, "who took no part has no board"


@pytest.mark.parametrize("database", ["sqlite"])
def test_staff_whose_rights_change_start_over(world: World, signed_in: Callable[[Actor], Phone]) -> None:
    copy = Copy(signed_in(world.agent))
    copy.sync()
    with unit_of_work(world.admin) as work:
        departments.remove_member(work, "dep_repairs", "usr_gus")
    answer = copy.phone.get(f"/sync?cursor={copy.cursor}")
    assert (answer.status_code, answer.json["code"]) == (410, "sync-cursor-expired")


@pytest.mark.parametrize("database", ["sqlite"])
def test_cursors_that_lead_nowhere(
    buyer: Phone, world: World, signed_in: Callable[[Actor], Phone], move_clock: Callable[..., datetime]
) -> None:
    copy = Copy(buyer)
    copy.sync()

    def refused(phone: Phone, query: str) -> tuple[int, str]:
        answer = phone.get(f"/sync?{query}")
        return answer.status_code, answer.json["code"]

    assert refused(buyer, f"cursor={copy.cursor}&types=order") == (400, "cursor-mismatch")
    assert refused(buyer, f"cursor={copy.cursor}x") == (400, "cursor-mismatch")
    assert refused(signed_in(world.colleague), f"cursor={copy.cursor}") == (400, "cursor-mismatch")
    assert refused(buyer, "types=secrets") == (422, "validation")
    move_clock(days=89)
    assert buyer.get(f"/sync?cursor={copy.cursor}").status_code == 200
    move_clock(days=2)
    assert refused(buyer, f"cursor={copy.cursor}") == (410, "sync-cursor-expired")


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_restored_database_is_noticed(buyer: Phone, world: World) -> None:
    for _ in range(3):
        order_coro(buyer, world)
    copy = Copy(buyer)
    copy.sync()
    read_as(SYSTEM).connection().exec_driver_sql("PRAGMA user_version = 1")
    read_as(SYSTEM).commit()
    answer = buyer.get(f"/sync?cursor={copy.cursor}")
    assert (answer.status_code, answer.json["code"]) == (410, "sync-cursor-expired")


def test_pages_and_types(buyer: Phone, world: World) -> None:
    for _ in range(4):
        order_coro(buyer, world)
    made = pages(buyer, limit=3)
    assert len(made) > 3
    assert all(page["full"] for page in made)
    assert [page["summary"] is None for page in made] == [True] * (len(made) - 1) + [False]
    copy = Copy(buyer, limit=3)
    copy.sync()
    assert copy.kept == fresh(buyer)
    [only] = pages(buyer, types="order")
    assert {change["object"] for change in only["changes"]} == {"order"}


def test_a_page_makes_few_statements_however_much_changed(
    buyer: Phone, world: World, count_statements: Callable[[], list[str]]
) -> None:
    made: dict[int, int] = {}
    copy = Copy(buyer)
    copy.sync()
    for times in (1, 12):
        for _ in range(times):
            order = order_coro(buyer, world)
        step = f"/instances/{task_of(order)}/steps/details"
        buyer.send("PUT", f"{step}/draft", {"answers": {"company_name": "Half"}})
        Copy(buyer, cursor=copy.cursor).sync()  # what has to be read once in a process
        counted = count_statements()
        came = copy.sync()
        made[times] = len(counted)
        assert len(came) >= 2 * times + 1
    assert made[1] == made[12] <= 6 + 2, "two more for the summary"


def test_a_thousand_changes_take_at_most_six_statements_a_page(
    buyer: Phone, world: World, count_statements: Callable[[], list[str]]
) -> None:
    lists.fill(world, 0, 2_000)  # half of them for customers of this reseller
    Copy(buyer).sync()  # what has to be read once in a process
    counted, before = count_statements(), 0
    made: list[tuple[int, int]] = []
    cursor = ""
    while True:
        answer = buyer.get("/sync" + (f"?cursor={cursor}" if cursor else "")).json
        made.append((len(answer["changes"]), len(counted) - before))
        before, cursor = len(counted), answer["cursor"]
        if not answer["has_more"]:
            break
    assert sum(changes for changes, _ in made) >= 1_000
    assert max(statements for _, statements in made[:-1]) <= 6
    assert made[-1][1] <= 6 + 2, "two more for the summary"
