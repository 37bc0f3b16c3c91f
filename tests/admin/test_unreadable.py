"""A request whose own text means nothing to this Baton: its pages say so, and everybody else's go on (X12)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from flows.models import User
from flows.rules.actors import SYSTEM, Actor
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf
from tests.admin.test_doors import views
from tests.api.conftest import Phone, signed_in
from tests.changing.conftest import Changing, change
from tests.changing.test_migrating import NEW_STEP

__all__ = ["change", "signed_in"]

WHY = "What move-in said when this began cannot be read: published flow:"
PORTAL_LISTS = ("/", "/tasks", "/tasks?show=done", "/messages", "/notices")
ADMIN_PAGES = (
    "/admin/", "/admin/instances/?q=TI-2001", "/admin/flows/move-in", "/admin/flows/move-in/versions",
    "/admin/flows/move-in/versions/2/plan",
)  # fmt: skip
API_LISTS = ("/instances", "/me", "/me/summary", "/payments", "/conversations", "/sync")


@pytest.fixture
def lost(change: Changing) -> Changing:
    """TI-2001 runs on a text that cannot be read, TI-2002 on the one that is served."""
    change.start()
    change.submit("identity", {"legal_name": "Priya Shah", "right_to_rent": "y"})
    change.write(*NEW_STEP)
    change.start()
    change.spoil(1)
    return change


@pytest.mark.requirement("X12")
@pytest.mark.parametrize("language", ["en", "cy"])
def test_lists_go_on(
    app: Flask, lost: Changing, client_of: ClientOf, signed_in: Callable[[Actor], Phone], language: str
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
    for url in API_LISTS:
        answer = phone.get(url)
        assert answer.status_code == 200, f"{url}: {answer.text}"
    assert "TI-2001" in tenant.get("/tasks").text


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
