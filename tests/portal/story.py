"""The first job through the pages, for tests that begin in its middle."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from flows.access import read_as
from flows.actions import delivering, firing
from flows.clock import clock
from flows.models import Effect, Timer
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from tests.portal.browsing import Visitor
from tests.world import World

ANSWERS = {"company_name": "Acme Ltd", "domain_name": "acme.example", "admin_email": "it@acme.example"}
TASK = "/tasks/TI-2001"
STEP = f"{TASK}/steps/details"


def rows(model: Any) -> list[Any]:
    """All rows there are of a kind, as the system sees them now."""
    end_reading()
    found = list(read_as(SYSTEM).scalars(select(model).order_by(model.id).execution_options(populate_existing=True)))
    return found


def put_in_basket(visitor: Visitor, product: str, quantity: str = "1") -> None:
    answer = visitor.post("/basket", product=product, quantity=quantity)
    assert answer.status_code == 303, answer.text


def order_through_pages(visitor: Visitor, world: World, *products: str, customer: str = "") -> str:
    """Fill the basket and check out; returns the address of the confirmation."""
    for product in products:
        put_in_basket(visitor, product)
    answer = visitor.send("/checkout", customer_id=customer or world.acme)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def run_calls() -> None:
    """Carry out the plugin calls that are owed, as the worker does."""
    pending = select(Effect.id).where(Effect.state == "pending", Effect.kind == "call").order_by(Effect.id)
    while ids := read_as(SYSTEM).scalars(pending).all():
        for effect_id in ids:
            with unit_of_work(SYSTEM) as work:
                assert delivering.call(work, effect_id)


def fire_timers() -> None:
    """Fire what has come due, as the worker does, and carry out what follows."""
    due = select(Timer.instance_id).where(Timer.ended_at.is_(None), Timer.due_at <= clock.now()).distinct()
    for instance_id in read_as(SYSTEM).scalars(due).all():
        with unit_of_work(SYSTEM) as work:
            firing.fire_due(work, instance_id)
    run_calls()
