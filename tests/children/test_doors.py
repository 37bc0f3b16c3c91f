"""What belongs together at each door: pages of staff and customers, the API; and what a customer never sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from flows.actions import delivering
from flows.rules.actors import Actor
from tests.admin.conftest import token_of
from tests.api.conftest import Phone, signed_in
from tests.children.conftest import House
from tests.portal.browsing import Visitor

__all__ = ["signed_in"]

Phones = Callable[[Actor], Phone]
pytestmark = pytest.mark.parametrize("database", ["sqlite"])


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ("messaging", "portal", "admin")


@pytest.fixture
def family(house: House) -> dict[str, str]:
    """References of a request with a visit that the customer sees and a job that they do not."""
    house.report()
    house.submit("look", visit=True, job="Clear the gutter", who="Repairs")
    house.carry_out()
    [visit], [job] = house.children("home-visit"), house.children("house-job")
    return {"request": house.ref, "visit": visit.reference, "job": job.reference}


def staff_page(app: Flask, house: House, path: str) -> str:
    browser = app.test_client()
    with browser.session_transaction() as session:
        session["token"] = token_of(house.world.admin)
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


@pytest.mark.requirement("C33")
def test_staff_see_children_and_parents_and_go_from_one_to_the_other(
    app: Flask, house: House, family: dict[str, str]
) -> None:
    html = staff_page(app, house, f"/admin/instances/{family['request']}")
    assert "Parts of this request" in html
    assert f'<a href="/admin/instances/{family["visit"]}">A visit to your home</a>' in html
    assert f'<a href="/admin/board/{family["job"]}">Clear the gutter</a>' in html
    assert "not shown to the customer" in html
    parent = f'<a href="/admin/instances/{family["request"]}">{family["request"]} Put it right</a>'
    assert parent in staff_page(app, house, f"/admin/instances/{family['visit']}")
    job = staff_page(app, house, f"/admin/board/{family['job']}")
    assert parent in job
    assert "<dt>Part of</dt>" in job
    assert f"part of {family['request']}" in staff_page(app, house, "/admin/instances/")
    history = staff_page(app, house, f"/admin/instances/{family['request']}/history")
    assert f"Task {family['job']}: Clear the gutter" in history


@pytest.mark.requirement("X36")
def test_what_parts_owe_each_other_has_a_page_in_the_outbox(app: Flask, house: House, family: dict[str, str]) -> None:
    house.cancel()
    house.carry_out()
    owed = {one.kind: one for one in house.owed("done")}
    assert owed.keys() == {"start", "hear", "end"}
    for kind, effect in owed.items():
        assert f"<h1>{delivering.name_of(effect)} " in staff_page(app, house, f"/admin/outbox/{effect.id}"), kind
        listed = staff_page(app, house, f"/admin/outbox/?state=any&kind={kind}")
        assert f'href="/admin/outbox/{effect.id}"' in listed, kind


@pytest.mark.requirement("B3")
def test_a_customer_sees_the_part_that_is_theirs(app: Flask, house: House, family: dict[str, str]) -> None:
    tenant = Visitor(app, house.world.tenant)
    page = tenant.get(f"/tasks/{family['request']}")
    assert f'<a href="/tasks/{family["visit"]}">A visit to your home</a>' in page
    assert "gutter" not in page
    assert family["job"] not in page
    child = tenant.get(f"/tasks/{family['visit']}")
    assert f'Part of <a href="/tasks/{family["request"]}">{family["request"]}, Put it right</a>' in child
    assert f"part of {family['request']}" in tenant.get("/tasks")
    tenant.get(f"/cases/{family['job']}", status=404)


@pytest.mark.requirement("D5")
def test_the_api_tells_of_both(house: House, family: dict[str, str], signed_in: Phones) -> None:
    parent, visit = house.now(), house.now(family["visit"])
    seen = signed_in(house.world.agent).get(f"/instances/{parent.uid}").json
    assert seen["parent_id"] is None
    assert [(one["reference"], one["object"], one["status"]) for one in seen["children"]] == [
        (family["visit"], "instance", "not_started"),
        (family["job"], "task", "not_started"),
    ]
    tenant = signed_in(house.world.tenant)
    own = tenant.get(f"/instances/{parent.uid}")
    assert [one["reference"] for one in own.json["children"]] == [family["visit"]]
    child = tenant.get(f"/instances/{visit.uid}").json
    assert child["parent_id"] == parent.uid
    assert {one["id"]: one["parent_id"] for one in tenant.get("/instances").json["data"]} == {
        parent.uid: None,
        visit.uid: parent.uid,
    }
    house.submit("time", family["visit"], house.world.tenant, day="Friday")
    again = tenant.get(f"/instances/{parent.uid}", If_None_Match=own.headers["ETag"])
    assert again.status_code == 200, "a child that moved is news of its parent"


@pytest.mark.requirement("D5")
def test_phones_are_told_of_a_child_and_whose_it_is(house: House, family: dict[str, str], signed_in: Phones) -> None:
    changes = signed_in(house.world.tenant).get("/sync?types=instance,task").json["changes"]
    rows = {one["data"]["reference"]: one["data"] for one in changes if one["object"] in ("instance", "task")}
    assert rows.keys() == {family["request"], family["visit"]}
    assert rows[family["visit"]]["parent_id"] == rows[family["request"]]["id"]
