"""Linking and choosing in a browser: nothing for axe to find, and a dialog that searches, links and closes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.admin.conftest import ClientOf
from tests.admin.test_looks import cookies_of
from tests.browser_tools import serving
from tests.housing.letting import agreements, begin, line, link, now
from tests.world import World

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database", ["sqlite"])]


def imported() -> dict[str, str]:
    return agreements(
        line(
            "NH-2026-1103", tenant_name="Tomasz Wrona", address="22 Harehills Place, Leeds LS8 5JA", rent_minor=67_500
        ),
        line("NH-2024-0231", address="12 Mill Lane, Leeds LS1 4AB", rent_minor=86_000),
        line("NH-2026-1105", address="16 Mill Lane, Leeds LS1 4AB", rent_minor=92_500, starts_on=None),
    )


@pytest.mark.requirement("C41")
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("link", "/admin/tasks/{ref}/link/agreement"),
        ("link-none", "/admin/tasks/{ref}/link/agreement?q=zzz"),
        ("linked", "/admin/tasks/{linked}"),
        ("unlinked", "/admin/tasks/{ref}"),
        ("unlink", "/admin/tasks/{linked}/unlink/agreement"),
        ("agreements", "/admin/agreements/"),
        ("agreement", "/admin/agreements/{agreement}"),
        ("handover", "/admin/tasks/{choosing}/steps/handover"),
    ],
)
def test_staff_pages_are_usable_by_everybody(
    app: Flask, world: World, client_of: ClientOf, axe: Callable[..., None], name: str, path: str, database: str
) -> None:
    uids, refs = imported(), {"ref": begin(world), "linked": begin(world)}
    link(world.agent, refs["linked"], uids["NH-2024-0231"])
    words = {**refs, "agreement": uids["NH-2024-0231"], "choosing": begin(world, "choosing", "staff")}
    with serving(app) as origin:
        axe(origin + path.format(**words), f"housing-{name}", cookies_of(client_of(world.agent), origin))


@pytest.mark.requirement("X17", "X24")
@pytest.mark.parametrize("name", ["home", "trouble"])
def test_forms_that_choose_are_usable_by_everybody(
    app: Flask, world: World, client_of: ClientOf, axe: Callable[..., None], name: str, database: str
) -> None:
    path = f"/tasks/{begin(world, 'choosing', 'staff')}/steps/{name}"
    with serving(app) as origin:
        axe(origin + path, f"choosing-{name}", cookies_of(client_of(world.tenant), origin))


@pytest.mark.requirement("C41")
def test_the_dialog_searches_links_and_closes(
    app: Flask, world: World, client_of: ClientOf, chromium: Browser, database: str
) -> None:
    uids, ref = imported(), begin(world)
    with serving(app) as origin:
        context = chromium.new_context()
        context.add_cookies(cookies_of(client_of(world.agent), origin))
        page = context.new_page()
        page.goto(f"{origin}/admin/tasks/{ref}")
        page.click("text=Link to Agreement…")
        page.wait_for_selector("dialog >> text=2 found for the name of the customer")
        page.fill("dialog input[type=search]", "harehills")
        page.press("dialog input[type=search]", "Enter")
        page.wait_for_selector("dialog >> text=Tomasz Wrona")
        assert page.url == f"{origin}/admin/tasks/{ref}", "the page behind stays"
        page.click("dialog >> role=button[name='Link NH-2026-1103']")
        page.wait_for_selector("dialog", state="detached")
        page.wait_for_selector("dd >> text=NH-2026-1103, Tomasz Wrona")
        context.close()
    assert now(ref).links["agreement"]["id"] == uids["NH-2026-1103"]


@pytest.mark.requirement("X17")
def test_a_search_in_the_form_of_a_step_keeps_the_answers(
    app: Flask, world: World, client_of: ClientOf, chromium: Browser, database: str
) -> None:
    ref = begin(world, "choosing", "staff")
    with serving(app) as origin:
        context = chromium.new_context()
        context.add_cookies(cookies_of(client_of(world.tenant), origin))
        page = context.new_page()
        page.goto(f"{origin}/tasks/{ref}/steps/home")
        page.check("label:has-text('South') >> nth=0")
        page.fill("#street-q", "street 29")
        page.click("role=button[name='Search Street']")
        page.wait_for_selector("#street-q[value='street 29']")
        assert page.is_checked("label:has-text('South') >> nth=0")
        page.check("label:has-text('Street 29') >> nth=0")
        page.click("main >> role=button[name='Submit']")
        page.wait_for_url(f"{origin}/tasks/{ref}")
        context.close()
    step = now(ref).step("home")
    assert step is not None
    assert (step.answers["street"], step.answers["area"]) == ("s29", "south")
