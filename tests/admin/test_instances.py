"""The Task Instances list at its door: columns, filters, views, file, and whatever an address may hold."""

from __future__ import annotations

import csv
import gzip
import io
import random
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from flows.clock import clock
from flows.queries import tallies
from tests.admin.conftest import ClientOf
from tests.bench import households
from tests.queries.conftest import Made, made, people
from tests.world import World

__all__ = ["made", "people"]

on_sqlite = pytest.mark.parametrize("database", ["sqlite"])
LIST = "/admin/instances/"
COLUMNS = ["Request", "Assigned To", "Status", "Progress", "Due Date", "Source", "Created", "Rating", "Messages"]


def page(client: FlaskClient, query: str = "", status: int = 200) -> str:
    answer = client.get(LIST + query)
    assert answer.status_code == status, query
    return answer.get_data(as_text=True)


def cells(html: str) -> list[dict[str, str]]:
    """The rows as they are read: words by column, markup left out."""
    found = []
    for row in re.findall(r'<tr role="row">(.*?)</tr>', html.partition("<tbody")[2], re.S):
        shown = {}
        for attributes, content in re.findall(r"<td ([^>]*)>(.*?)</td>", row, re.S):
            label = re.search(r'data-label="([^"]*)"', attributes)
            name = label[1] if label else "Request" if "lead" in attributes else ""
            shown[name] = " ".join(unescape(re.sub(r"<[^>]*>", " ", content)).split())
        found.append(shown)
    return found


def refs(html: str) -> list[str]:
    return re.findall(r'form="bulk" name="ref" value="(TI-\d+)"', html)


@pytest.mark.requirement("C4", "C5", "C6", "C7", "C8", "C9", "C10", "C11", "C12", "C13")
@on_sqlite
def test_list_has_the_nine_columns_in_their_order(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    now = clock.now()
    done = made(
        status="completed", outcome_kind="positive", rating=4, source="customer", steps_done=4, assignee_id=6,
        created_at=now - timedelta(days=20),
    )  # fmt: skip
    late = made(
        status="awaiting_review", source="onboarding", due_at=now - timedelta(days=2), may_grow=True, steps_total=3,
        waiting_since=now - timedelta(hours=3), created_at=now - timedelta(days=400),
    )  # fmt: skip
    html = page(client_of(world.agent))
    heads = re.findall(r'role="columnheader"[^>]*>(?:<a[^>]*>)?([^<]*)', html)
    assert heads == ["Select", *COLUMNS, "Actions"]
    first, second = cells(html)
    assert first == {
        "": "⋯ Open Copy link",
        "Request": f"Move-in {done} Priya Shah, 12 Mill Lane, Leeds LS1 4AB",
        "Assigned To": "Gus Agent",
        "Status": "Completed",
        "Progress": "100 %",
        "Due Date": "–",
        "Source": "Tenant Requested",
        "Created": "13 Oct",
        "Rating": "4/5 4 out of 5",
        "Messages": "–",
    }
    assert second["Request"].startswith(f"Move-in {late}")
    assert second["Assigned To"] == "Unassigned"
    assert second["Status"] == "Awaiting review Overdue 3 h waiting"
    assert second["Progress"] == "33 % may grow"
    assert second["Due Date"] == "31 Oct 2 days ago"
    assert (second["Source"], second["Rating"]) == ("Onboarding", "–")
    assert second["Created"] == "28 Sep 2025"
    assert '<span aria-hidden="true">4/5</span><span class="sr">4 out of 5</span>' in html
    assert '<progress max="100" value="33" aria-label="Progress">' in html
    for source, words in (("staff", "Admin Assigned"), ("event", "System")):
        made(source=source)
        assert cells(page(client_of(world.agent)))[0]["Source"] == words


@pytest.mark.requirement("C7", "C20")
@on_sqlite
def test_status_says_how_it_stands(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    past = {"expires_at": clock.now() - timedelta(minutes=1)}
    for values, words in (
        ({"status": "not_started"}, "Not started"),
        ({"status": "in_progress"}, "In progress"),
        ({"status": "completed", "outcome_kind": "negative"}, "Closed"),
        ({"status": "cancelled"}, "Cancelled"),
        ({"status": "expired"}, "Expired"),
        ({"status": "in_progress", **past}, "Expired"),
    ):
        made(**values)
        assert cells(page(client_of(world.agent)))[0]["Status"] == words


@pytest.mark.requirement("C14", "C15", "C16", "C22")
@on_sqlite
def test_address_holds_the_filters(client_of: ClientOf, world: World, made: Made, people: Any, database: str) -> None:
    now, client = clock.now(), client_of(world.agent)
    zoe = people("Zoë O'Brien", "7 Beck Street, York", "z.obrien@mail.example")
    mine = made(assignee_id=6, due_at=now + timedelta(hours=3), source="customer")
    hers = made(customer=zoe, status="awaiting_review", assignee_id=7, due_at=now + timedelta(days=6))
    late = made(due_at=now - timedelta(days=1), source="onboarding")
    done = made(status="completed")
    ordered = made(flow="coro-order-fulfilment", status="expired", source="event")
    every = {mine, hers, late, done, ordered}
    for query, fits in {
        "": every,
        "q=zoe": {hers},
        "q=z.obrien@mail.example": {hers},
        "q=beck+street": {hers},
        f"q={done}": {done},
        "q=%25": set(),
        "agent=me": {mine},
        "agent=usr_ada": {hers},
        "agent=me&agent=usr_ada": {mine, hers},
        "agent=none&show=open": {late},
        "status=awaiting_review": {hers},
        "status=completed&status=expired": {done, ordered},
        "status=overdue": {late},
        "show=open": {mine, hers, late},
        "show=closed": {done, ordered},
        "flow=tenant-onboarding&show=closed": {done},
        "source=event&source=onboarding": {ordered, late},
        "due=today": {mine},
        "due=week": {mine, hers},
        "due=overdue": {late},
        "due=none": {done, ordered},
        "due=between&from=2026-11-01&until=2026-11-01": {late},
        "from=2026-11-02": {mine, hers},
        "until=2026-11-02": {mine, late},
        "agent=usr_nobody&status=foo&flow=foo&source=foo&due=foo&show=foo&from=foo&until=2026-02-30": every,
    }.items():
        html = page(client, f"?{query}")
        assert set(refs(html)) == fits, query
        assert ("No request fits." in html) == (not fits), query
    html = page(client, "?q=zoe&status=awaiting_review&status=overdue&sort=due")
    chips = dict(re.findall(r'<a class="btn s" href="([^"]*)"><span class="sr">Without </span>([^<]*) <svg', html))
    assert {unescape(url): words for url, words in chips.items()} == {
        "/admin/instances/?status=overdue&q=zoe&sort=due": "Status: Awaiting review",
        "/admin/instances/?status=awaiting_review&q=zoe&sort=due": "Status: Overdue",
        "/admin/instances/?status=awaiting_review&status=overdue&sort=due": "Search: zoe",
    }


@on_sqlite
def test_days_are_those_of_whoever_asks(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    """Gus looks from London in summer: half past midnight there is the day before in UTC."""
    due = clock.now().replace(month=7, day=9, hour=23, minute=30)
    made(due_at=due)
    client = client_of(world.agent)
    assert refs(page(client, "?from=2026-07-10&until=2026-07-10"))
    assert not refs(page(client, "?from=2026-07-09&until=2026-07-09"))


@pytest.mark.requirement("X9")
@on_sqlite
def test_everybody_has_views_with_counts(
    client_of: ClientOf, world: World, made: Made, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    client = client_of(world.agent)
    nothing = {"show=open": "Nothing is open.", "agent=me&show=open": "Nothing is assigned to you.",
               "status=awaiting_review": "Nothing is waiting for review. Well done.",
               "agent=none&show=open": "Everything is assigned to somebody.",
               "status=overdue&sort=due": "Nothing is overdue. Well done.",
               "unread=1&show=open": "You have read every message.",
               "status=completed": "Nothing has been completed yet.", "": "There are no requests."}  # fmt: skip
    for query, words in nothing.items():
        assert words in page(client, f"?{query}")
    for status, assignee in (("awaiting_review", 6), ("in_progress", None), ("in_progress", None), ("completed", 6)):
        made(status=status, assignee_id=assignee)
    html = page(client, "?agent=none&show=open").partition("<main")[2]
    link = r'<li><a href="/admin/instances/\?([^"]*)"( aria-current="page")?>([^<]*?)(?: <span class="badge">(\d+))?<'
    links = re.findall(link, html)
    assert [(words.strip(), number) for _, _, words, number in links[:7]] == [
        ("All open", "3"), ("Mine", "1"), ("Awaiting review", "1"), ("Unassigned", "2"), ("Overdue", ""),
        ("Unread", ""), ("Completed", ""),
    ]  # fmt: skip
    assert [words.strip() for _, current, words, _ in links if current] == ["Unassigned"]
    for query, _, _, number in links[:6]:
        assert len(refs(page(client, f"?{unescape(query)}"))) == int(number or 0), query
    assert "All 2 that match" in html
    monkeypatch.setattr(tallies, "ENOUGH", 1)
    assert 'All open <span class="badge">1+</span>' in page(client)


@pytest.mark.requirement("C4")
@on_sqlite
def test_navigation_says_how_many_wait_for_review(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    client = client_of(world.reader)
    assert '<a href="/admin/instances/">Task instances</a>' in client.get("/admin/").text
    made(status="awaiting_review")
    assert '<a href="/admin/instances/">Task instances <span class="badge">1<span class="sr"> waiting' in (
        client.get("/admin/").text
    )


@on_sqlite
def test_columns_sort_and_turn_round(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    now, client = clock.now(), client_of(world.agent)
    soon = made(due_at=now + timedelta(hours=1), steps_done=3)
    late = made(due_at=now + timedelta(hours=2), steps_done=1)
    for query, order in (("", [late, soon]), ("sort=-created", [soon, late]), ("sort=due", [soon, late]),
                         ("sort=-due", [late, soon]), ("sort=progress", [late, soon]),
                         ("sort=-progress", [soon, late]), ("sort=urgency", [soon, late]),
                         ("sort=messages", [late, soon]),
                         ("sort=foo", [late, soon])):  # fmt: skip
        html = page(client, f"?{query}&show=open")
        assert refs(html) == order, query
    html = page(client, "?show=open&sort=due")
    assert 'aria-sort="ascending"><a href="/admin/instances/?show=open&amp;sort=-due">Due Date</a>' in html
    assert '<a href="/admin/instances/?show=open">Created</a>' in html
    assert 'aria-sort="descending"><a href="/admin/instances/?sort=-created">Created</a>' in page(client)


@on_sqlite
def test_pages_turn_by_cursor(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    for _ in range(27):
        made()
    client = client_of(world.agent)
    first = page(client, "?show=open")
    following = unescape(re.findall(r'<a href="([^"]*)" rel="next">', first)[0])
    second = page(client, following.removeprefix(LIST))
    assert len(refs(first)) == 25
    assert len(refs(second)) == 2
    assert not {*refs(first)} & {*refs(second)}
    assert '<a href="/admin/instances/?show=open">First page</a>' in second
    assert len(refs(page(client, "?per=50"))) == 27
    assert len(refs(page(client, "?per=7"))) == 25


HOSTILE = ("cursor=x", "cursor=0~x~1", "cursor=%00", "sort=progress&cursor=0~2026-11-02T10:00:00%2B00:00~1")
HARMLESS = (
    "q=%00", "q=" + "x" * 10_000, "q=" + "x+" * 5_000, "q=%ff%fe", "q=%F0%9F%98%80", "q=%ED%A0%80", "status=foo",
    "status=" + "x" * 9_000, "agent=%00", "per=99999999999999999999", "per=-1", "sort=%27", "from=9999-12-31",
    "until=0001-01-01", "from=x&until=", "due=between", "show[]=open", "&".join(["status=overdue"] * 500),
)  # fmt: skip


def test_no_address_breaks_the_list(client_of: ClientOf, world: World, made: Made) -> None:
    made()
    client = client_of(world.agent)
    for query in HARMLESS:
        page(client, f"?{query}")
    for query in HOSTILE:
        assert "Start from the first page" in page(client, f"?{query}", 422)


@pytest.mark.requirement("X25")
@on_sqlite
def test_file_holds_what_the_filters_fit_and_calculates_nothing(
    client_of: ClientOf, world: World, made: Made, database: str
) -> None:
    evil = made(customer_name="=1+1", customer_address="@SUM(A1)", title="+cmd", status="completed", rating=5)
    late = made(due_at=clock.now() - timedelta(days=1), assignee_id=6)
    client = client_of(world.reader)

    def rows(query: str = "") -> list[list[str]]:
        answer = client.get(f"{LIST}export/csv/?{query}")
        assert answer.mimetype == "text/csv"
        assert answer.headers["Content-Disposition"] == "attachment; filename=task-instances.csv"
        assert answer.is_streamed
        return list(csv.reader(io.StringIO(answer.get_data(as_text=True))))

    head, *lines = rows()
    assert head[:5] == ["Reference", "Request", "Customer", "Address", "Assigned To"]
    assert [line[0] for line in lines] == [late, evil]
    assert lines[1][1:4] == ["'+cmd", "'=1+1", "'@SUM(A1)"]
    assert lines[1][4:6] == ["Unassigned", "Completed"]
    assert lines[0][4:8] == ["Gus Agent", "In progress", "Yes", "25"]
    assert [line[0] for line in rows("status=completed")[1:]] == [evil]
    assert [line[0] for line in rows(f"ref={late}&ref=TI-9999&ref=x")[1:]] == [late]
    for _ in range(101):
        made()
    assert len(rows()) == 104, "also what is beyond one page"


@on_sqlite
def test_what_people_typed_is_never_markup(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    reference = made(customer_name="<script>alert(1)</script>", customer_address="<img src=x>")
    client = client_of(world.agent)
    for url in ("", f"bulk?what=take&ref={reference}", "?q=<img+src=x>", "views/new?of=q%3D<img+src=x>"):
        html = page(client, url)
        assert "<script>alert" not in html
        assert "<img src=x" not in html


@on_sqlite
def test_reader_is_offered_nothing_that_would_be_refused(
    client_of: ClientOf, world: World, made: Made, database: str
) -> None:
    made()
    html = page(client_of(world.reader))
    for name in ("take", "assign", "unassign", "due", "remind", "cancel"):
        assert f'value="{name}"' not in html.partition('<form id="bulk"')[2]
    assert 'data-key="a"' not in html
    assert "Export CSV" in html


BUDGET = {"html": 6 * 1024, "everything": 45 * 1024}


@on_sqlite
def test_page_stays_within_its_budget(client_of: ClientOf, world: World, database: str) -> None:
    """Twenty-five requests of as many households, a dozen colleagues, some views (SCREENS.md section 7)."""
    households.people(random.Random(3), 60)
    households.instances(200)
    client = client_of(world.admin)
    for query in ("", "?show=open&sort=due&q=lane", "?agent=me&agent=none&status=in_progress"):
        html = page(client, query)
        squeezed = len(gzip.compress(html.encode(), 6))
        assert squeezed <= BUDGET["html"], query
        files = {*re.findall(r'(?:href|src)="(/static/[^"#]*)', html)}
        sizes = [len(client.get(one, headers={"Accept-Encoding": "gzip"}).data) for one in files]
        assert squeezed + sum(sizes) <= BUDGET["everything"]
        assert len(files) + 1 <= 7


@on_sqlite
@pytest.mark.parametrize("many", [1, 50])
def test_a_page_costs_the_same_for_one_row_as_for_fifty(
    client_of: ClientOf, world: World, made: Made, count_statements: Callable[[], list[str]], many: int, database: str
) -> None:
    for _ in range(many):
        made(assignee_id=6)
    client = client_of(world.admin)
    for query, most in {"?per=50": 7, "?q=priya&per=50": 8, "?agent=me&show=open&sort=urgency": 7}.items():
        counted = count_statements()
        page(client, query)
        assert len(counted) <= most, "\n".join(one[:160] for one in counted)
