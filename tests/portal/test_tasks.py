"""The Task System: its grid, totals, filters, export and live parts, and the page of a task."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flows import catalogue
from flows.actions import ordering, starting
from flows.actions.ordering import Item
from flows.models import Organisation, User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.browser_tools import HtmlFacts
from tests.portal.browsing import Visitor, bare
from tests.portal.story import ANSWERS, STEP, TASK, fire_timers, order_through_pages, run_calls
from tests.world import World

Move = Callable[..., Any]
MOST_STATEMENTS = 8
HTML_BUDGET = 4 * 1024


def place_many(world: World, count: int) -> None:
    for _ in range(count):
        with unit_of_work(world.buyer) as work:
            ordering.place(work, world.acme, [Item(world.coro, 1)])


@pytest.mark.requirement("A1", "A14", "A15", "A16", "A17", "A18", "A19", "A20", "A21", "A22", "A23")
def test_the_task_system_shows_what_is_to_do(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    page = buyer.get("/tasks")
    assert 'aria-current="page">Task System <span class="badge">1' in page
    for words, count in (("Total pending tasks", 1), ("Total completed tasks", 0), ("Total expired tasks", 0)):
        assert f"{words} <b>{count}</b>" in page
    for column in ("Name", "Task type", "Customer", "Expiration", "Task status", "Action"):
        assert f">{column}</th>" in page
    for cell in ("Coro Info Required", "Order Fulfillment", "Acme Ltd", "Monday 9 November", "in 7 days", ">Pending<"):
        assert cell in page
    assert f'href="{TASK}/complete" data-dialog>Complete task' in page
    assert HtmlFacts(page).problems() == []


@pytest.mark.requirement("A23", "A31", "A33")
def test_the_grid_shows_completed_when_it_is_fetched_again(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    part = "/tasks?part=grid"
    live = 'data-refresh="/tasks?part=grid" data-on="instance-updated instance-created instance-closed resync"'
    assert live in buyer.get("/tasks")
    assert ">Pending<" in buyer.get(part, fragment=True)
    buyer.send(STEP, **ANSWERS)
    again = buyer.get(part, fragment=True)
    assert ">Completed<" in again
    assert "Complete task" not in again, "nothing is to be done any more"
    assert again.lstrip().startswith('<section id="grid"')
    assert "Total completed tasks <b>1</b>" in buyer.get("/tasks?part=totals", fragment=True)


@pytest.mark.requirement("A8", "A17", "A22", "A23")
def test_an_expired_task_says_what_became_of_its_order(buyer: Visitor, world: World, move_clock: Move) -> None:
    order_through_pages(buyer, world, world.coro, world.microsoft)
    move_clock(days=8)
    fire_timers()
    page = buyer.get("/tasks")
    assert ">Expired<" in page
    assert "Total expired tasks <b>1</b>" in page
    assert "Complete task" not in page
    assert '<a href="/orders/1001">Order #1001</a> was cancelled on' in page
    assert "Tuesday 10 November" in page


def test_a_task_past_its_end_is_expired_without_any_worker(buyer: Visitor, world: World, move_clock: Move) -> None:
    order_through_pages(buyer, world, world.coro)
    move_clock(days=8)
    page = buyer.get("/tasks")
    assert ">Expired<" in page
    assert "Complete task" not in page
    buyer.get(f"{TASK}/complete", 409)


def test_filters_narrow_the_grid(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro, customer=world.acme)
    order_through_pages(buyer, world, world.coro, customer=world.beta)
    buyer.send("/tasks/TI-2002/steps/details", **ANSWERS)

    def shown(query: str) -> tuple[bool, bool]:
        page = buyer.get(f"/tasks?{query}")
        return 'id="row-TI-2001"' in page, 'id="row-TI-2002"' in page

    assert shown("") == (True, True)
    assert shown("status=Pending") == (True, False)
    assert shown("status=Pending&status=Completed") == (True, True)
    assert shown("status=Nonsense") == (True, True)
    assert shown(f"customer={world.beta}") == (False, True)
    assert shown("q=acme") == (True, False)
    assert shown("q=TI-2002") == (False, True)
    assert shown("type=Order+Fulfillment") == (True, True)
    assert shown("type=Other") == (False, False)
    assert shown("mine=1") == (True, True)
    assert "checked> Mine only" in buyer.get("/tasks?mine=1")
    buyer.get("/tasks?cursor=nonsense", 422)


def test_mine_are_those_this_person_is_to_do(app: Flask, buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    carl = Visitor(app, world.colleague)
    assert 'id="row-TI-2001"' in carl.get("/tasks")
    assert 'id="row-TI-2001"' not in carl.get("/tasks?mine=1")


def test_other_resellers_see_and_count_nothing(buyer: Visitor, stranger: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    page = stranger.get("/tasks")
    assert "Total pending tasks <b>0</b>" in page
    assert "Coro Info Required" not in page
    assert "badge" not in page, "the navigation counts only what one may see"
    assert "Order Fulfillment" not in page
    for path in (TASK, f"{TASK}/complete", STEP, f"{STEP}/check"):
        assert bare(stranger.get(path, 404)) == bare(stranger.get(path.replace("2001", "9999"), 404))
    uid = buyer.get("/tasks/export.csv")
    assert "TI-2001" in uid
    assert "TI-2001" not in stranger.get("/tasks/export.csv")
    for method in (stranger.post, stranger.put):
        assert method(f"{STEP}/draft", **ANSWERS).status_code == 404
    assert stranger.post(STEP, **ANSWERS).status_code == 404


def test_pages_follow_each_other_without_gap_or_twin(buyer: Visitor, world: World) -> None:
    place_many(world, 30)
    first = buyer.get("/tasks")
    assert first.count('id="row-TI-') == 25
    following = next(part.split('"')[0] for part in first.split('href="')[1:] if part.startswith("/tasks?cursor="))
    second = buyer.get(following.replace("&amp;", "&"))
    assert second.count('id="row-TI-') == 5
    assert "First page" in second
    assert ">Next<" not in second


def test_lists_need_few_statements_and_few_bytes_however_many_rows(
    app: Flask, world: World, count_statements: Callable[[], list[str]]
) -> None:
    buyer = Visitor(app, world.buyer)
    made: list[dict[str, int]] = []
    for more in (1, 24, 25):
        place_many(world, more)
        made.append({path: _cost(buyer, count_statements, path) for path in ("/tasks", "/", "/orders")})
    assert made[0]["/tasks"] == made[1]["/tasks"] == made[2]["/tasks"]


def _cost(buyer: Visitor, count_statements: Callable[[], list[str]], path: str) -> int:
    """Its statements, once what is kept for a process is there."""
    buyer.get(path)
    counted = count_statements()
    html = buyer.get(path)
    needed = len(counted)
    assert needed <= MOST_STATEMENTS, "\n".join(counted)
    assert len(gzip.compress(html.encode(), 6)) <= HTML_BUDGET, path
    return needed


@pytest.mark.parametrize(
    "path", ["/shop", "/basket", "/checkout", "/notices", TASK, STEP, "/orders/1001", "/orders/1001/placed"]
)
def test_pages_need_few_statements_and_few_bytes(
    app: Flask, world: World, count_statements: Callable[[], list[str]], path: str
) -> None:
    buyer = Visitor(app, world.buyer)
    order_through_pages(buyer, world, world.coro, world.microsoft)
    buyer.post("/basket", product=world.coro, quantity="2")
    buyer.get(path)
    counted = count_statements()
    html = buyer.get(path)
    assert len(counted) <= MOST_STATEMENTS, "\n".join(counted)
    assert len(gzip.compress(html.encode(), 6)) <= HTML_BUDGET
    assert HtmlFacts(html).problems() == []


def test_the_export_is_complete_and_calculates_nothing(buyer: Visitor, world: World) -> None:
    with unit_of_work(SYSTEM) as work:
        parent = work.session.query(Organisation).filter_by(uid=world.brightpath).one()
        for n, name in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\tx", 'Plain, "quoted"')):
            work.session.add(Organisation(uid=f"cus_{n}", name=name, slug="x", parent=parent, created_at=work.now))
    for n in range(6):
        with unit_of_work(world.buyer) as work:
            ordering.place(work, f"cus_{n}", [Item(world.coro, 1)])
    place_many(world, 120)
    answer = buyer.client.get("/tasks/export.csv")
    assert answer.headers["Content-Disposition"] == "attachment; filename=tasks.csv"
    lines = list(csv.reader(io.StringIO(answer.text)))
    assert lines[0] == ["Reference", "Name", "Task type", "Customer", "Created", "Expiration", "Task status", "Order"]
    assert len(lines) == 1 + 120 + 6
    assert {line[0] for line in lines[1:]} == {f"TI-{2001 + n}" for n in range(126)}
    customers = {line[3] for line in lines[1:]}
    assert {"'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", 'Plain, "quoted"'} <= customers
    assert len(list(csv.reader(io.StringIO(buyer.get("/tasks/export.csv?q=plain"))))) == 2


@pytest.mark.requirement("A25", "A26")
def test_the_page_of_a_task_says_what_happens_next(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    page = buyer.get(TASK)
    assert "steps completed" not in page, "one step needs no bar"
    assert "the whole order is cancelled" in page
    for day in ("Thursday 5 November, 9:00am", "Saturday 7 November, 9:00am", "Monday 9 November, 9:00am"):
        assert day in page, "the reminders to come are named"
    assert '<a href="/orders/1001">Order #1001</a>' in page
    assert "Created" in page
    buyer.send(STEP, **ANSWERS)
    run_calls()
    page = buyer.get(TASK)
    assert "Order #1001 is being set up" in page
    assert "We will remind you" not in page
    assert "answers sent" in page


def test_households_see_their_own_tasks(tenant: Visitor, world: World) -> None:
    assert "Your tasks" in tenant.get("/tasks")
    assert "You have nothing to do" in tenant.get("/tasks")
    with unit_of_work(SYSTEM) as work:
        person = work.session.get_one(User, world.tenant.user_id)
        flow = catalogue.current().flows["coro-order-fulfilment"]
        order = {"id": "x", "customer": {"name": "Priya", "slug": "p"}}
        starting.start(work, flow, source="staff", for_whom=person, inputs={"order": order})
    page = tenant.get("/tasks")
    assert "Coro Info Required" in page
    assert 'href="/shop"' not in page
    assert "Coro Info Required" not in tenant.get("/tasks?show=done")
    assert "Nothing is with us" in tenant.get("/tasks?show=with-us")
    assert HtmlFacts(page).problems() == []


def test_staff_have_their_own_door(app: Flask, world: World) -> None:
    agent = Visitor(app, world.agent)
    agent.get("/tasks", 403)


def test_nobody_sees_a_task_without_signing_in(app: Flask, buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    passer_by = app.test_client()
    assert passer_by.get(TASK).location == f"/sign-in?next={TASK}"
    assert passer_by.get(TASK, headers={"X-Fragment": "1"}).status_code == 401
