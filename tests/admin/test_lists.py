"""Lists of the back office: found by words, as few statements for fifty rows as for one, safe in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from admin import spreadsheets
from flows.access import read_as
from flows.actions import ordering
from flows.actions.ordering import Item
from flows.models import Instance, Organisation, Product, User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf, Happened
from tests.world import World

on_sqlite = pytest.mark.parametrize("database", ["sqlite"])


def page(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.get_data(as_text=True)


def rows_of(client: FlaskClient, url: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(page(client, url))))


@pytest.mark.requirement("A15", "A16", "A17", "A18", "A19", "A20", "A21", "A22", "A23")
def test_task_grid_has_totals_columns_and_filters(
    client_of: ClientOf, world: World, happened: Happened, move_clock: Callable[..., Any]
) -> None:
    client = client_of(world.agent)
    html = page(client, "/admin/tasks/")
    for words in ("Total pending tasks <b>1</b>", "Total completed tasks <b>0</b>", "Total expired tasks <b>0</b>"):
        assert words in html
    for column in ("Name", "Task type", "Customer", "Expiration", "Task status", "Action"):
        assert f'role="columnheader">{column}</th>' in html
    found, none = f'id="row-{happened.task}"', "No task fits."
    for query, shown in (
        ("q=acme", True),
        ("q=coro", True),
        (f"q={happened.task}", True),
        ("q=gamma", False),
        ("q=%25", False),
        ("q=_", False),
        ("status=Pending", True),
        ("status=Expired", False),
        ("type=Order+Fulfillment", True),
        ("type=x", False),
        ("customer=cus_acme", True),
        ("customer=cus_beta", False),
        ("within=48", False),
        ("within=168", False),
    ):
        html = page(client, f"/admin/tasks/?{query}")
        assert ((found in html), (none in html)) == (shown, not shown), query
    move_clock(days=6)
    assert found in page(client_of(world.agent), "/admin/tasks/?within=48")
    move_clock(days=2)
    html = page(client_of(world.agent), "/admin/tasks/?status=Expired")
    assert found in html, "past its end it is expired although no worker has looked"
    assert "Total expired tasks <b>1</b>" in html
    assert f"/admin/tasks/{happened.task}/complete" not in html


@on_sqlite
@pytest.mark.parametrize("many", [1, 50])
def test_lists_cost_the_same_for_one_row_as_for_fifty(
    client_of: ClientOf,
    world: World,
    happened: Happened,
    count_statements: Callable[[], list[str]],
    many: int,
    database: str,
) -> None:
    for _ in range(many - 1):
        with unit_of_work(world.buyer) as work:
            ordering.place(work, world.acme, [Item(world.coro, 1), Item(world.hosting, 2)])
    with unit_of_work(SYSTEM) as work:
        for n in range(many):
            work.session.add(Product(sku=f"S{n}", vendor="Coro", name=f"P{n}", price_minor=1))
            work.session.add(Organisation(name=f"O{n}", slug="o", created_at=work.now))
            work.session.add(User(kind="staff", email=f"u{n}@example.com", name=f"U{n}", created_at=work.now))
    client = client_of(world.admin)
    for url, most in BUDGET.items():
        counted = count_statements()
        page(client, url.format(**vars(happened)))
        assert len(counted) <= most, f"{url} with {many}: {len(counted)}\n" + "\n".join(one[:140] for one in counted)


BUDGET = {
    "/admin/": 8,
    "/admin/tasks/": 8,
    "/admin/instances/": 8,
    "/admin/instances/?q=acme&agent=me&agent=none&show=open&sort=urgency": 8,
    "/admin/instances/bulk?what=assign&all=1": 7,
    "/admin/instances/views": 6,
    "/admin/instances/views/{view}": 6,
    "/admin/orders/": 8,
    "/admin/products/": 6,
    "/admin/organisations/": 6,
    "/admin/users/": 7,
    "/admin/departments/": 6,
    "/admin/timers/": 6,
    "/admin/outbox/?state=any": 6,
    "/admin/audit/": 7,
    "/admin/roles/": 7,
    "/admin/flows/": 7,
    "/admin/health/": 12,
    "/admin/orders/{waiting}": 12,
    "/admin/tasks/{task}": 12,
    "/admin/organisations/cus_brightpath": 9,
    "/admin/users/usr_gus": 10,
}
"""Statements a page may make, those for who asks (2), notices and the badge (2) among them."""


def test_sheets_search_sort_and_turn_pages(client_of: ClientOf, world: World) -> None:
    with unit_of_work(SYSTEM) as work:
        for n in range(30):
            work.session.add(Product(sku=f"S{n:02}", vendor="Zeta", name=f"Zeta {n:02}", price_minor=n))
    client = client_of(world.admin)
    first = page(client, "/admin/products/?search=zeta")
    assert "Zeta 00" in first
    assert "Zeta 29" not in first
    assert "page=1" in first
    second = page(client, "/admin/products/?search=zeta&page=1")
    assert "Zeta 29" in second
    assert 'rel="next"' not in second
    dearest = page(client, "/admin/products/?search=zeta&sort=3&desc=1")
    assert 'aria-sort="descending"' in dearest
    assert "Zeta 29" in dearest
    assert "Zeta 00" not in dearest
    assert "Nothing fits." in page(client, "/admin/products/?search=%25")
    assert "Nothing fits." in page(client, "/admin/products/?sale=no")


@pytest.mark.requirement("X25")
@on_sqlite
def test_nothing_typed_is_calculated_in_a_spreadsheet(
    client_of: ClientOf, world: World, happened: Happened, database: str
) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(Organisation).where(Organisation.uid == world.acme)).one().name = "=1+1"
        work.session.scalars(select(Instance)).one().customer_name = "@SUM(A1)"
    client = client_of(world.admin)
    assert [row[0] for row in rows_of(client, "/admin/organisations/export/csv/?search=%3D1")][1:] == ["'=1+1"]
    tasks = rows_of(client, "/admin/tasks/export/csv/?type=Order+Fulfillment")
    assert tasks[0][:4] == ["Reference", "Name", "Task type", "Customer"]
    assert [row[3] for row in tasks[1:]] == ["'@SUM(A1)"]
    assert [spreadsheets.safe(cell) for cell in ("+1", "-1", "\t1", "\r1", "a=1")] == [
        "'+1",
        "'-1",
        "'\t1",
        "'\r1",
        "a=1",
    ]


@on_sqlite
def test_what_people_typed_is_never_markup(
    client_of: ClientOf, world: World, happened: Happened, database: str
) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(
            select(Organisation).where(Organisation.uid == world.acme)
        ).one().name = "<script>alert(1)</script>"
        work.session.scalars(select(Instance)).one().customer_name = "<img src=x onerror=alert(1)>"
    client = client_of(world.admin)
    for url in (
        "/admin/organisations/",
        "/admin/organisations/cus_acme",
        "/admin/tasks/",
        "/admin/timers/",
        f"/admin/outbox/{happened.incident}",
    ):
        html = page(client, url)
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "<b>=1+1" not in html


@on_sqlite
def test_reader_is_offered_nothing_that_would_be_refused(
    client_of: ClientOf, world: World, happened: Happened, database: str
) -> None:
    client = client_of(world.reader)
    home = page(client, "/admin/")
    for hidden in ("/admin/users/", "/admin/outbox/", "/admin/audit/", "/admin/roles/", "/admin/health/"):
        assert hidden not in home
    for url in (
        "/admin/tasks/",
        f"/admin/tasks/{happened.task}",
        f"/admin/orders/{happened.waiting}",
        "/admin/organisations/cus_acme",
    ):
        html = page(client, url)
        assert "data-dialog" not in html, url


def test_late_timers_are_seen(
    client_of: ClientOf, world: World, happened: Happened, move_clock: Callable[..., Any]
) -> None:
    move_clock(days=4)
    client = client_of(world.agent)
    assert "Timers late <b>1</b>" in page(client, "/admin/")
    assert happened.task in page(client, "/admin/timers/?show=late")
    assert "Late" in page(client, "/admin/health/")
    assert read_as(SYSTEM).scalars(select(Instance)).one().is_open


@pytest.mark.requirement("C33")
@pytest.mark.parametrize("place", ["instances", "tasks"])
def test_what_an_event_brought_is_for_conditions_not_for_people(
    client_of: ClientOf, world: World, happened: Happened, place: str
) -> None:
    shown = client_of(world.agent).get(f"/admin/{place}/{happened.task}").text
    assert "Coro Info Required" in shown
    assert "placed_by" not in shown
    assert "&#39;sku&#39;" not in shown
