"""Every rule of the URL map against everybody, with things of their own, of others, and of nobody."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.routing import AnyConverter, Rule

from flows.access import read_as
from flows.db import db
from flows.models import Base
from flows.rules.actors import SYSTEM
from flows.work import end_reading
from portal.may import who_may
from tests.security.conftest import NAMES, Happened, Person, Things
from tests.world import World

CUSTOMERS = {"buyer", "colleague", "acme_owner", "stranger", "tenant"}
OF_STAFF = {"reader", "agent", "admin"}
NOBODYS = Things(
    order="99001", order_uid="ord_nobody", task="TI-99001", task_uid="ti_nobody", line="lin_nobody",
    notice="ntf_nobody", invitation=99001, effect=99001, session="ses_nobody", member="usr_nobody",
    organisation="cus_nobody", upload="up_nobody", case="TI-99002",
)  # fmt: skip
UNCHANGING = {"tallies", "sign_ins"}
"""Tables that a refused request may touch: counters, and when a session was seen last."""
ROWS = (
    "orders", "instances", "steps", "invitations", "memberships", "notices", "organisations", "users", "uploads",
)  # fmt: skip
VARIES = re.compile(rb'urn:request:[0-9a-f]+|[0-9a-f]{16}|name="(?:csrf_token|_key)" value="[^"]*"')


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.rule != "/static/<path:name>"]


def path_of(rule: Rule, things: Things) -> str:
    """The rule with these things in its holes."""
    values = {
        "ref": things.task, "number": things.order, "uid": _uid(rule, things), "organisation": things.organisation,
        "person": things.member, "invitation_id": things.invitation, "invitation": things.invitation,
        "line": things.line, "effect_id": things.effect, "order_id": things.order_uid,
        "instance_id": things.task_uid, "session_id": things.session, "name": "details", "key": "details",
        "product_id": "prd_coro", "token": "nobody", "slug": "not-found", "rest": "nowhere", "export_type": "csv",
        "case_id": things.task_uid, "task_id": things.task_uid, "page": "about",
        "payment_id": "pay_nobody", "upload_id": things.upload, "field": "company_name", "view": "vw_nobody",
        "installation_id": "nobody", "to": "file",
    }  # fmt: skip
    if rule.rule.startswith(("/admin/board/", "/admin/cases/")):
        values |= {"ref": things.case, "name": "doing"}

    def filled(hole: re.Match[str]) -> str:
        converter = rule._converters[hole[1]]
        return str(min(converter.items) if isinstance(converter, AnyConverter) else values[hole[1]])

    return re.sub(r"<(?:[^>]*:)?(\w+)>", filled, rule.rule)


def _uid(rule: Rule, things: Things) -> str:
    place = rule.rule.split("<")[0]
    return {"/notices/": things.notice, "/settings/sessions/": things.session, "/admin/products/": "prd_coro",
            "/admin/users/": things.member, "/admin/departments/": "dep_repairs", "/files/": things.upload,
            "/uploads/": things.upload}.get(place,
            things.organisation)  # fmt: skip


def unsafe(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"})


READERS_OWN = ("/admin/instances/views/", "/admin/board/views/", "/admin/cases/views/", "/admin/away/")
"""Saved views and absences are everybody's own: a reader is told what is missing, not that it is forbidden. So is
whoever sends the API a body that does not fit, or a verb that is not possible now."""


def names_things(rule: Rule) -> bool:
    owned = {"ref", "number", "organisation", "person", "invitation_id", "order_id", "instance_id", "session_id",
             "upload_id", "case_id", "task_id"}  # fmt: skip
    return bool(owned & rule.arguments) or rule.rule.startswith(
        ("/notices/<", "/settings/sessions/<", "/files/<", "/uploads/<")
    )


def ask(person: Person, method: str, rule: Rule, path: str, with_token: bool = True) -> Any:
    if path.startswith("/api/"):
        headers = {"Idempotency_Key": "k" * 20, "If_Match": "*"}
        body = None if method in ("GET", "DELETE") else _body(rule)
        return person.call(method, path.removeprefix("/api/v1"), body, **headers)
    if method == "GET":
        return person.get(path)
    form = {"reason": "x", **({"csrf_token": person.token()} if with_token else {})}
    return person.client.open(path, method=method, data=form, headers={"Referer": f"http://localhost{path}"})


def _body(rule: Rule) -> dict[str, Any]:
    if rule.rule.endswith(("/draft", "/submissions")):
        return {"answers": {"company_name": "Taken over"}}
    return {"reason": "x"} if rule.rule.endswith("/cancel") else {}


def state() -> dict[str, Any]:
    """What is in every table that a stranger may not touch, in short."""
    end_reading()
    reading = read_as(SYSTEM)
    found: dict[str, Any] = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in UNCHANGING:
            found[table.name] = reading.execute(select(func.count()).select_from(table)).scalar()
    for name in (
        "orders",
        "instances",
        "steps",
        "invitations",
        "memberships",
        "notices",
        "organisations",
        "users",
        "uploads",
    ):
        rows = db.session.execute(select(Base.metadata.tables[name])).all()
        found[f"rows of {name}"] = sorted(map(repr, rows))
    revoked = Base.metadata.tables["sign_ins"].c.revoked_at
    found["sessions"] = db.session.execute(select(func.count()).where(revoked.is_not(None))).scalar()
    return found


def answer_of(response: Any) -> tuple[int, str, bytes]:
    return response.status_code, response.mimetype, VARIES.sub(b"", response.data)


@pytest.mark.parametrize("database", ["sqlite"])
def test_every_rule_against_everybody(app: Flask, everybody: dict[str, Person], happened: Happened) -> None:
    """GET: the right people in the right area, nobody's fault is ours."""
    seen: Counter[int] = Counter()
    for rule in rules(app):
        if "GET" not in (rule.methods or set()):
            continue
        who = who_may(app, rule.endpoint)
        for name, person in everybody.items():
            ids = (happened.ours, happened.theirs, NOBODYS) if rule.arguments and may_enter(name, who) else (NOBODYS,)
            for path in {path_of(rule, things) for things in ids}:
                status = ask(person, "GET", rule, path).status_code
                seen[status] += 1
                assert status < 500 or rule.rule == "/readyz", f"{name} GET {path}: {status}"
                if not may_enter(name, who) and rule.rule != "/":
                    assert status in (303, 401, 403), f"{name} GET {path}: {status}"
                if name in CUSTOMERS and path.startswith("/admin"):
                    assert status == 403, f"{name} GET {path}: {status}"
    assert sum(seen.values()) > 900, seen
    assert seen[200] > 200, seen


def may_enter(name: str, who: str | None) -> bool:
    kinds = {"public"}
    if name in CUSTOMERS:
        kinds |= {"customer", "signed_in"}
    if name in OF_STAFF:
        kinds |= {"staff", "signed_in"}
    return who in kinds


def test_foreign_and_missing_look_the_same_and_nothing_changes(
    app: Flask, everybody: dict[str, Person], happened: Happened
) -> None:
    """Every rule and method, by people who have nothing to do with it: the very answer for what is not there."""
    outsiders = {
        "stranger": happened.ours,
        "tenant": happened.ours,
        "buyer": happened.theirs,
        "acme_owner": happened.theirs,
    }
    for person in everybody.values():
        person.token()
    before, asked = state(), 0
    for rule in rules(app):
        if not names_things(rule):
            continue
        for name, foreign in outsiders.items():
            person = everybody[name]
            for method in ["GET", *unsafe(rule)] if "GET" in (rule.methods or ()) else unsafe(rule):
                theirs = ask(person, method, rule, path_of(rule, foreign))
                nobodys = ask(person, method, rule, path_of(rule, NOBODYS))
                asked += 2
                assert theirs.status_code in (303, 400, 403, 404, 422, 428), (
                    f"{name} {method} {rule}: {theirs.status_code}"
                )
                assert _without_ids(answer_of(theirs), foreign) == _without_ids(answer_of(nobodys), NOBODYS), (
                    f"{name} {method} {rule.rule}"
                )
    assert state() == before
    assert asked > 250


def _without_ids(answer: tuple[int, str, bytes], things: Things) -> tuple[int, str, bytes]:
    status, mimetype, body = answer
    for value in (getattr(things, name) for name in things.__dataclass_fields__):
        body = body.replace(str(value).encode(), b"ID") if len(str(value)) > 4 else body
    return status, mimetype, body


@pytest.mark.parametrize("database", ["sqlite"])
def test_every_unsafe_method_without_a_token_changes_nothing(
    app: Flask, everybody: dict[str, Person], happened: Happened
) -> None:
    """Forms with a cookie and no token, the API with a cookie and no bearer, and everybody who may not at all."""
    before = state()
    for rule in rules(app):
        for method in unsafe(rule):
            for name in NAMES:
                person = everybody[name]
                path = path_of(rule, happened.ours)
                if path.startswith("/api/"):
                    answer = replace(person, bearer="").client.open(path, method=method, json={})
                    allowed = {400, 401, 404, 405, 422}
                else:
                    answer = ask(person, method, rule, path, with_token=False)
                    allowed = {303, 400, 401, 403, 404}
                assert answer.status_code in allowed, f"{name} {method} {path}: {answer.status_code}"
    assert state() == before


@pytest.mark.parametrize("database", ["sqlite"])
def test_people_without_the_permission_change_nothing(
    app: Flask, everybody: dict[str, Person], happened: Happened
) -> None:
    """The token is right, the person is not: customers at the back office, readers at changes, staff in a portal."""
    before = state()
    for rule in rules(app):
        who = who_may(app, rule.endpoint)
        wrong = [name for name in NAMES if not may_enter(name, who)]
        of_staff = rule.rule.startswith("/admin") or (rule.rule.startswith("/api/") and who == "staff")
        wrong += ["reader"] if of_staff else []
        for method in unsafe(rule):
            for name in wrong:
                status = ask(everybody[name], method, rule, path_of(rule, happened.ours)).status_code
                own = (404, 409, 422) if name == "reader" and rule.rule.startswith((*READERS_OWN, "/api/")) else ()
                assert status in (303, 401, 403, *own), f"{name} {method} {rule.rule}: {status}"
    assert state() == before


LISTS = ("/orders", "/tasks", "/notices", "/shop", "/", "/checkout?customer=cus_acme")


@pytest.mark.parametrize("database", ["sqlite"])
def test_lists_and_searches_show_nothing_foreign(
    everybody: dict[str, Person], happened: Happened, world: World
) -> None:
    for path in LISTS:
        for name in ("stranger", "tenant"):
            for query in (
                "",
                f"q={happened.ours.order}",
                f"customer={world.acme}&q=Acme",
                "cursor=2027-01-01T00:00:00%2B00:00~999",
            ):
                text = everybody[name].get(f"{path}{'&' if '?' in path else '?'}{query}").text
                assert "Acme Ltd" not in text
                assert f"#{happened.ours.order}" not in text.replace(f'value="{happened.ours.order}"', "")


def test_ids_in_bodies_are_judged_too(everybody: dict[str, Person], happened: Happened, world: World) -> None:
    """An order for somebody else's customer, a basket, a notice, a parent: the id in the body opens nothing."""
    stranger, before = everybody["stranger"], state()
    line = [{"product_id": world.coro, "quantity": 1}]
    answers = [
        stranger.call("POST", "/orders", {"customer_id": uid, "items": line}, Idempotency_Key="a" * 9 + uid)
        for uid in (world.acme, "cus_nobody")
    ]
    assert {a.status_code for a in answers} <= {404, 422}
    first, second = (re.sub(rb"urn:request:\w+", b"", a.data).replace(b"cus_nobody", b"") for a in answers)
    assert first.replace(world.acme.encode(), b"") == second
    for uid in (world.brightpath, "cus_nobody"):
        answer = stranger.call("POST", "/customers", {"name": "Taken", "parent_id": uid})
        assert answer.status_code in (403, 404, 422)
    assert stranger.call("POST", "/notifications/read", {"ids": [happened.ours.notice]}).json == {"read": 0}
    assert stranger.call("POST", "/notifications/read", {"up_to": happened.ours.notice}).json == {"read": 0}
    assert stranger.post("/notices/seen", {"id": happened.ours.notice}).status_code == 303
    assert stranger.post("/checkout", {"customer_id": world.acme}).status_code in (303, 422)
    assert state() == before
