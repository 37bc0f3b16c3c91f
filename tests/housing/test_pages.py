"""Linking and choosing through the doors: back office, portal and API, without JavaScript (C41)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask

from flows import ports
from flows.access import read_as
from flows.models import User
from flows.plugin import PassingFault
from flows.rules.actors import SYSTEM, Actor
from flows.rules.agreements import AgreementLine
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf
from tests.api.conftest import Phone
from tests.browser_tools import HtmlFacts
from tests.housing.letting import agreements, begin, line, link, now
from tests.portal.browsing import Visitor
from tests.world import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"])


class Away:
    """A housing system that does not answer."""

    def search(self, query: str, limit: int) -> Any:
        raise PassingFault("housing.example cannot be reached")

    def get(self, id: str) -> Any:
        raise PassingFault("housing.example cannot be reached")

    def activate(self, id: str, move_in: Any, key: str) -> None:
        raise PassingFault("housing.example cannot be reached")


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# --- staff link an instance -------------------------------------------------------------------------------------


@pytest.mark.requirement("C41")
@pytest.mark.usefixtures("unprotected")
def test_staff_search_and_link_and_unlink(client_of: ClientOf, world: World, database: str) -> None:
    uids, ref = agreements(), begin(world)
    client, base = client_of(world.agent), f"/admin/tasks/{ref}"
    assert f'href="{base}/link/agreement" data-dialog>Link to Agreement…' in client.get(base).text
    page = client.get(f"{base}/link/agreement").text
    assert HtmlFacts(page).problems() == []
    said = text_of(page)
    assert "1 found for the name of the customer" in said
    for fact in (
        "AG-1",
        "Priya Shah",
        "priya@example.com",
        "12 Mill Lane, Leeds",
        "£850.00",
        "1 December 2026",
        "Not begun",
    ):
        assert fact in said, fact
    assert "Olu Adeyemi" not in said
    assert "Olu Adeyemi" in client.get(f"{base}/link/agreement?q=beck").text
    assert "Olu Adeyemi" in client.post(f"{base}/link/agreement", data={"q": "beck"}).text, "as a dialog searches"
    assert "Nothing fits “zzz”" in client.get(f"{base}/link/agreement?q=zzz").text
    sent = client.post(f"{base}/link/agreement", data={"value": uids["AG-2"], "_key": "a", "q": "beck"})
    assert (sent.status_code, sent.location) == (303, base)
    again = client.post(f"{base}/link/agreement", data={"value": uids["AG-2"], "_key": "a", "q": "beck"})
    assert again.status_code == 303, "the same form twice is one link"
    task = client.get(base).text
    assert HtmlFacts(task).problems() == []
    assert "AG-2, Olu Adeyemi, 31 Beck Street" in text_of(task)
    assert "Linked now" in client.get(f"{base}/link/agreement?q=beck").text
    refused = client.post(f"{base}/unlink/agreement", data={"reason": ""})
    assert refused.status_code == 422
    assert "Say why the link is taken away" in refused.text
    gone = client.post(f"{base}/unlink/agreement", data={"reason": "Wrong flat"}, headers={"X-Fragment": "1"})
    assert gone.status_code == 204
    assert now(ref).links == {}
    assert "no longer AG-2. Wrong flat" in client.get(base).text
    assert client.get(f"{base}/unlink/agreement").status_code == 409


@pytest.mark.requirement("C41")
@pytest.mark.usefixtures("unprotected")
def test_what_stands_in_the_way_is_said_on_the_page(client_of: ClientOf, world: World, database: str) -> None:
    uids, ref, other = agreements(), begin(world), begin(world)
    link(world.agent, other, uids["AG-1"])
    client, url = client_of(world.agent), f"/admin/tasks/{ref}/link/agreement"
    held = client.post(url, data={"value": uids["AG-1"], "q": "mill"})
    assert held.status_code == 409
    assert f"AG-1 is linked to {other} (Letting, Priya Shah)" in held.text
    assert 'value="mill"' in held.text, "what was searched for is kept"
    assert HtmlFacts(held.text).problems() == []
    unknown = client.post(url, data={"value": "agr_\0nobody"})
    assert unknown.status_code == 422
    assert "there is nothing with this number" in unknown.text
    assert client.get(f"/admin/tasks/{ref}/link/flat").status_code == 404
    assert client.get(f"/admin/tasks/{ref}/link/estate").status_code == 403
    assert client_of(world.reader).get(url).status_code == 403
    assert client_of(world.tenant).get(url).status_code == 403
    assert "link/agreement" not in client_of(world.reader).get(f"/admin/tasks/{ref}").text
    assert now(ref).links == {}


@pytest.mark.requirement("C41")
@pytest.mark.usefixtures("unprotected")
def test_a_housing_system_that_is_away_is_no_failure_of_ours(client_of: ClientOf, world: World, database: str) -> None:
    ref = begin(world)
    ports.use_agreements(Away())
    try:
        client, url = client_of(world.agent), f"/admin/tasks/{ref}/link/agreement"
        page = client.get(url)
        assert page.status_code == 200
        assert "This cannot be searched right now" in page.text
        sent = client.post(url, data={"value": "agr_1"})
        assert sent.status_code == 422
        assert "try again in a minute" in sent.text
    finally:
        ports.use_agreements(None)


def test_markup_in_an_agreement_is_text(client_of: ClientOf, world: World, database: str) -> None:
    evil = "<script>alert(1)</script>"
    uids, ref = agreements(line("AG-<b>1", tenant_name=evil, address=f'"><img src=x onerror=1>{evil}')), begin(world)
    client = client_of(world.admin)
    link(world.agent, ref, uids["AG-<b>1"])
    task = f"/admin/tasks/{ref}"
    about = (task, f"{task}/link/agreement?q=AG", f"{task}/unlink/agreement")
    for url in (*about, "/admin/agreements/", f"/admin/agreements/{uids['AG-<b>1']}"):
        page = client.get(url)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


STANDING = {"waiting": {"E-1", "E-2"}, "running": {"E-3"}, "ended": {"E-4"}}


def estate() -> list[AgreementLine]:
    """Not begun, twice; running; ended."""
    days = (None, None), (date(2026, 11, 3), None), (date(2026, 11, 2), date(2026, 11, 2)), (None, date(2026, 11, 1))
    return [
        line(f"E-{n}", address="The estate", tenant_name="X", starts_on=starts, ends_on=ends)
        for n, (starts, ends) in enumerate(days, 1)
    ]


@pytest.mark.requirement("C41")
def test_what_was_imported_is_a_list(
    client_of: ClientOf, world: World, count_statements: Callable[[], list[str]], database: str
) -> None:
    uids = agreements(*(line(f"AG-{n:03}") for n in range(60)), line("AG-999", address="31 Beck Street"), *estate())
    ref = begin(world)
    link(world.agent, ref, uids["AG-999"])
    client = client_of(world.reader)
    made = count_statements()
    page = client.get("/admin/agreements/").text
    assert len(made) <= 6, "\n".join(made)
    assert "AG-000" in page
    assert "AG-030" not in page
    for query, shown in (("ag-999", True), ("beck", True), ("priya", True), ("%25", False), ("nobody", False)):
        found = client.get(f"/admin/agreements/?search={query}").text
        assert ("AG-" in found) == shown, query
    for state, shown in STANDING.items():
        found = text_of(client.get(f"/admin/agreements/?state={state}&search=estate").text)
        assert {number for number in ("E-1", "E-2", "E-3", "E-4") if number in found} == shown, state
    made = count_statements()
    one = client.get(f"/admin/agreements/{uids['AG-999']}").text
    assert len(made) <= 8, "\n".join(made)
    assert f"{ref} Letting" in one
    assert client.get("/admin/agreements/agr_nowhere").status_code == 404
    assert "AG-999" in client.get("/admin/agreements/export/csv/?search=beck").text
    ports.use_agreements(Away())
    try:
        assert "/admin/agreements/" not in client.get("/admin/").text, "nothing is kept here"
    finally:
        ports.use_agreements(None)


# --- choosing in forms ------------------------------------------------------------------------------------------


def choose(visitor: Visitor, ref: str, step: str, **fields: Any) -> Any:
    return visitor.post(f"/tasks/{ref}/steps/{step}", **fields)


@pytest.mark.requirement("X17")
def test_few_are_radios_more_are_a_list_and_many_a_search(tenant: Visitor, world: World, database: str) -> None:
    ref = begin(world, "choosing", source="staff")
    url = f"/tasks/{ref}/steps/home"
    page = tenant.get(url)
    assert HtmlFacts(page).problems() == []
    assert page.count('type="radio" id="area') == 2
    assert page.count("<option") == 21, "20 streets and none"
    assert page.count('type="checkbox"') == 20
    assert "There are more than these. Search to find others." in page
    found = choose(tenant, ref, "home", _action="find", area="north", **{"street-q": "street 1", "shops": ["s00"]})
    assert found.status_code == 200
    assert HtmlFacts(found.text).problems() == []
    assert 'value="north" checked' in found.text, "nothing typed is lost"
    assert 'name="shops" value="s00" checked' in found.text
    assert 'value="street 1"' in found.text
    assert found.text.count('<option value="s1') == 10
    assert now(ref).step("home").draft is None, "looking keeps nothing"  # type: ignore[union-attr]
    sent = choose(tenant, ref, "home", street="s17", area="north")
    assert sent.status_code == 303
    assert "Street 17" in tenant.get(url), "what was sent is shown as it was read"
    assert "s17" not in text_of(tenant.get(url))


@pytest.mark.requirement("X17")
def test_a_form_whose_lookup_is_away_keeps_what_was_typed(tenant: Visitor, world: World, database: str) -> None:
    ref = begin(world, "choosing", source="staff")
    page = tenant.get(f"/tasks/{ref}/steps/trouble")
    assert page.count("This cannot be chosen right now.") == 3
    assert HtmlFacts(page).problems() == []
    sent = choose(tenant, ref, "trouble", away="a1", note="Typed with care")
    assert sent.status_code == 422
    assert "Far away cannot be chosen right now; try again in a minute" in sent.text
    assert 'value="Typed with care"' in sent.text
    assert '<input type="hidden" name="away" value="a1">' in sent.text
    assert HtmlFacts(sent.text).problems() == []


@pytest.mark.requirement("Q12")
@pytest.mark.usefixtures("unprotected")
def test_staff_choose_a_colleague_of_a_department(client_of: ClientOf, world: World, database: str) -> None:
    ref = begin(world, "choosing", source="staff")
    client, url = client_of(world.agent), f"/admin/tasks/{ref}/steps/handover"
    page = client.get(url).text
    assert HtmlFacts(page).problems() == []
    assert 'name="who" value="usr_' not in page, "people of a department are offered once it is known"
    assert page.count('name="anybody" value="usr_') == 3
    assert 'name="team_of" value="dep_repairs"' in page
    narrowed = client.post(url, data={"_action": "find", "team_of": "dep_repairs", "anybody": "usr_rae"})
    assert narrowed.status_code == 200
    assert narrowed.text.count('name="who" value="usr_') == 1
    assert 'value="usr_rae" checked' in narrowed.text
    wrong = client.post(url, data={"who": "usr_rae", "team_of": "dep_repairs"})
    assert wrong.status_code == 422
    assert "no such user of that department" in wrong.text
    assert HtmlFacts(wrong.text).problems() == []
    assert client.post(url, data={"who": "usr_gus", "team_of": "dep_repairs"}).status_code == 303
    assert "Gus Agent" in client.get(f"/admin/tasks/{ref}").text
    many(25)
    other = begin(world, "choosing", source="staff")
    searched = client.get(f"/admin/tasks/{other}/steps/handover").text
    assert 'name="anybody-q"' in searched
    assert searched.count('<option value="usr_') == 20
    assert HtmlFacts(searched).problems() == []


def many(count: int) -> None:
    with unit_of_work(SYSTEM) as work:
        for n in range(count):
            work.session.add(User(kind="staff", email=f"x{n}@x.example", name=f"Xena {n}", created_at=work.now))


@pytest.mark.requirement("C33", "X3")
def test_the_tenant_picks_a_time_and_everybody_reads_it(
    app: Flask,
    tenant: Visitor,
    client_of: ClientOf,
    world: World,
    count_statements: Callable[[], list[str]],
    database: str,
) -> None:
    uids, ref = agreements(), begin(world)
    link(world.agent, ref, uids["AG-1"])
    app.config["WTF_CSRF_METHODS"] = set()
    client = client_of(world.agent)
    assert client.post(f"/admin/tasks/{ref}/steps/agreement", data={"move_in": "2026-12-01"}).status_code == 303
    url = f"/tasks/{ref}/steps/keys"
    made = count_statements()
    page = tenant.get(url)
    assert len(made) <= 12, "\n".join(made)
    assert "Monday 2 November, 2:00pm" in page
    assert page.count("<option") == 11
    refused = tenant.post(url, slot="2020-01-01T10:00+00:00")
    assert refused.status_code == 422
    assert "Choose an answer to “Pick a time” from the list; “2020-01-01T10:00+00:00” is not in it" in refused.text
    assert tenant.post(url, slot="2026-11-03T10:00+00:00").status_code == 303
    assert "Tuesday 3 November, 10:00am" in tenant.get(url)
    assert "Tuesday 3 November, 10:00am" in client.get(f"/admin/tasks/{ref}").text


# --- the app ----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("D5", "X17")
def test_the_app_looks_up_what_it_is_asked(
    signed_in: Callable[[Actor], Phone], world: World, count_statements: Callable[[], list[str]], database: str
) -> None:
    ref = begin(world, "choosing", source="staff")
    phone, uid = signed_in(world.tenant), now(ref).uid
    step = phone.get(f"/instances/{uid}/steps/home").json
    assert [(one["key"], one["lookup"]) for one in step["fields"]][:3] == [
        ("street", "test.streets"), ("shops", "test.streets"), ("area", "test.areas")
    ]  # fmt: skip
    made = count_statements()
    found = phone.get(f"/lookups/test.streets?instance_id={uid}&q=street 2").json
    assert len(made) <= 6, "\n".join(made)
    assert [one["value"] for one in found["data"]] == [f"s{n}" for n in range(20, 30)]
    assert found["data"][0] == {"value": "s20", "label": "Street 20", "detail": "Leeds", "facts": []}
    everything = phone.get(f"/lookups/test.streets?instance_id={uid}").json
    assert (len(everything["data"]), everything["more"]) == (20, True)
    sent = phone.post(
        f"/instances/{uid}/steps/home/submissions",
        {"answers": {"street": "s20", "area": "north"}},
        key="k" * 20,
        etag=phone.get(f"/instances/{uid}/steps/home").headers["ETag"],
    )
    assert sent.status_code == 201
    assert phone.get(f"/instances/{uid}/steps/home").json["labels"] == {
        "test.streets": {"s20": "Street 20"},
        "test.areas": {"north": "North"},
    }


@pytest.mark.requirement("D5", "X1")
def test_the_app_is_told_nothing_it_is_not_asked(
    signed_in: Callable[[Actor], Phone], world: World, database: str
) -> None:
    agreements()
    ref, letting = begin(world, "choosing", source="staff"), begin(world)
    mine, stranger, uid = signed_in(world.tenant), signed_in(world.stranger), now(ref).uid
    for phone, path, status in (
        (mine, f"/lookups/housing.agreements?instance_id={now(letting).uid}&q=Olu", 404),
        (mine, f"/lookups/housing.agreements?instance_id={uid}", 404),
        (mine, f"/lookups/baton.people?instance_id={uid}", 404),
        (mine, "/lookups/test.streets?instance_id=ti_nowhere", 404),
        (stranger, f"/lookups/test.streets?instance_id={uid}", 404),
        (mine, "/lookups/test.streets", 422),
        (mine, f"/lookups/test.streets?instance_id={uid}&q={'x' * 500}", 422),
        (mine, f"/lookups/test.away?instance_id={uid}", 503),
        (mine, f"/lookups/test.broken?instance_id={uid}", 503),
    ):
        answer = phone.get(path)
        assert answer.status_code == status, path
        assert "Olu" not in answer.text
    assert mine.get(f"/lookups/test.away?instance_id={uid}").headers["Retry-After"] == "60"
    assert read_as(SYSTEM).get(User, world.user_ids["tenant"]) is not None
