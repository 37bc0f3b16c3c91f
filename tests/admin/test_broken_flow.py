"""A flow that breaks while instances of it run: they go on through every door, and nothing new starts (D2, X12)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from flows import access, catalogue
from flows.access import read_as
from flows.actions import beginning, delivering, ordering, reviewing
from flows.actions.beginning import Wish
from flows.actions.ordering import Item
from flows.catalogue.loader import load_packages
from flows.models import Effect, FlowVersion
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import OutOfStep
from flows.work import end_reading, unit_of_work
from messaging import outbox
from tests.admin.conftest import ClientOf
from tests.api.conftest import Phone, new_key, signed_in
from tests.catalogue.shipped import written
from tests.guided.conftest import SHIPPED
from tests.portal.visiting import send, token_in
from tests.world import World
from worker.tick import Ticker

__all__ = ["signed_in"]

Phones = Callable[[Actor], Phone]
PACKAGE = "gas_visits"
FLOW = """flow: gas-visit
schema: 1
title: Gas safety visit
start: {staff: true, customer: true}
steps:
  ask:
    title: When may we come?
    actor: customer
    fields: {day: {type: text, label: Which day?, required: true}}
    approval: {}
effects:
  created:
    - email: gas/hello
  step.ask.approved:
    - call: gas.book
      with: {day: "${{ data.day }}"}
timers:
  nudge: {after: 2d, do: [{email: gas/nudge}]}
"""
ACTIONS = """from flows.plugin import Context, action

booked = []


@action("gas.book")
def book(context: Context, day: str) -> None:
    booked.append(day)
"""
NO_VALKEY = "unix:///nowhere.sock"


@dataclass
class Plugin:
    """A plugin with Python in it, whose files change; `restart` is what a new process would read."""

    folder: Path

    def restart(self) -> None:
        for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
            del sys.modules[name]
        catalogue.use(load_packages([*SHIPPED, ("gas", PACKAGE)]))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)


@pytest.fixture
def plugin(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugin]:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # a file that is mended within the same second is read anew
    monkeypatch.syspath_prepend(str(tmp_path))
    made = Plugin(tmp_path / PACKAGE)
    (made.folder / "mail" / "gas").mkdir(parents=True)
    made.write("__init__.py", "")
    made.write("actions.py", ACTIONS)
    made.write("gas-visit.flow.yaml", FLOW)
    for mail in ("hello", "nudge"):
        made.write(f"mail/gas/{mail}.en.md", f"Subject: {mail.capitalize()} ${{{{ instance.ref }}}}\n\nHello.\n")
    made.restart()
    assert catalogue.current().broken == []
    yield made
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


def begun(world: World) -> str:
    with unit_of_work(world.agent) as work:
        made = beginning.start_by_staff(work, "gas-visit", "usr_priya", Wish())
        work.session.flush()
        return made.reference


def tick(app: Flask, times: int = 4) -> None:
    for _ in range(times):
        Ticker(app, NO_VALKEY).turn()
    end_reading()


def effects(kind: str) -> dict[str, str]:
    """State by name of what is owed."""
    end_reading()
    rows = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == kind).order_by(Effect.id))
    return {delivering.name_of(row).partition(" ")[2]: row.state for row in rows}


@pytest.mark.requirement("D2", "X12")
def test_open_ones_go_on_through_every_door(
    app: Flask,
    world: World,
    client_of: ClientOf,
    signed_in: Phones,
    plugin: Plugin,
    move_clock: Callable[..., Any],
) -> None:
    ref, other = begun(world), begun(world)
    plugin.write("gas-visit.flow.yaml", FLOW.replace("actor: customer", "actor: custmer"))
    plugin.restart()
    assert "gas-visit" not in catalogue.current().flows
    customer, staff, phone = client_of(world.tenant), client_of(world.agent), signed_in(world.tenant)

    move_clock(days=2, hours=1)
    tick(app)
    assert effects("email")["gas/hello"] == effects("email")["gas/nudge"] == "done"  # timers and mails
    assert "Gas safety visit" in customer.get("/tasks").text
    assert "Which day?" in customer.get(f"/tasks/{ref}/steps/ask").text
    assert send(customer, f"/tasks/{ref}/steps/ask", day="Monday").status_code == 303
    read = phone.get(f"/instances/{other}")
    assert read.status_code == 200, read.text
    step = phone.get(f"/instances/{other}/steps/ask")
    path, body = f"/instances/{other}/steps/ask/submissions", {"answers": {"day": "Tuesday"}}
    sent = phone.post(path, body, key=new_key(), etag=step.headers["ETag"])
    assert sent.status_code == 201, sent.text

    page = staff.get(f"/admin/instances/{ref}")
    assert "Monday" in page.text
    for reference in (ref, other):
        with unit_of_work(world.agent) as work:
            instance = access.instance_to_change(work, reference)
            reviewing.approve(work, instance, access.step_of(instance, "ask"))
    tick(app)
    assert effects("call") == {"gas.book": "done"}
    assert sys.modules[f"{PACKAGE}.actions"].booked == ["Monday", "Tuesday"]


@pytest.mark.requirement("D2", "C24")
def test_nothing_new_starts_and_everybody_is_told_why(
    world: World, client_of: ClientOf, signed_in: Phones, plugin: Plugin
) -> None:
    begun(world)
    plugin.write("gas-visit.flow.yaml", "flow: gas-visit\ntitle: Gas safety visit\nsteps: [\n")
    plugin.restart()
    said = "Gas safety visit cannot be started now: its file has a mistake"
    with pytest.raises(OutOfStep, match=said):
        begun(world)
    page = client_of(world.tenant).get("/requests/gas-visit")
    assert page.status_code == 409
    assert said in page.text
    refused = signed_in(world.tenant).post("/instances", {"flow": "gas-visit", "answers": {}}, key=new_key())
    assert refused.status_code == 409, refused.text
    assert said in refused.json["detail"]
    assert "gas-visit" not in client_of(world.tenant).get("/requests").text


@pytest.mark.requirement("D2", "A2")
def test_an_order_waits_rather_than_go_without_its_questions(world: World, tmp_path: Path, plugin: Plugin) -> None:
    """What would have begun with an order is known from the last published text; other orders are not held up."""

    def order(*items: Item) -> None:
        with unit_of_work(world.buyer) as work:
            ordering.place(work, world.acme, [*items])

    order(Item(world.coro, 1))
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "coro-order-fulfilment.flow.yaml").write_text(
        written("coro-order-fulfilment").replace("actor: customer", "actor: nobody")
    )
    shipped = [one for one in SHIPPED if one[0] != "coro"]
    catalogue.use(load_packages(shipped, [folder]))
    order(Item(world.microsoft, 1))
    with pytest.raises(OutOfStep, match="Coro Info Required cannot be started now"):
        order(Item(world.coro, 1))
    published = "on: {event: order.placed}\nwritten: by a newer Baton\n"
    for text, waits in ((published, True), ("on: {event: other.thing}\n", False)):
        with unit_of_work(SYSTEM) as work:
            work.session.execute(update(FlowVersion).values(text=text))
        with pytest.raises(OutOfStep, match="cannot be started now") if waits else nullcontext():
            order(Item(world.microsoft, 1))


@pytest.mark.requirement("D2", "X36")
def test_python_that_cannot_be_imported_is_an_incident_with_its_cure(
    app: Flask, world: World, client_of: ClientOf, plugin: Plugin
) -> None:
    ref = begun(world)
    plugin.write("actions.py", "import nothing_of_this_name\n")
    plugin.restart()
    files = [one.file for one in catalogue.current().broken]
    assert files == [PACKAGE, "gas/gas-visit.flow.yaml"]  # its Python, and so its flow
    assert send(client_of(world.tenant), f"/tasks/{ref}/steps/ask", day="Monday").status_code == 303
    with unit_of_work(world.agent) as work:
        instance = access.instance_to_change(work, ref)
        reviewing.approve(work, instance, access.step_of(instance, "ask"))
    tick(app)
    assert effects("email")["gas/hello"] == "done"  # its words need no Python
    assert effects("call") == {"gas.book": "incident"}
    fault = read_as(SYSTEM).scalars(select(Effect.faults).where(Effect.kind == "call")).one()
    assert "No plugin offers gas.book; install it, then retry" in fault[-1]["detail"]
    assert access.instance_to_read(SYSTEM, ref).steps[0].state == "completed"

    plugin.write("actions.py", ACTIONS)
    plugin.restart()
    assert catalogue.current().broken == []
    admin = client_of(world.admin)
    end_reading()
    incident = read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "call")).one()
    token = token_in(admin.get("/contact"))
    assert admin.post(f"/admin/outbox/{incident}/retry", data={"csrf_token": token}).status_code == 303
    assert outbox.deliver(incident)
    assert effects("call") == {"gas.book": "done"}
    assert sys.modules[f"{PACKAGE}.actions"].booked == ["Monday"]
