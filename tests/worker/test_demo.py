"""The demo's worlds: written once, true to every invariant, and nowhere but in a demo."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from flows import catalogue, store
from flows.access import read_as
from flows.actions import accounts
from flows.actions.accounts import NOBODY, Device, SignedIn
from flows.clock import clock
from flows.db import db
from flows.models import (
    Agreement,
    Base,
    Comment,
    Department,
    Effect,
    Instance,
    Notice,
    Order,
    Organisation,
    Payment,
    Product,
    Timer,
    Upload,
    User,
)
from flows.queries import grid
from flows.queries.invariants import broken
from flows.rules.actors import SYSTEM, Actor
from flows.rules.signatures import sign, verify
from flows.settings import Settings
from flows.work import unit_of_work
from messaging import webhooks
from worker.demo import seed
from worker.demo.people import PASSWORD
from worker.demo.provisioner import Provider, reference_of
from worker.trouble import Trouble


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, mode="demo", provision_url="", webhook_hosts="")


@pytest.fixture(scope="module")
def worlds() -> dict[str, Kept]:
    """What the demo wrote, by the database it wrote into."""
    return {}


@pytest.fixture
def demo(app: Flask, database: str, worlds: dict[str, Kept], tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The demo as written into this database, each time anew out of what was written the first time."""
    if database in worlds:
        worlds[database].give(app)
    else:
        assert seed(app)
        worlds[database] = Kept(app, tmp_path_factory.mktemp("worlds"))
    return app


class Kept:
    """Every row and every file of an application: to write the demo anew for each test takes longer than it does."""

    def __init__(self, app: Flask, folder: Path) -> None:
        db.session.remove()
        db.engine.dispose()  # the file of SQLite is whole once nobody has it open
        self._files = shutil.copytree(app.config["BATON"].folder, folder / "files")
        _in_postgres(
            "DROP SCHEMA IF EXISTS kept CASCADE", "CREATE SCHEMA kept", *_each("CREATE TABLE kept.{0} AS TABLE {0}")
        )

    def give(self, app: Flask) -> None:
        db.session.remove()
        db.engine.dispose()
        shutil.copytree(self._files, app.config["BATON"].folder, dirs_exist_ok=True)
        _in_postgres(
            "SET LOCAL session_replication_role = replica",  # in any order: keys between tables are not looked at
            *_each("INSERT INTO {0} TABLE kept.{0}"),
            "SELECT setval(seqrelid::regclass, 100000) FROM pg_sequence",  # beyond every number that is given
        )


def _each(statement: str) -> list[str]:
    return [statement.format(table.name) for table in Base.metadata.sorted_tables]


def _in_postgres(*statements: str) -> None:
    if db.engine.name == "postgresql":
        with db.engine.begin() as connection:
            connection.exec_driver_sql("; ".join(statements))


def _signed_in(email: str) -> Actor:
    with unit_of_work(NOBODY) as work:
        answer = accounts.sign_in_with_password(work, email, PASSWORD, Device("127.0.0.1"))
    assert isinstance(answer, SignedIn), answer
    assert answer.needs_second_factor == ""
    return answer.actor


def test_two_worlds_that_break_no_invariant(demo: Flask) -> None:
    session = read_as(SYSTEM)
    assert {says: rows for says, rows in broken(session).items() if rows} == {}
    assert Counter(session.scalars(select(Organisation.kind))) == {"company": 12, "household": 9}
    assert set(session.scalars(select(Product.vendor))) == {"Coro", "Microsoft", "Brightpath"}
    assert session.scalar(select(func.count()).select_from(Department)) == 3
    assert Counter(session.scalars(select(Order.state))) == {
        "completed": 5, "awaiting_details": 4, "provisioning": 2, "cancelled": 2, "failed": 1,
    }  # fmt: skip
    assert {order.cancel_reason for order in session.scalars(select(Order)) if order.state == "cancelled"} == {
        "expired",
        "customer",
    }
    confirming = select(Instance).where(Instance.flow == "confirm-contact-details")
    tasks = session.scalars(confirming).all()
    assert Counter(task.status for task in tasks) == {
        "not_started": 3, "in_progress": 1, "completed": 2, "cancelled": 1,
    }  # fmt: skip
    assert [task.customer_name for task in tasks if task.is_overdue(clock.now())] == ["Liam Doyle"]


def test_tenants_move_in_each_somewhere_else_on_the_way(demo: Flask) -> None:
    session = read_as(SYSTEM)
    moving = session.scalars(select(Instance).where(Instance.flow == "tenant-onboarding")).all()
    by_tenant = {one.customer_name: one for one in moving}
    assert {name: one.status for name, one in by_tenant.items()} == {
        "Olu Adeyemi": "completed", "Daniel Osei": "in_progress", "Priya Shah": "in_progress",
        "Tomasz Wrona": "awaiting_review",
    }  # fmt: skip
    assert {one.source for one in moving} == {"onboarding"}
    assert [name for name, one in by_tenant.items() if one.is_overdue(clock.now())] == ["Daniel Osei"]
    settled = by_tenant["Olu Adeyemi"]
    assert (settled.rating, settled.links["agreement"]["label"]) == (5, "NH-2026-1104")
    assert session.scalars(select(Payment.state).where(Payment.instance_id == settled.id)).all() == ["paid"]
    agreement = session.scalars(select(Agreement).where(Agreement.number == "NH-2026-1104")).one()
    assert str(agreement.move_in_on) == settled.step("agreement").answers["move_in"]
    to_pay = by_tenant["Priya Shah"].step("deposit")
    assert (to_pay.state, by_tenant["Priya Shah"].step("identity").attempt) == ("open", 2)
    pending = by_tenant["Tomasz Wrona"].step("identity")
    (uid,) = pending.answers["passport"]
    upload = session.scalars(select(Upload).where(Upload.uid == uid)).one()
    assert (upload.state, upload.name) == ("ready", "passport-tomasz.jpg")
    assert store.size_of(upload.preview_sha256) == upload.size


@pytest.mark.parametrize("database", ["sqlite"])
def test_a_case_is_talked_about_and_has_its_task(demo: Flask) -> None:
    session = read_as(SYSTEM)
    case = session.scalars(select(Instance).where(Instance.flow == "department-request")).one()
    assert (case.state, case.customer_name, case.is_open) == ("InProgress", "Gareth Price", True)
    said = session.execute(select(Comment.author_name, Comment.is_internal).order_by(Comment.id)).all()
    assert said == [("Joe Byrne", False), ("Gareth Price", False), ("Joe Byrne", True)]
    tasks = session.scalars(select(Instance).where(Instance.flow == "department-task").order_by(Instance.id)).all()
    task = next(one for one in tasks if one.parent_id == case.id)
    assert (task.state, task.is_internal) == ("New", True)


@pytest.mark.requirement("D2")
def test_a_repair_waits_for_its_part(demo: Flask) -> None:
    session = read_as(SYSTEM)
    [repair] = session.scalars(
        select(Instance).where(Instance.flow == "report-a-repair", Instance.customer_name == "Margaret Ellis")
    )
    assert {step.name: step.state for step in repair.steps}["part"] == "open"
    [task] = session.scalars(select(Instance).where(Instance.parent_id == repair.id))
    assert (task.title, task.is_internal) == ("Order: A consumer unit, 12 ways", True)
    assert task.department is not None
    assert task.department.name == "Repairs"


@pytest.mark.requirement("C41")
def test_every_household_has_its_agreement(demo: Flask) -> None:
    session = read_as(SYSTEM)
    imported = {(row.tenant_name, row.address): row for row in session.scalars(select(Agreement))}
    homes = session.execute(select(Organisation.name, Organisation.address).where(Organisation.kind == "household"))
    assert {tuple(home) for home in homes} <= imported.keys()
    people = {row.name: row.email for row in session.execute(select(User.name, User.email))}
    assert all(row.tenant_email == people.get(name, row.tenant_email) for (name, _), row in imported.items())
    assert {row.imported_at < clock.now() - timedelta(days=29) for row in imported.values()} == {True}
    assert any(row.starts_on is None for row in imported.values()), "somebody is about to move in"


def test_nothing_of_the_past_is_still_owed(demo: Flask) -> None:
    """A new user must not begin with the mails of a fortnight, nor the ticker with reminders long gone."""
    session = read_as(SYSTEM)
    assert not session.scalars(select(Effect.key).where(Effect.state == "pending")).all()
    assert not session.scalars(select(Timer.name).where(Timer.ended_at.is_(None), Timer.due_at <= clock.now())).all()
    assert session.scalars(select(Timer.name).where(Timer.ended_at.is_(None))).all()
    assert [effect.last_fault for effect in session.scalars(select(Effect).where(Effect.state == "incident"))] == [
        "127.0.0.1 answers 422"
    ]
    sent = session.execute(select(Effect.created_at, Effect.ended_at).where(Effect.state == "done")).all()
    assert sent
    assert all(timedelta() <= ended - owed < timedelta(minutes=1) for owed, ended in sent)
    assert not (demo.config["BATON"].folder / "mail").exists()


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_clock_is_where_it_was(app: Flask) -> None:
    file = app.config["BATON"].folder / "clock-shift"
    clock.follow(file)
    shift = clock.move(timedelta(days=2))
    written = file.read_text()
    assert seed(app)
    assert (clock.shift, file.read_text()) == (shift, written)
    assert max(read_as(SYSTEM).scalars(select(Order.placed_at))) > clock.now() - timedelta(hours=2)


def test_again_changes_nothing(demo: Flask) -> None:
    before = [*read_as(SYSTEM).scalars(select(Order.uid)), *read_as(SYSTEM).scalars(select(User.uid))]
    assert not seed(demo)
    assert [*read_as(SYSTEM).scalars(select(Order.uid)), *read_as(SYSTEM).scalars(select(User.uid))] == before


def test_everybody_gets_in_and_has_something_to_do(demo: Flask) -> None:
    buyer, tenant = _signed_in("buyer@demo.example"), _signed_in("tenant@demo.example")
    agent, admin = _signed_in("agent@demo.example"), _signed_in("admin@demo.example")
    assert agent.may("orders")
    assert admin.may("users")
    seen = {order.customer_name for order in read_as(buyer).scalars(select(Order))}
    assert len(seen) == 8
    assert "Malvern Glassworks" not in seen
    tasks = read_as(tenant).scalars(select(Instance).order_by(Instance.id)).all()
    assert [task.title for task in tasks] == ["Move-in", "Confirm your contact details"]
    for task in tasks:
        assert (task.customer_name, task.customer_address) == ("Priya Shah", "12 Mill Lane, Leeds LS7 2AB")
        assert grid.needs_action(task, clock.now())
    notices = read_as(tenant).scalars(select(Notice).where(Notice.user_id == tenant.user_id, Notice.seen_at.is_(None)))
    assert [notice.text for notice in notices] == ["Please confirm your contact details"]


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize("mode", ["production", "development", "test"])
def test_refused_where_known_passwords_are_a_hole(app: Flask, mode: str) -> None:
    app.config["BATON"] = replace(app.config["BATON"], mode=mode)
    with pytest.raises(Trouble, match="known passwords"):
        seed(app)
    assert not read_as(SYSTEM).scalars(select(User.id)).all()


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_flow_of_the_demo_is_loaded_in_the_demo_only(app: Flask) -> None:
    assert "confirm-contact-details" in catalogue.current().flows
    assert not catalogue.current().broken
    assert not Settings.from_env({}, mode="development").folders_of_flows


# --- the provider -----------------------------------------------------------------------------------------------


@pytest.fixture
def listening(settings: Settings) -> Iterator[tuple[Settings, HTTPServer]]:
    """The provider, and somebody who hears its calls in place of the web part; both end with the test."""
    heard = HTTPServer(("127.0.0.1", 0), _Hook)
    heard.got = []  # type: ignore[attr-defined]
    with socket.create_server(("127.0.0.1", 0)) as free:
        provider_port = free.getsockname()[1]
    here = replace(settings, port=provider_port - 2)
    provider = Provider(here, work_seconds=0, slow_seconds=0)
    provider.call_back_url = f"http://127.0.0.1:{heard.server_port}/hooks/provisioning"
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in (heard, provider)]
    for thread in threads:
        thread.start()
    yield here, heard
    for server in (heard, provider):
        server.shutdown()
        server.server_close()
    for thread in threads:
        thread.join()


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Baton-Signature"], content))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def _line(sku: str) -> dict[str, str]:
    return {"sku": sku, "line": "oli_1"}


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.requirement("A32")
def test_a_product_is_set_up_at_once(listening: tuple[Settings, HTTPServer], monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the product's own webhooks, which let this address through in a demo without being told."""
    here, _ = listening
    monkeypatch.setattr("flows.settings._current", here)
    answer = webhooks.post(here.provisioning_url, "order.line.provision", _line("CORO-ESS"), "key")
    assert (answer.status, answer.words) == (200, {"reference": reference_of("CORO-ESS", "oli_1")})


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.requirement("A32")
def test_a_slow_one_is_called_back(listening: tuple[Settings, HTTPServer], monkeypatch: pytest.MonkeyPatch) -> None:
    here, heard = listening
    monkeypatch.setattr("flows.settings._current", here)
    assert webhooks.post(here.provisioning_url, "order.line.provision", _line("MS-ENTRA-P1"), "key").status == 202
    deadline = time.monotonic() + 10
    while not heard.got and time.monotonic() < deadline:  # type: ignore[attr-defined]
        time.sleep(0.01)
    ((path, signature, content),) = heard.got  # type: ignore[attr-defined]
    assert path == "/hooks/provisioning"
    assert verify(signature, content, here.webhook_key())
    assert json.loads(content) == {"line": "oli_1", "reference": reference_of("MS-ENTRA-P1", "oli_1")}


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(
    ("content", "key", "status"),
    [
        (b'{"body": {"sku": "CORO-ESS", "line": "oli_1"}}', "not the key", 401),
        (b'{"body": {"sku": "CORO-ESS"}}', "", 422),
        (b'{"body": "x"}', "", 422),
        (b"[]", "", 422),
        (b"{", "", 422),
        (b"\xff", "", 422),
    ],
)
def test_what_it_refuses(listening: tuple[Settings, HTTPServer], content: bytes, key: str, status: int) -> None:
    here, _ = listening
    headers = {"Baton-Signature": sign(content, key or here.webhook_key(), int(time.time()))}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(here.provisioning_url, content, headers), timeout=5)
    with refused.value:
        assert refused.value.code == status
        assert "error" in json.load(refused.value)


def test_it_stays_small() -> None:
    """It runs beside everything else all the time, so it loads neither the product nor its libraries."""
    code = "import sys, worker.demo.outside; print(*sys.modules)"
    root = Path(__file__).parents[2]
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout
    assert {"flask", "sqlalchemy", "httpx", "pydantic", "structlog", "click"}.isdisjoint(loaded.split())
