"""New task instance and the invitation of a tenant: found, chosen, asked for everything, created once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from flows import catalogue
from flows.access import read_as
from flows.catalogue.loader import load_packages
from flows.models import FlowSwitch, Instance, Invitation, Membership, Organisation, User
from flows.rules.actors import SYSTEM, Actor
from flows.work import end_reading, unit_of_work
from tests.admin.conftest import ClientOf
from tests.admin.desk import clerk, words_in
from tests.guided.conftest import SHIPPED, Play, move_in, play
from tests.world import World

__all__ = ["clerk", "move_in", "play"]
NEW, INVITE = "/admin/instances/new", "/admin/instances/invite"
MOVE_IN = '<option value="move-in">Move-in</option>'
on_sqlite = pytest.mark.parametrize("database", ["sqlite"])
PAYING = """
flow: deposit
schema: 1
title: Pay a deposit
start: {staff: true, onboarding: true}
steps:
  form: {title: Your details, actor: customer, fields: {name: {type: text, label: Name}}}
  deposit: {title: Deposit, actor: customer, payment: {currency: GBP, amount: ask}}
  fee: {title: Fee, actor: customer, payment: {currency: EUR, amount: ask}}
"""


@pytest.fixture
def staff(client_of: ClientOf, world: World, unprotected: None, move_in: None) -> FlaskClient:
    return client_of(world.agent)


@pytest.fixture
def deposit(move_in: None, tmp_path: Path) -> Iterator[None]:
    """A flow that asks for two amounts."""
    (tmp_path / "deposit.flow.yaml").write_text(PAYING, encoding="utf-8")
    before = catalogue.current()
    loaded = load_packages(SHIPPED, [tmp_path])
    assert loaded.broken == []
    catalogue.use(loaded)
    yield
    catalogue.use(before)


def look(client: FlaskClient, url: str = NEW) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return words_in(answer)


def send(client: FlaskClient, url: str = NEW, status: int = 303, **fields: Any) -> str:
    fields.setdefault("do", "create")
    fields.setdefault("shown", fields.get("flow", ""))
    answer = client.post(url, data={name.replace("__", "-"): value for name, value in fields.items()})
    assert answer.status_code == status, words_in(answer)[-2000:]
    return words_in(client.get(answer.location, follow_redirects=True)) if status == 303 else words_in(answer)


def made() -> list[Instance]:
    end_reading()
    return list(read_as(SYSTEM).scalars(select(Instance).order_by(Instance.id)))


@pytest.mark.requirement("C23", "C24")
def test_only_active_flows_that_staff_may_start_are_offered(staff: FlaskClient, world: World) -> None:
    html = look(staff)
    assert MOVE_IN in html
    assert "coro-order-fulfilment" not in html, "it starts with an order"
    for column in ("is_active", "is_assignable"):
        with unit_of_work(SYSTEM) as work:
            work.session.merge(FlowSwitch(id=1, flow="move-in", **{column: False}))
        assert MOVE_IN not in look(staff)
        html = send(staff, status=409, flow="move-in", customer="usr_priya", inputs__rent="1000")
        assert "Move-in is switched off" in html or "cannot be started here" in html
        with unit_of_work(SYSTEM) as work:
            work.session.delete(work.session.scalars(select(FlowSwitch)).one())
    assert made() == []


@pytest.mark.requirement("C24")
@on_sqlite
def test_flow_says_who_does_what_and_until_when(staff: FlaskClient, database: str) -> None:
    html = look(staff, f"{NEW}?flow=move-in")
    assert "5 steps: 4 by the customer and 1 by us; we review 2. Due 10 working days after it begins." in html
    assert "Monday 16 November" in html
    assert "Monthly rent" in html
    assert "Payment amounts" not in html
    assert "What do you wish for?" not in look(staff), "what a flow asks comes with the flow"


@pytest.mark.requirement("C25")
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("pri", True), ("shah priya", True), ("priya@example", True), ("Mill La", True), ("07700 900123", True),
        ("900-123", True), ("zzz", False), ("priya zzz", False), ("%", False), ("_", False), ("", False),
        ("gus", False), ("\0pri", True),
    ],
)  # fmt: skip
def test_tenant_is_found_by_name_email_address_and_phone(staff: FlaskClient, typed: str, found: bool) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(User).where(User.uid == "usr_priya")).one().phone = "(07700) 900-123"
    html = send(staff, status=200, q=typed, do="search")
    assert ('value="usr_priya"' in html) == found
    assert ("Nobody fits" in html) == (not found and typed.strip("\0") != "")
    assert "usr_gus" not in html.partition("Tenant user")[2].partition("</fieldset>")[0]


@pytest.mark.requirement("C25")
@on_sqlite
def test_company_is_found_as_a_whole_and_by_its_people(staff: FlaskClient, world: World, database: str) -> None:
    html = send(staff, status=200, q="acme", do="search")
    assert 'value="usr_anna"' in html
    assert 'value="cus_acme"' in html
    assert 'value="cus_shah"' not in send(staff, status=200, q="priya", do="search"), "found by whoever lives there"
    with unit_of_work(SYSTEM) as work:
        user = work.session.scalars(select(User).where(User.uid == "usr_anna")).one()
        rival = work.session.scalars(select(Organisation).where(Organisation.uid == "cus_rival")).one()
        work.session.add(Membership(user_id=user.id, organisation_id=rival.id, role="member", created_at=work.now))
    assert send(staff, status=200, q="anna", do="search").count('value="usr_anna"') == 1
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(User).where(User.uid == "usr_anna")).one().is_active = False
    assert 'value="usr_anna"' not in send(staff, status=200, q="anna", do="search")


@pytest.mark.requirement("C1", "C10", "C25", "C26", "C28")
def test_create_with_everything_then_open_it(staff: FlaskClient, world: World) -> None:
    given = {"flow": "move-in", "q": "pri", "customer": "usr_priya", "assignee": "usr_ada", "inputs__rent": "1,000.50",
             "fields__wish": "A balcony", "due_at": "2026-12-01T17:00", "message": "Welcome to us"}  # fmt: skip
    html = send(staff, **given, do="open")
    (instance,) = made()
    assert f"<title>{instance.reference} Move-in" in html
    assert f"{instance.reference} was created." in html
    assert instance.source == "staff"
    assert instance.inputs == {"rent": 100_050, "wish": "A balcony"}
    assert "What was asked" in html
    assert "A balcony" in html
    assert "1,000.50" in html
    assert instance.assignee_id == world.admin.user_id
    assert instance.customer_id == world.tenant.user_id
    assert instance.due_at is not None
    assert instance.due_at.isoformat() == "2026-12-01T17:00:00+00:00"


@pytest.mark.requirement("C26", "C28")
@on_sqlite
def test_create_leads_back_to_the_list_and_is_done_once(staff: FlaskClient, database: str) -> None:
    given = {"flow": "move-in", "customer": "usr_priya", "inputs__rent": "1000", "_key": "once"}
    answers = [
        staff.post(
            NEW, data={"do": "create", "shown": "move-in", **{k.replace("__", "-"): v for k, v in given.items()}}
        )
        for _ in range(2)
    ]
    assert [answer.location for answer in answers] == ["/admin/instances/#row-TI-2001"] * 2
    (instance,) = made()
    assert instance.assignee_id is None, "Unassigned"


@pytest.mark.requirement("C24", "C25", "C28")
def test_everything_wrong_is_told_at_once_and_nothing_typed_is_lost(staff: FlaskClient) -> None:
    html = send(
        staff, status=422, flow="move-in", q="pri", customer="", assignee="usr_priya", inputs__rent="a lot",
        due_at="2020-01-01T10:00", message="x" * 2001, fields__wish="A balcony",
    )  # fmt: skip
    for words in (
        '<a href="#customer">Choose for whom it is', '<a href="#assignee">Choose a colleague',
        '<a href="#inputs-rent">', '<a href="#due_at">Enter a date in the future', '<a href="#message">Use 2,000',
    ):  # fmt: skip
        assert words in html
    for kept in ('value="a lot"', 'value="A balcony"', 'value="2020-01-01T10:00"', 'value="pri"', "x" * 2001):
        assert kept in html
    right = {"flow": "move-in", "customer": "usr_priya", "inputs__rent": "1000"}
    assert "Enter a day and a time" in send(staff, status=422, **right, due_at="soon")
    html = send(staff, status=422, flow="nothing", customer="usr_priya")
    assert '<a href="#flow">Choose a flow from the list' in html
    assert '<a href="#flow">Choose a flow from the list' in send(staff, status=422)
    assert "belongs to no household" in _homeless(staff)
    assert made() == []


def _homeless(staff: FlaskClient) -> str:
    with unit_of_work(SYSTEM) as work:
        work.session.add(
            User(uid="usr_nomad", kind="customer", name="Nora Nomad", email="nora@example.com", created_at=work.now)
        )
    return send(staff, status=422, flow="move-in", customer="usr_nomad", inputs__rent="1000")


@pytest.mark.requirement("C27")
def test_amounts_are_asked_only_where_steps_ask_and_kept_in_minor_units(staff: FlaskClient, deposit: None) -> None:
    html = look(staff, f"{NEW}?flow=deposit&customer=usr_priya")
    assert "Payment amounts" in html
    assert "In GBP. From 0 to 1,000,000; 0 skips the step" in html
    assert '<span aria-hidden="true">€</span>' in html
    assert html.count("checked") == 1
    html = send(staff, status=422, flow="deposit", customer="usr_priya", amounts__deposit="a lot")
    assert '<a href="#amounts-deposit">Enter the deposit as an amount, like 1,200.50' in html
    assert '<a href="#amounts-fee">Enter the amount for “Fee”; 0 skips the step' in html
    assert 'value="a lot"' in html
    for wrong in ("-1", "1000000.01"):
        html = send(staff, status=422, flow="deposit", customer="usr_priya", amounts__deposit=wrong, amounts__fee="0")
        assert "Enter an amount from 0 to 1,000,000" in html
    send(staff, flow="deposit", customer="usr_priya", amounts__deposit="1,200.5", amounts__fee="0")
    (instance,) = made()
    assert instance.amounts == {"deposit": 120_050, "fee": 0}
    assert {step.name: step.state for step in instance.steps}["fee"] == "skipped"


@pytest.mark.requirement("C25")
def test_tenant_who_has_one_open_already_is_warned_about_first(play: Play, staff: FlaskClient) -> None:
    play.start()
    html = send(staff, status=200, flow="move-in", q="pri", do="search")
    assert f'Has an open “Move-in” already: <a href="/admin/instances/{play.ref}">{play.ref}</a>' in html
    given = {"flow": "move-in", "customer": "usr_priya", "inputs__rent": "1000", "message": "Once more"}
    html = send(staff, status=409, **given)
    assert "Priya Shah has an open one already. Create another one all the same?" in html
    assert f'name="warned" value="{play.ref}"' in html
    assert "Once more</textarea>" in html
    send(staff, **given, warned=play.ref)
    assert len(made()) == 2


@pytest.mark.requirement("C23", "C28")
def test_only_who_may_create_gets_in(client_of: ClientOf, world: World, clerk: Actor, unprotected: None) -> None:
    for actor, status in ((world.agent, 200), (world.admin, 200), (world.reader, 403), (clerk, 403)):
        for url in (NEW, INVITE):
            assert client_of(actor).get(url).status_code == status
            if status == 403:
                given = {"flow": "move-in", "customer": "usr_priya", "inputs-rent": "1000", "do": "create"}
                assert client_of(actor).post(url, data=given).status_code == 403
    assert made() == []


@pytest.mark.requirement("C10", "X27")
def test_new_tenant_is_invited_and_the_flow_begins_when_they_accept(staff: FlaskClient, world: World) -> None:
    html = send(staff, INVITE, 422, flow="move-in", name=" ", email="no", address="", time_zone="Mars/Base",
                inputs__rent="")  # fmt: skip
    for name in ("name", "email", "address", "time_zone", "inputs-rent"):
        assert f'<a href="#{name}">' in html, name
    assert 'value="Mars/Base"' in html
    given = {
        "flow": "move-in", "name": "Nora New", "email": "nora@example.com", "address": "1 High Street",
        "time_zone": "Europe/London", "inputs__rent": "900", "assignee": "usr_gus", "message": "Welcome",
    }  # fmt: skip
    html = send(staff, INVITE, **given)
    assert "The invitation is on its way. The request begins when it is accepted." in html
    assert made() == []
    invitation = read_as(SYSTEM).scalars(select(Invitation)).one()
    assert invitation.email == "nora@example.com"
    assert invitation.begins is not None
    assert invitation.begins["inputs"] == {"rent": 90_000, "wish": None}


@pytest.mark.requirement("C10")
@on_sqlite
def test_invited_who_has_an_account_gets_it_at_once(staff: FlaskClient, database: str) -> None:
    given = {"flow": "move-in", "name": "Priya Shah", "email": "priya@example.com", "address": "1 High Street",
             "time_zone": "Europe/London", "inputs__rent": "900"}  # fmt: skip
    html = send(staff, INVITE, **given)
    assert "TI-2001 was created. They had an account already" in html
    assert made()[0].source == "onboarding"


@on_sqlite
def test_choosing_another_flow_keeps_what_was_typed(staff: FlaskClient, deposit: None, database: str) -> None:
    html = send(staff, status=200, flow="deposit", shown="", q="pri", customer="usr_priya", message="Hello", do="flow")
    for kept in ('value="pri"', "Hello</textarea>", 'value="usr_priya" checked'):
        assert kept in html
    assert "Payment amounts" in html


@on_sqlite
def test_customer_page_leads_here_with_whoever_lives_there(
    staff: FlaskClient, client_of: ClientOf, world: World, database: str
) -> None:
    for organisation, customer in (("cus_shah", "usr_priya"), ("cus_acme", "cus_acme")):
        html = look(staff, f"/admin/organisations/{organisation}")
        assert f'href="{NEW}?customer={customer}">New task instance</a>' in html
        assert f'value="{customer}" checked' in look(staff, f"{NEW}?customer={customer}")
    assert NEW not in look(client_of(world.reader), "/admin/organisations/cus_shah")


@on_sqlite
def test_page_asks_the_database_little(
    staff: FlaskClient, count_statements: Callable[[], list[str]], database: str
) -> None:
    look(staff)
    counted = count_statements()
    look(staff, f"{NEW}?flow=move-in")
    assert len(counted) <= 8, counted
