"""Versions of a flow in the back office: what is different, which running requests may move, moving and taking back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from admin.views import flow_versions
from flows import catalogue
from flows.queries import migration_runs
from tests.admin.conftest import ClientOf
from tests.admin.test_flows import page
from tests.admin.test_looks import cookies_of
from tests.browser_tools import serving
from tests.changing.conftest import Changing, change
from tests.changing.test_migrating import NEW_STEP, RENAMED
from tests.guided.conftest import HOUSEHOLD, IDENTITY
from tests.portal.visiting import token_in

__all__ = ["change"]

on_sqlite = pytest.mark.parametrize("database", ["sqlite"])
BASE = "/admin/flows/move-in/versions"


def post(client: FlaskClient, url: str, **fields: object) -> tuple[int, str]:
    token = token_in(client.get("/contact"))
    answer = client.post(
        url, data={"csrf_token": token, **fields}, headers={"Referer": "http://localhost/"}, follow_redirects=True
    )
    return answer.status_code, answer.get_data(as_text=True)


@pytest.mark.requirement("X12")
def test_versions_are_listed_and_compared(client_of: ClientOf, change: Changing) -> None:
    change.start()
    change.write(*RENAMED, *NEW_STEP)
    client = client_of(change.world.admin)
    assert f'href="{BASE}"' in page(client, "/admin/flows/move-in")
    html = page(client, BASE)
    assert "2, served now" in html
    assert f'href="{BASE}/diff?a=1&amp;b=2"' in html
    told = page(client, f"{BASE}/diff?a=1&b=2")
    assert "identity “Who you are” is called about_you now" in told
    assert "A new step for the customer" in told
    assert "Both say the same" in page(client, f"{BASE}/diff?a=2&b=file")
    for nowhere in (f"{BASE}/diff?a=1&b=9", f"{BASE}/9/plan", f"{BASE}/x/plan", "/admin/flows/nothing/versions"):
        assert client.get(nowhere).status_code == 404
    assert client_of(change.world.agent).get(BASE).status_code == 403


@pytest.mark.requirement("X10", "X13")
def test_who_sent_a_step_is_known_beyond_its_new_name(client_of: ClientOf, change: Changing) -> None:
    change.start()
    change.submit("identity", IDENTITY)
    sent = "by Priya Shah, attempt 1"
    client = client_of(change.world.admin)
    assert sent in " ".join(page(client, f"/admin/instances/{change.ref}").split())
    change.migrate(change.write(*RENAMED))
    assert sent in " ".join(page(client, f"/admin/instances/{change.ref}").split())
    change.undo()
    assert sent in " ".join(page(client, f"/admin/instances/{change.ref}").split())


@pytest.mark.requirement("X12", "X13")
def test_what_a_page_offers_is_there_to_do(client_of: ClientOf, change: Changing) -> None:
    """No button for what would move none, and no backtick for what a flow writes."""
    change.start()
    asked = '      has_pets: {type: boolean, label: "Do you have pets?", required: true}\n'
    change.write((asked, asked + "      adults: {type: integer, label: Adults, required: true}\n"))
    change.submit("household", HOUSEHOLD)
    client = client_of(change.world.admin)
    plan = page(client, f"{BASE}/2/plan")
    assert "Move all that are green…" not in plan
    assert "Move all that are green or yellow…" in plan
    change.write(*RENAMED, *NEW_STEP)
    told = page(client, f"{BASE}/diff?a=1&b=3")
    assert '<span class="code">moved</span>' in told
    assert "`" not in told


@pytest.mark.requirement("X13")
def test_what_is_green_moves_and_comes_back(client_of: ClientOf, change: Changing) -> None:
    change.start()
    change.submit("household", HOUSEHOLD)
    one = change.ref
    change.start()
    asked = '      has_pets: {type: boolean, label: "Do you have pets?", required: true}\n'
    change.write((asked, asked + "      adults: {type: integer, label: Adults}\n"))
    client = client_of(change.world.admin)
    plan = page(client, f"{BASE}/2/plan")
    assert plan.count(">Green<") >= 2
    assert "Move all that are green…" in plan
    status, html = post(client, f"{BASE}/2/move", which="green")
    assert (status, "Move to version 2?" in html) == (200, True)
    assert change.now().flow_version.number == 1, "asked first"
    status, html = post(client, f"{BASE}/2/move", which="green", go="1")
    assert (status, "Moved to version 2: 2 requests." in html) == (200, True)
    assert change.now().flow_version.number == 2
    [run] = migration_runs.of_flow(change.world.admin, "move-in")
    assert (run.moved, run.left, run.who) == (2, 2, "Ada Admin")
    change.submit("household", {**HOUSEHOLD, "adults": 2})
    status, html = post(client, f"{BASE}/undo", run=run.name)
    assert "2 requests go back" in html
    status, html = post(client, f"{BASE}/undo", run=run.name, go="1")
    assert "Taken back: 1 request" in html
    assert "has gone on since it moved: step submitted" in html
    assert change.now().flow_version.number == 2
    change.ref = one
    assert change.now().flow_version.number == 1


@pytest.mark.requirement("X13")
def test_those_that_are_ticked_move_to_what_the_file_says(client_of: ClientOf, change: Changing) -> None:
    change.start()
    stays = change.ref
    change.start()
    loaded = change.write(*NEW_STEP)
    client = client_of(change.world.admin)
    assert "Read the meter" in page(client, f"{BASE}/file/plan")
    status, html = post(client, f"{BASE}/file/move", which="chosen")
    assert (status, "Tick at least one" in html) == (422, True)
    seen = catalogue.current().flows["move-in"].content_hash
    assert f'name="hash" value="{seen}"' in page(client, f"{BASE}/file/plan")
    _, html = post(client, f"{BASE}/file/move", which="green", hash=seen)
    assert f'name="hash" value="{seen}"' in html, "the page that asks hands it on"
    status, html = post(client, f"{BASE}/file/move", which="chosen", ref=change.ref, go="1", hash=seen)
    assert "Moved to what the file says: 1 request." in html
    assert (change.now().flow_version.number, change.states()["meter"]) == (loaded, "open")
    change.ref = stays
    status, html = post(client, f"{BASE}/file/move", which="green", go="1", hash=seen)
    assert f"{stays}</a> is yellow: “Read the meter” is a new step for the customer" in html
    assert change.now().flow_version.number == 1
    change.write(*NEW_STEP, *RENAMED)
    status, html = post(client, f"{BASE}/file/move", which="yellow", go="1", hash=seen)
    assert (status, "The file has changed since the plan was shown." in html) == (422, True)
    assert change.now().flow_version.number == 1


@pytest.mark.requirement("X13")
def test_one_that_is_not_there_is_named_and_the_others_move(client_of: ClientOf, change: Changing) -> None:
    change.start()
    change.write(*NEW_STEP)
    client = client_of(change.world.admin)
    _, html = post(client, f"{BASE}/2/move", which="chosen", refs=f"TI-9999,{change.ref}", go="1")
    assert "TI-9999</a> is not there" in html
    assert "Moved to version 2: 1 request" in html
    assert change.now().flow_version.number == 2


@pytest.mark.requirement("X12", "X13")
def test_a_version_that_cannot_be_read_is_named_with_the_reason(client_of: ClientOf, change: Changing) -> None:
    change.start()
    change.write(*NEW_STEP)
    change.write(*RENAMED)
    change.spoil(2)
    client = client_of(change.world.admin)
    assert page(client, BASE)
    for url in (f"{BASE}/diff?a=1&b=2", f"{BASE}/diff?a=2&b=file", f"{BASE}/2/plan"):
        answer = client.get(url)
        assert answer.status_code == 409
        assert "Version 2 of move-in cannot be read: published flow:" in answer.get_data(as_text=True)
    status, html = post(client, f"{BASE}/2/move", which="green", go="1")
    assert (status, "Version 2 of move-in cannot be read" in html) == (409, True)


@pytest.mark.requirement("X13")
def test_a_plan_counts_all_and_lists_a_page_of_them(
    client_of: ClientOf, change: Changing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_versions, "A_PAGE", 2)
    for _ in range(5):
        change.start()
    change.submit("identity", {**IDENTITY, "right_to_rent": "y"})
    change.write(*NEW_STEP)
    client = client_of(change.world.admin)
    first = page(client, f"{BASE}/2/plan")
    assert "5: something is lost or asked anew" in first
    assert "All 5 are counted; listed on this page: 2." in first
    second = page(client, f"{BASE}/2/plan?after={change.now().id - 3}")
    assert "5: something is lost or asked anew" in second
    assert change.ref not in first + second
    assert change.ref in page(client, f"{BASE}/2/plan?after={change.now().id - 1}")
    monkeypatch.setattr(flow_versions, "MOST_COUNTED", 3)
    told = page(client, f"{BASE}/2/plan?after={change.now().id - 1}")
    assert "3: something is lost or asked anew" in told
    assert "Counted are the first 3 of 5;" in told
    assert change.ref in told


@on_sqlite
@pytest.mark.parametrize("many", [1, 30])
def test_pages_cost_the_same_for_one_as_for_many(
    client_of: ClientOf, change: Changing, count_statements: Callable[[], list[str]], many: int, database: str
) -> None:
    for _ in range(many):
        change.start()
    change.write(*RENAMED, *NEW_STEP)
    change.migrate(2)
    client = client_of(change.world.admin)
    for url in (BASE, f"{BASE}/diff?a=1&b=2", f"{BASE}/1/plan", f"{BASE}/2/plan"):
        counted = count_statements()
        page(client, url)
        assert len(counted) <= 8, f"{url} with {many}: {len(counted)}\n" + "\n".join(one[:160] for one in counted)


@pytest.mark.browser
@on_sqlite
def test_pages_are_usable_by_everybody(
    app: Flask, client_of: ClientOf, change: Changing, axe: Callable[..., None], database: str
) -> None:
    change.start()
    change.write(*RENAMED, *NEW_STEP)
    change.migrate(2)
    change.start()
    change.write(*RENAMED)
    client = client_of(change.world.admin)
    pages = {"versions": BASE, "diff": f"{BASE}/diff?a=1&b=2", "plan": f"{BASE}/3/plan"}
    with serving(app) as origin:
        for name, url in pages.items():
            axe(origin + url, f"flow-{name}", cookies_of(client, origin))
