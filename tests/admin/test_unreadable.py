"""A request whose own text means nothing to this Baton: its pages say so, and everybody else's go on (X12)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from flask import Flask
from sqlalchemy import select

from flows.actions import beginning
from flows.models import Instance, User
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf
from tests.admin.test_doors import views
from tests.api.conftest import Phone, signed_in
from tests.changing.conftest import Changing, change
from tests.changing.test_migrating import NEW_STEP
from tests.stages.desk import SUBJECT, department_task

__all__ = ["change", "signed_in"]

WHY = "What move-in said when this began cannot be read: published flow:"
PORTAL_LISTS = ("/", "/tasks", "/tasks?show=done", "/messages", "/notices", "/cases")
ADMIN_PAGES = (
    "/admin/", "/admin/instances/?q=TI-2001", "/admin/flows/move-in", "/admin/flows/move-in/versions",
    "/admin/flows/move-in/versions/2/plan",
)  # fmt: skip
API_LISTS = ("/instances", "/me", "/me/summary", "/conversations", "/sync", "/cases")


@pytest.fixture
def lost(change: Changing) -> Changing:
    """TI-2001 runs on a text that cannot be read, TI-2002 on the one that is served."""
    change.start()
    change.submit("identity", {"legal_name": "Priya Shah", "right_to_rent": "y"})
    change.send_back("identity")
    change.write(*NEW_STEP)
    change.start()
    change.spoil(1)
    return change


@pytest.fixture
def lost_desk(lost: Changing) -> list[str]:
    """A task of a department and a tenant's case whose texts cannot be read either."""
    with unit_of_work(lost.world.tenant) as work:
        case = beginning.start_by_customer(work, "department-request", lost.world.household, SUBJECT)
        work.session.flush()
        refs = [case.reference]
    refs.append(department_task(lost.world.agent))
    with unit_of_work(SYSTEM) as work:
        for row in work.session.scalars(select(Instance).where(Instance.state.is_not(None))):
            row.flow_version.content_hash = row.flow_hash = f"{row.id:064}"
            row.flow_version.text = "nonsense"
    return refs


@pytest.mark.requirement("X12")
@pytest.mark.parametrize("language", ["en", "cy"])
def test_lists_go_on(
    app: Flask,
    lost: Changing,
    lost_desk: list[str],
    client_of: ClientOf,
    signed_in: Callable[[Actor], Phone],
    language: str,
) -> None:
    world = lost.world
    lists = [f"{view.url}/" for view in views(app)]
    with unit_of_work(SYSTEM) as work:
        for who in (world.tenant, world.admin):
            work.session.get_one(User, who.user_id).language = language
    staff, tenant, phone = client_of(world.admin), client_of(world.tenant), signed_in(world.tenant)
    for url in (*lists, *ADMIN_PAGES):
        assert staff.get(url, follow_redirects=True).status_code == 200, url
    for url in PORTAL_LISTS:
        assert tenant.get(url, follow_redirects=True).status_code == 200, url
    office = signed_in(world.admin)
    for one, url in product((phone, office), API_LISTS):
        answer = one.get(url)
        assert answer.status_code == 200, f"{url}: {answer.text}"
    assert "TI-2001" in tenant.get("/tasks").text
    assert lost_desk[0] in tenant.get("/cases").text
    gus = client_of(world.agent)  # its creator
    for look in ("list", "board"):
        assert lost_desk[1] in gus.get(f"/admin/board/?tab=created&look={look}").text


@pytest.mark.requirement("X12")
def test_its_own_pages_say_what_is_the_matter(
    lost: Changing, client_of: ClientOf, signed_in: Callable[[Actor], Phone]
) -> None:
    world = lost.world
    staff, tenant, phone = client_of(world.admin), client_of(world.tenant), signed_in(world.tenant)
    for url in ("/admin/instances/TI-2001", "/admin/instances/TI-2001/at", "/admin/instances/TI-2001/steps/identity"):
        page = staff.get(url)
        assert (page.status_code, WHY in page.text) == (503, True), page.text
    for url in ("/tasks/TI-2001", "/tasks/TI-2001/steps/household"):
        page = tenant.get(url)
        assert (page.status_code, WHY in page.text) == (503, False), "customers cannot mend it"
    lost.ref = "TI-2001"
    answer = phone.get(f"/instances/{lost.now().uid}")
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert tenant.get("/tasks/TI-2002").status_code == 200
