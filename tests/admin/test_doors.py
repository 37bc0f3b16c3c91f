"""Who gets through which door: every endpoint of the back office against everybody, and nonsense in every address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from admin.guard import StaffView, door, needs_of
from flows import access, catalogue
from flows.actions import beginning, collecting, submitting
from flows.actions.beginning import Wish
from flows.catalogue.loader import load_packages
from flows.rules.actors import PERMISSIONS, Actor
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf, Happened
from tests.housing import letting
from tests.stages.desk import department_task
from tests.world import World

VALUES = {
    "flow_name": "coro-order-fulfilment",
    "what": "",
    "name": "details",
    "person": "usr_gus",
    "invitation": "1",
    "seq": "1",
    "field": "company_name",
}
SHEETS = {"products": "prd_coro", "organisations": "cus_brightpath", "users": "usr_carl", "departments": "dep_repairs"}
UIDS = {**SHEETS, "away": "nobody", "replies": "rpl_hello"}
WORDS = {"users": "send-code", "departments": "promote"}


def views(app: Flask) -> list[StaffView]:
    return [view for group in app.extensions["back_office"] for view in group.views]


def rules(app: Flask) -> list[tuple[StaffView, Rule, str]]:
    """Every rule below /admin with its view and the permission it needs."""
    by_endpoint = {view.endpoint: view for view in views(app)}
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/admin"):
            endpoint, _, method = rule.endpoint.rpartition(".")
            view = by_endpoint[endpoint]
            found.append((view, rule, needs_of(view, method) or ""))
    return found


@pytest.fixture
def linked(app: Flask, world: World) -> str:
    """A request that is linked to an agreement."""
    letting.serve(app)
    uids, ref = letting.agreements(), letting.begin(world)
    letting.link(world.agent, ref, uids["AG-1"])
    return ref


@pytest.fixture
def money(world: World, happened: Happened) -> Iterator[dict[str, str]]:
    """A task whose next step is to be paid, and a payment of another one."""
    before = catalogue.current()
    folder = Path(__file__).parent.parent / "payments" / "flows"
    catalogue.use(load_packages([("shop", "flows.plugins.shop"), ("payments", "flows.plugins.payments")], [folder]))
    tasks = []
    for _ in range(2):
        with unit_of_work(world.agent) as work:
            task = beginning.start_by_staff(work, "moving", "usr_priya", Wish(amounts={"deposit": 45_000}))
            work.session.flush()
            tasks.append(task.reference)
        with unit_of_work(world.tenant) as work:
            task = access.instance_to_change(work, tasks[-1])
            submitting.submit(work, task, access.step_of(task, "home"), {"rent": 100_000})
    with unit_of_work(world.agent) as work:
        task = access.instance_to_change(work, tasks[0])
        day = work.now.date()
        uid = collecting.confirm_by_staff(work, task, access.step_of(task, "deposit"), "SHAH P", day).uid
    catalogue.use(replace(before, flows={**before.flows, **catalogue.current().flows}))
    yield {"ref": tasks[1], "name": "deposit", "uid": uid}
    catalogue.use(before)


@pytest.fixture
def case(world: World) -> str:
    """A task for a department; asked for first, because others serve flows of their own."""
    return department_task(world.agent)


def address_of(
    view: StaffView, rule: Rule, happened: Happened, case: str, money: dict[str, str], linked: str = ""
) -> str:
    """The rule with things that are there in its holes."""
    values = {
        **VALUES,
        "ref": happened.task,
        "number": happened.manual,
        "line": happened.line,
        "effect_id": str(happened.incident),
        "uid": UIDS.get(view.slug, ""),
        "what": WORDS.get(view.slug, ""),
        "export_type": "csv",
        "view": happened.view,
    }
    if "/reveal/" in rule.rule:
        asked = "company_name" if "/steps/" in rule.rule else "subject" if view.slug in ("board", "cases") else "order"
        values |= {"field": asked, "uid": "up_nobody"}
    if rule.rule.endswith("link/<name>"):
        values |= {"ref": linked or happened.task, "name": "agreement"}
    if view.slug == "payments":
        values |= money
    if view.slug in ("board", "cases"):
        values |= {"ref": case, "name": "doing"}
    if view.slug == "flows":
        values |= {"name": "coro-order-fulfilment", "to": "file"}
    if view.slug == "organisations":
        values["person"] = "usr_carl"
    if view.slug == "orders" and rule.rule.endswith("/cancel"):
        values["number"] = happened.waiting
    url = re.sub(r"<(?:[^>]*:)?(\w+)>", lambda hole: values[hole[1]], rule.rule)
    if rule.rule.endswith("/preview/page"):
        return f"{url}?scene=begun"
    return f"{url}?ref={case}" if rule.rule.endswith("/bulk/<name>") else url


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("database", ["sqlite"])
def test_every_door_against_everybody(
    app: Flask,
    world: World,
    case: str,
    happened: Happened,
    linked: str,
    money: dict[str, str],
    client_of: ClientOf,
    database: str,
) -> None:
    people: dict[str, Actor | None] = {
        "anonymous": None,
        "customer": world.buyer,
        "reader": world.reader,
        "agent": world.agent,
        "admin": world.admin,
    }
    found = rules(app)
    assert len(found) >= 75
    assert {needs for _, _, needs in found} <= set(PERMISSIONS)
    for name, actor in people.items():
        client = client_of(actor)
        for view, rule, needs in found:
            if view.personal and rule.arguments:
                continue  # whose it is decides there: test_instance_away.py
            if "GET" not in (rule.methods or ()):
                continue  # only sent to: test_role_matrix.py
            url = address_of(view, rule, happened, case, money, linked)
            status = client.get(url).status_code
            assert status == expected(actor, needs), f"{name} GET {url}: {status}"


def expected(actor: Actor | None, needs: str) -> int:
    if actor is None:
        return 303
    return 200 if actor.kind == "staff" and actor.may(needs) else 403


@pytest.mark.parametrize("database", ["sqlite"])
def test_stranger_is_sent_to_sign_in_and_back(client_of: ClientOf, world: World, database: str) -> None:
    answer = client_of(None).get("/admin/orders/?state=failed")
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=/admin/orders/")


@pytest.mark.parametrize("database", ["sqlite"])
def test_every_unsafe_method_wants_its_token(
    app: Flask, world: World, case: str, happened: Happened, money: dict[str, str], client_of: ClientOf, database: str
) -> None:
    client = client_of(world.admin)
    forms = [(view, rule) for view, rule, _ in rules(app) if "POST" in (rule.methods or ())]
    assert len(forms) >= 25
    for view, rule in forms:
        url = address_of(view, rule, happened, case, money)
        assert client.post(url, data={"reason": "x"}).status_code == 400, url
    for _, rule, _ in rules(app):
        assert not {"PUT", "PATCH", "DELETE"} & (rule.methods or set()), rule


def test_view_without_permission_cannot_be_made() -> None:
    class Forgotten(StaffView):
        name, slug = "Forgotten", "forgotten"

        @door("/", needs="view")
        def index(self) -> str:
            return ""

        from flask_admin import expose

        @expose("/open")
        def left_open(self) -> str:
            return ""

    with pytest.raises(TypeError, match="left_open"):
        Forgotten()
    with pytest.raises(ValueError, match="no permission"):
        door("/", needs="everything")


@pytest.mark.parametrize("database", ["sqlite"])
def test_pages_of_flask_admin_itself_are_closed(app: Flask, client_of: ClientOf, world: World, database: str) -> None:
    client = client_of(world.admin)
    for slug in SHEETS:
        for path in ("edit/?id=1", "details/?id=1", "ajax/lookup/?name=x", "new/"):
            assert client.get(f"/admin/{slug}/{path}").status_code == 404, path
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    closed = (
        "delete_view",
        "edit_view",
        "create_view",
        "details_view",
        "action_view",
        "ajax_lookup",
        "ajax_update",
        "static",
    )
    assert not [one for one in endpoints if one.startswith(("staff_", "admin.")) and one.endswith(closed)]


HOSTILE = (
    "page=-1",
    "page=99999999999999999999",
    "page=abc",
    "sort=999",
    "sort=-1",
    "sort=99999999999999999999",
    "desc=7",
    "search=%00",
    "search=%ed%a0%80",
    "search=%25_%5C'%22",
    "q=%00",
    "q=%27%3B--",
    "q=%2399999999999",
    "q=TI-99999999999",
    "q=TI-0",
    "cursor=abc",
    "cursor=~",
    "cursor=2026-01-01T00:00:00%2B00:00~99999999999999",
    "cursor=2026-01-01~1",
    "cursor=9999-12-31T23:59:59-12:00~1",
    "state=nonsense",
    "state=%00",
    "status=%00&status=Pending",
    "type=%00",
    "customer=%00",
    "within=999999999",
    "kind=%00",
    "show=%00",
    "who=%00",
    "thing=%25",
    "page_size=-5",
    "page_size=1000000",
    "flt0_0=1",
    "flt9_9=%00",
    "part=%00",
)
NO_SUCH = (
    "orders/abc",
    "orders/0",
    "orders/99999999999999999999",
    "orders/%00",
    "orders/-1/cancel",
    "tasks/abc",
    "tasks/TI-99999999999",
    "tasks/TI-2001/steps/%00",
    "tasks/%00/extend",
    "outbox/0",
    "outbox/99999999999999999999",
    "outbox/abc",
    "users/%00",
    "users/x/lock",
    "users/usr_gus/explode",
    "organisations/%00",
    "organisations/cus_acme/people/x/remove",
    "organisations/cus_acme/invitations/9999999999/withdraw",
    "departments/x",
    "departments/dep_repairs/people/%00/remove",
    "products/%00/edit",
    "flows/%00",
    "flows/..%2f",
    "organisations/export/xlsx/",
)


def test_nonsense_in_addresses_is_answered(app: Flask, world: World, happened: Happened, client_of: ClientOf) -> None:
    client = client_of(world.admin)
    for url in [f"{view.url}/" for view in views(app)] + ["/admin/users/export/csv/"]:
        for query in HOSTILE:
            _answered(client, f"{url}?{query}")
    for path in NO_SUCH:
        status = _answered(client, f"/admin/{path}")
        assert status in (302, 303, 400, 403, 404, 409), f"{path}: {status}"


def _answered(client: FlaskClient, url: str) -> int:
    status = client.get(url).status_code
    assert status < 500, f"{url}: {status}"
    return status
