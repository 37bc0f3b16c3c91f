"""What staff change, through the pages as a browser sends them: allowed, refused, too late, twice, out of date."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from flows.access import read_as
from flows.actions import delivering, noticing
from flows.actions.writing import write_effect
from flows.models import (
    AuditEntry,
    Department,
    DepartmentMember,
    Effect,
    Instance,
    Order,
    Organisation,
    Product,
    SignIn,
    Submission,
    User,
)
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf, Happened, token_of
from tests.world import World

pytestmark = [pytest.mark.usefixtures("unprotected"), pytest.mark.parametrize("database", ["sqlite"])]

ANSWERS = {"company_name": "Acme Ltd", "domain_name": "acme.example", "admin_email": "it@acme.example"}
PRODUCT = {
    "sku": "NEW-1",
    "vendor": "Coro",
    "name": "Coro Backup",
    "price": "£1,234.50",
    "currency": "GBP",
    "unit": "user per month",
    "provider": "manual",
    "is_active": "1",
}


def one(query: Any) -> Any:
    return read_as(SYSTEM).scalars(query).one()


def audited(kind: str) -> list[AuditEntry]:
    return list(read_as(SYSTEM).scalars(select(AuditEntry).where(AuditEntry.kind == kind).order_by(AuditEntry.id)))


def hidden(client: FlaskClient, url: str, name: str) -> str:
    """A hidden field of the form on this page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', client.get(url).get_data(as_text=True))
    assert found, f"{name} is not on {url}"
    return found[1]


@pytest.mark.requirement("A32")
def test_line_is_confirmed_by_hand_once(client_of: ClientOf, world: World, happened: Happened, database: str) -> None:
    client, url = client_of(world.agent), f"/admin/orders/{happened.manual}/lines/{happened.line}/confirm"
    assert client.post(url, data={"reference": "SUB-1"}).status_code == 303
    order = one(select(Order).where(Order.id == int(happened.manual) - 1000))
    assert (order.state, order.lines[0].provider_reference) == ("completed", "SUB-1")
    again = client.post(url, data={"reference": "SUB-2"})
    assert again.status_code == 409
    assert "nothing to confirm" in again.get_data(as_text=True)


def test_order_is_cancelled_with_a_reason_only(
    client_of: ClientOf, world: World, happened: Happened, database: str
) -> None:
    client, url = client_of(world.agent), f"/admin/orders/{happened.waiting}/cancel"
    refused = client.post(url, data={"reason": " "})
    assert refused.status_code == 422
    assert "Say why the order is cancelled" in refused.get_data(as_text=True)
    assert client.post(url, data={"reason": "Ordered twice"}, headers={"X-Fragment": "1"}).status_code == 204
    assert one(select(Order).where(Order.id == int(happened.waiting) - 1000)).state == "cancelled"
    assert one(select(Instance)).status == "cancelled"


@pytest.mark.requirement("A23", "A24")
def test_staff_complete_a_task_with_the_customers_words(
    client_of: ClientOf, world: World, happened: Happened, database: str
) -> None:
    client, url = client_of(world.agent), f"/admin/tasks/{happened.task}/steps/details"
    refused = client.post(url, data=ANSWERS)
    assert refused.status_code == 422
    assert "Tick that you have these answers" in refused.get_data(as_text=True)
    assert 'value="it@acme.example"' in refused.get_data(as_text=True)
    assert client.post(url, data=ANSWERS | {"stated": "1", "admin_email": "none"}).status_code == 422
    assert client.post(url, data=ANSWERS | {"stated": "1"}).status_code == 303
    assert one(select(Submission)).submitted_by_id == world.agent.user_id
    assert audited("answered_for_customer")[0].thing == happened.task
    assert client.post(url, data=ANSWERS | {"stated": "1"}).status_code == 409
    assert "disabled" in client.get("/admin/tasks/").get_data(as_text=True)


def test_more_time_and_a_reminder(client_of: ClientOf, world: World, happened: Happened, database: str) -> None:
    client, base = client_of(world.agent), f"/admin/tasks/{happened.task}"
    for wrong in ("", "soon", "2020-01-01T10:00", "0001-01-01T00:00", "9999-12-31T23:59:59+99:99"):
        assert client.post(f"{base}/extend", data={"expires_at": wrong, "reason": "ill"}).status_code == 422, wrong
    assert client.post(f"{base}/extend", data={"expires_at": "2026-12-01T12:00", "reason": ""}).status_code == 422
    assert client.post(f"{base}/extend", data={"expires_at": "2026-12-01T12:00", "reason": "Ill"}).status_code == 303
    assert one(select(Instance)).expires_at.isoformat() == "2026-12-01T12:00:00+00:00"
    before = len(read_as(SYSTEM).scalars(select(Effect.id)).all())
    key = hidden(client, f"{base}/remind", "_key")
    assert [client.post(f"{base}/remind", data={"_key": key}).status_code for _ in range(2)] == [303, 303]
    assert len(read_as(SYSTEM).scalars(select(Effect.id)).all()) == before + 1, "the same form twice reminds once"


@pytest.mark.requirement("X36")
def test_incidents_are_retried_or_skipped_with_a_reason(
    client_of: ClientOf, world: World, happened: Happened, database: str
) -> None:
    client, base = client_of(world.agent), f"/admin/outbox/{happened.incident}"
    assert client.post(f"{base}/skip", data={"reason": ""}).status_code == 422
    assert client.post(f"{base}/retry").status_code == 303
    assert one(select(Effect).where(Effect.id == happened.incident)).state == "pending"
    assert client.post(f"{base}/retry").status_code == 409
    with unit_of_work(SYSTEM) as work:
        delivering.fail(work, happened.incident, "still down", permanent=True)
    assert "still down" in client.get("/admin/outbox/").get_data(as_text=True)
    assert client.post(f"{base}/skip", data={"reason": "Done by phone"}).status_code == 303
    assert one(select(Effect).where(Effect.id == happened.incident)).skip_reason == "Done by phone"


@pytest.mark.requirement("X36", "C52")
def test_a_push_is_shown_without_its_address_and_notices_are_counted(
    client_of: ClientOf, world: World, database: str
) -> None:
    with unit_of_work(SYSTEM) as work:
        payload = {"name": "message", "notice": "ntf_1", "device": "dev_1", "reference": "TI-2001"}
        write_effect(work, None, "ntf_1:push:dev_1", "push", payload)
        noticing.tell(work, [world.agent.user_id or 0], "work", "Priya Shah rated Move-in 4 of 5", at_top=False)
    client, owed = client_of(world.agent), one(select(Effect)).id
    page = client.get(f"/admin/outbox/{owed}")
    assert page.status_code == 200
    assert "dev_1" in page.text
    assert '<span class="badge">1<span class="sr"> new notices</span>' in page.text
    assert "push message" in client.get("/admin/outbox/?state=pending&kind=push").text


@pytest.mark.requirement("X36")
def test_all_incidents_of_an_order_or_of_the_house_are_retried(
    client_of: ClientOf, world: World, happened: Happened, database: str
) -> None:
    client = client_of(world.agent)
    assert client.post(f"/admin/orders/{happened.manual}/retry").status_code == 303
    with unit_of_work(SYSTEM) as work:
        delivering.fail(work, happened.incident, "down", permanent=True)
    assert client.post("/admin/outbox/retry-all").status_code == 303
    assert one(select(Effect).where(Effect.id == happened.incident)).state == "pending"


def test_reader_changes_nothing(client_of: ClientOf, world: World, happened: Happened, database: str) -> None:
    client = client_of(world.reader)
    for path in (
        f"orders/{happened.manual}/lines/{happened.line}/confirm",
        f"orders/{happened.waiting}/cancel",
        f"tasks/{happened.task}/extend",
        f"tasks/{happened.task}/steps/details",
        f"outbox/{happened.incident}/retry",
        "outbox/retry-all",
        "products/new",
        "roles/",
        "users/new",
    ):
        assert client.post(f"/admin/{path}", data=PRODUCT | ANSWERS).status_code == 403, path
    assert one(select(Order).where(Order.id == int(happened.waiting) - 1000)).state == "awaiting_details"


def test_product_is_added_and_changed(client_of: ClientOf, world: World, database: str) -> None:
    client = client_of(world.agent)
    wrong = client.post(
        "/admin/products/new", data=PRODUCT | {"price": "-1", "sku": "PRD_CORO", "name": "", "provider": "magic"}
    )
    assert wrong.status_code == 422
    for words in ("Another product has this SKU", "as an amount", "Enter the name that customers read", "Choose one"):
        assert words in wrong.get_data(as_text=True)
    made = client.post("/admin/products/new", data=PRODUCT)
    product = one(select(Product).where(Product.sku == "NEW-1"))
    assert (made.status_code, made.location, product.price_minor) == (303, f"/admin/products/{product.uid}", 123450)
    assert "Coro Info Required" in client.get(f"/admin/products/{product.uid}").get_data(as_text=True)


def test_nobody_overwrites_what_they_have_not_seen(client_of: ClientOf, world: World, database: str) -> None:
    agent, admin = client_of(world.agent), client_of(world.admin)
    url, given = "/admin/products/prd_coro/edit", PRODUCT | {"sku": "PRD_CORO", "name": "Coro One"}
    seen = hidden(agent, url, "seen")
    assert admin.post(url, data=given | {"seen": seen}).status_code == 303
    late = agent.post(url, data=given | {"name": "Coro Two", "seen": seen})
    assert late.status_code == 412
    assert "Somebody else changed this" in late.get_data(as_text=True)
    assert 'value="Coro Two"' in late.get_data(as_text=True), "what was typed is kept"
    assert one(select(Product).where(Product.uid == "prd_coro")).name == "Coro One"
    assert audited("product_changed")[0].facts["name"] == ["Coro Essentials", "Coro One"]


def test_customers_are_added_changed_and_turned_off(client_of: ClientOf, world: World, database: str) -> None:
    client = client_of(world.admin)
    given = {
        "name": "Delta SA",
        "kind": "company",
        "parent": "brightpath it",
        "address": "1 Rue",
        "time_zone": "Europe/Paris",
    }
    for wrong in (
        {"name": ""},
        {"time_zone": "Mars/Base"},
        {"parent": "Nobody"},
        {"parent": "Acme Ltd"},
        {"kind": "x"},
        {"name": "acme ltd"},
    ):
        assert client.post("/admin/organisations/new", data=given | wrong).status_code == 422, wrong
    assert client.post("/admin/organisations/new", data=given).status_code == 303
    made = one(select(Organisation).where(Organisation.name == "Delta SA"))
    assert made.parent_id == one(select(Organisation.id).where(Organisation.uid == world.brightpath))
    url = f"/admin/organisations/{made.uid}"
    assert client.post(f"{url}/edit", data=given | {"address": "2 Rue"}).status_code == 303
    assert client.post(f"{url}/turn-off").status_code == 303
    assert one(select(Organisation.is_active).where(Organisation.uid == made.uid)) is False
    assert client.post(f"{url}/turn-on").status_code == 303
    assert client.post(f"{url}/invite", data={"email": "d@example.com", "role": "owner"}).status_code == 303
    assert client.post(f"{url}/invite", data={"email": "no address", "role": "owner"}).status_code == 422
    assert client.post("/admin/organisations/cus_brightpath/people/usr_bea/remove").status_code == 409, (
        "the last owner stays"
    )
    assert client.post("/admin/organisations/cus_brightpath/people/usr_carl/remove").status_code == 303


@pytest.mark.requirement("B10")
def test_departments_have_members_and_managers(client_of: ClientOf, world: World, database: str) -> None:
    client = client_of(world.admin)
    assert client.post("/admin/departments/new", data={"name": "repairs"}).status_code == 422
    assert client.post("/admin/departments/new", data={"name": "Billing"}).status_code == 303
    url = f"/admin/departments/{one(select(Department.uid).where(Department.name == 'Billing'))}"
    assert client.post(f"{url}/people", data={"email": "bea@example.com"}).status_code == 422, (
        "customers are in no department"
    )
    assert client.post(f"{url}/people", data={"email": "Rae@example.com"}).status_code == 303
    assert client.post(f"{url}/people/usr_rae/promote").status_code == 303
    member = one(select(DepartmentMember).where(DepartmentMember.user_id == world.reader.user_id))
    assert member.is_manager
    assert client.post(f"{url}/people/usr_rae/remove").status_code == 303
    assert client.post(f"{url}/edit", data={"name": "Billing"}).status_code == 303
    assert one(select(Department.is_active).where(Department.name == "Billing")) is False


def test_people_are_helped_and_kept_out(client_of: ClientOf, world: World, database: str) -> None:
    client, url = client_of(world.admin), "/admin/users/usr_bea"
    token_of(world.buyer)
    alive = select(SignIn).where(SignIn.user_id == world.buyer.user_id, SignIn.revoked_at.is_(None))
    assert client.post(f"{url}/sign-out").status_code == 303
    assert read_as(SYSTEM).scalars(alive).all() == []
    assert client.post(f"{url}/lock").status_code == 303
    assert client.post(f"{url}/send-code").status_code == 409
    assert client.post(f"{url}/unlock").status_code == 303
    assert client.post(f"{url}/send-code").status_code == 303
    assert one(select(Effect).where(Effect.kind == "email")).payload["template"] == "sign-in-code"
    assert client.post(f"{url}/reset-second-factor").status_code == 409
    assert client.post("/admin/users/usr_ada/lock").status_code == 403
    code = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "email")).one()
    page = client.get(f"/admin/outbox/{code.id}").get_data(as_text=True)
    assert code.payload["scope"]["code"] not in page, "staff never read somebody's sign-in code"


def test_colleague_is_invited_with_roles(client_of: ClientOf, world: World, database: str) -> None:
    client = client_of(world.admin)
    role = re.search(r'name="roles" value="(\d+)"[^>]*> agent', client.get("/admin/users/new").get_data(as_text=True))
    assert role
    assert client.post("/admin/users/new", data={"email": "kim@example.com", "name": "Kim"}).status_code == 422
    assert (
        client.post("/admin/users/new", data={"email": "bea@example.com", "name": "Bea", "roles": role[1]}).status_code
        == 422
    )
    assert (
        client.post("/admin/users/new", data={"email": "kim@example.com", "name": "Kim", "roles": role[1]}).status_code
        == 303
    )
    kim = one(select(User).where(User.email == "kim@example.com"))
    assert [one.name for one in kim.roles] == ["agent"]
    assert audited("roles_given")[0].facts == {"roles": [[], ["agent"]]}


def test_somebody_always_keeps_the_keys(client_of: ClientOf, world: World, database: str) -> None:
    client = client_of(world.admin)
    seen = hidden(client, "/admin/roles/", "seen")
    nothing = client.post("/admin/roles/", data={"seen": seen})
    assert nothing.status_code == 409
    assert "must keep the permission" in nothing.get_data(as_text=True)
    assert client.post("/admin/users/usr_ada/roles", data={}).status_code == 409
    kept = {"role-1": ["view", "users", "health"], "role-2": ["view"], "role-3": ["view", "nonsense"]}
    assert client.post("/admin/roles/", data=kept | {"seen": "0" * 16}).status_code == 412
    assert client.post("/admin/roles/new", data={"name": "Night shift"}).status_code == 422
    assert client.post("/admin/roles/new", data={"name": "night"}).status_code == 303
