"""Money in a flow: two flows, a stand-in for Stripe that its own library speaks to, short words for what happens."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from flows import access, catalogue
from flows.actions import amending, beginning, closing, collecting, delivering, paying, refunding, submitting, versions
from flows.actions.beginning import Wish
from flows.actions.calling import PaymentVerbs
from flows.catalogue import FlowDefinition
from flows.clock import clock
from flows.models import Effect, Instance, Payment, Step, TimelineEvent
from flows.queries.invariants import broken
from flows.rules.actors import SYSTEM, Actor
from flows.rules.payments import Word
from flows.rules.signatures import sign
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from messaging.outbox import deliver
from messaging.payments import desk
from tests.served import serve
from tests.world import World
from worker.demo.checkout import Stripe

KEY, SECRET = "sk_test_0f3a9c1e7b5d", "whsec_2468ace013579bdf"
BANK = "Northgate Homes\nSort code 00-11-22\nAccount 12345678"
SHIPPED = [(name, f"flows.plugins.{name}") for name in ("shop", "payments")]


@pytest.fixture
def till() -> Iterator[Stripe]:
    """The stand-in on a port of its own; what it would call with is kept in `told`, for the test to send."""
    server = Stripe(("127.0.0.1", 0), KEY, SECRET, hear="")
    told: list[dict[str, Any]] = []
    server.told = told  # type: ignore[attr-defined]

    def keep(kind: str, thing: dict[str, Any]) -> None:
        told.append({"id": f"evt_{len(told)}", "type": kind, "data": {"object": thing}})

    server.till._call = keep
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def settings(settings: Settings, till: Stripe) -> Settings:
    return replace(
        settings, stripe_key=KEY, stripe_webhook_secret=SECRET, stripe_api_base=till.till.page, bank_details=BANK
    )  # fmt: skip


@pytest.fixture
def parts() -> tuple[str, ...]:
    """Verbs, mails and the portal; the back office where a test asks for it."""
    return ("messaging", "portal")


@pytest.fixture(autouse=True)
def flows_with_money(app: Flask) -> Iterator[None]:
    before = catalogue.current()
    serve(SHIPPED, Path(__file__).parent / "flows")
    yield
    catalogue.use(before)


@dataclass
class Play:
    """One request and its money; every method is one piece of work, and what it gives is read anew."""

    world: World
    till: Stripe
    ref: str = ""
    step: str = "deposit"
    app: Flask = field(repr=False, default=None)  # type: ignore[assignment]

    def start(self, amount: int | None = 45_000, flow: str = "moving") -> None:
        """A request in which the payment is next; `amount` None: nobody has said one."""
        self.step = "deposit" if flow == "moving" else "charge"
        amounts = {"deposit": amount} if flow == "moving" else {}
        if amount is None:
            with unit_of_work(self.world.tenant) as work:
                instance = beginning.start_by_customer(work, flow, self.world.household, {})
                work.session.flush()
                self.ref = instance.reference
        else:
            with unit_of_work(self.world.agent) as work:
                instance = beginning.start_by_staff(work, flow, "usr_priya", Wish(amounts=amounts))
                work.session.flush()
                self.ref = instance.reference
        if flow == "moving":
            self.submit("home", {"rent": "1,000.00"})

    def submit(self, name: str, given: Mapping[str, Any], by: Actor | None = None, **more: Any) -> None:
        with unit_of_work(by or self.world.tenant) as work:
            instance = access.instance_to_change(work, self.ref)
            submitting.submit(work, instance, access.step_of(instance, name), given, **more)

    def save_draft(self, name: str) -> None:
        with unit_of_work(self.world.tenant) as work:
            instance = access.instance_to_change(work, self.ref)
            submitting.save_draft(work, instance, access.step_of(instance, name), {"x": 1})

    def begin(self, by: Actor | None = None) -> Payment:
        """The verb alone: no provider is asked."""
        with unit_of_work(by or self.world.tenant) as work:
            uid = paying.begin(work, *self._at(access.instance_to_change(work, self.ref))).uid
        return self.payment(uid)

    def go(self) -> str:
        """The customer presses Pay: the name of the checkout they are sent to."""
        return desk.start(self.world.tenant, self.ref, self.step).rpartition("/")[2]

    def pay(self, how: str = "pay") -> str:
        """The whole way: to the provider, paid there, told to us."""
        name = self.go()
        self.till.till.pay(name, how)
        self.tell()
        return name

    def tell(self, *which: int) -> None:
        """Hear what the provider has to tell, all of it or only some, through the desk."""
        told = self.till.told  # type: ignore[attr-defined]
        for event in [told[n] for n in which] if which else told:
            said = desk.stripe().hear(*signed(event))
            if said is not None:
                desk.told(said)

    def hear(self, word: Word) -> str:
        """The verb alone."""
        with unit_of_work(SYSTEM) as work:
            return collecting.hear(work, *access.payment_told_of(work, "stripe", word.payment, word.reference), word)

    def confirm(self, reference: str = "DEP", on: date | None = None, by: Actor | None = None) -> None:
        with unit_of_work(by or self.world.agent) as work:
            place = self._at(access.instance_to_change(work, self.ref))
            collecting.confirm_by_staff(work, *place, reference, on or clock.now().date())

    def change(self, minor: int, reason: str = "", by: Actor | None = None) -> None:
        with unit_of_work(by or self.world.agent) as work:
            paying.change_amount(work, *self._at(access.instance_to_change(work, self.ref)), minor, reason)

    def refund(self, reason: str = "Paid twice", by: Actor | None = None) -> None:
        uid = self.payment().uid
        with unit_of_work(by or self.world.admin) as work:
            refunding.refund_by_staff(work, access.payment_to_change(work, uid)[1], reason)

    def paid_back(self, reference: str, by: Actor | None = None) -> None:
        uid = self.payment().uid
        with unit_of_work(by or self.world.admin) as work:
            refunding.paid_back(work, *access.payment_to_change(work, uid), reference)

    def hook(self, payment: str) -> None:
        """What a plugin's hook of this request may do."""
        with unit_of_work(SYSTEM) as work:
            instance = access.instance_to_change(work, self.ref)
            PaymentVerbs(work, instance).refund(payment)

    def amend(self, question: Mapping[str, Any], step: str = "") -> None:
        with unit_of_work(self.world.agent) as work:
            instance = access.instance_to_change(work, self.ref)
            amending.add_field(work, instance, access.step_of(instance, step or self.step), question)

    def definition(self) -> FlowDefinition:
        return versions.definition_of(access.read_as(SYSTEM), self.now())

    def cancel(self) -> None:
        with unit_of_work(self.world.admin) as work:
            instance = access.instance_to_change(work, self.ref)
            closing.cancel(work, instance, versions.definition_of(work.session, instance), "Changed their mind")

    def _at(self, instance: Instance) -> tuple[Instance, Step]:
        step = instance.step(self.step)
        assert step is not None
        return instance, step

    # --- how it stands

    def now(self) -> Instance:
        end_reading()
        return access.instance_to_read(SYSTEM, self.ref)

    def state(self, name: str = "") -> str:
        step = self.now().step(name or self.step)
        assert step is not None
        return step.state

    def payments(self) -> list[Payment]:
        end_reading()
        return list(access.read_as(SYSTEM).scalars(select(Payment).order_by(Payment.id)))

    def payment(self, uid: str = "") -> Payment:
        """The one of that name, else the newest."""
        return next(row for row in reversed(self.payments()) if uid in ("", row.uid))

    def states(self) -> list[str]:
        return [row.state for row in self.payments()]

    def answer(self) -> Any:
        step = self.now().step(self.step)
        return step.answers.get(self.step) if step else None

    def kinds(self) -> list[str]:
        end_reading()
        query = select(TimelineEvent.kind).where(TimelineEvent.instance_id == self.now().id).order_by(TimelineEvent.seq)
        return list(access.read_as(SYSTEM).scalars(query))

    def owed(self, kind: str, state: str = "pending") -> list[Effect]:
        end_reading()
        query = select(Effect).where(Effect.kind == kind, Effect.state == state).order_by(Effect.id)
        return list(access.read_as(SYSTEM).scalars(query))

    def mails(self) -> list[str]:
        """The mails about money."""
        owed = [effect.payload["template"] for state in ("pending", "done") for effect in self.owed("email", state)]
        return [template for template in owed if template.startswith("payment-")]

    def incidents(self) -> list[str]:
        return [effect.last_fault for kind in ("refund", "checkout") for effect in self.owed(kind, "incident")]

    def run(self) -> None:
        """Carry out everything that is owed now, as the worker does."""
        for _ in range(10):
            end_reading()
            due = select(Effect.id).where(Effect.state == "pending", Effect.next_at <= clock.now())
            ids = access.read_as(SYSTEM).scalars(due.where(~delivering.waits_its_turn()).order_by(Effect.id)).all()
            end_reading()
            if not ids:
                return
            for effect_id in ids:
                deliver(effect_id)

    def post(self, event: Mapping[str, Any], secret: str = SECRET, at: float = 0) -> TestResponse:
        """One webhook through the real door."""
        body, signature = signed(event, secret, at)
        return self.app.test_client().post("/hooks/stripe", data=body, headers={"Stripe-Signature": signature})


def signed(event: Mapping[str, Any], secret: str = SECRET, at: float = 0) -> tuple[bytes, str]:
    """A body and the header that signs it."""
    body = json.dumps(event).encode()
    return body, sign(body, secret, int(time.time() + at))


@pytest.fixture
def play(app: Flask, world: World, till: Stripe) -> Iterator[Play]:
    """Whatever happens, no invariant is broken at the end."""
    played = Play(world, till, app=app)
    yield played
    end_reading()
    assert {says: rows for says, rows in broken(access.read_as(SYSTEM)).items() if rows} == {}  # type: ignore[arg-type]
