"""Several at once on one instance: exactly one wins, the others are told, nothing happens twice (Q5)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, select

from flows import access, catalogue
from flows.actions import closing, delivering, firing, ordering, submitting, versions
from flows.actions.ordering import Item
from flows.catalogue import LoadedFlow
from flows.clock import clock
from flows.models import Effect, FlowVersion, Instance, Order, Submission, TimelineEvent
from flows.rules.actors import SYSTEM
from flows.rules.errors import BatonError
from flows.work import end_reading, unit_of_work
from tests.actions.test_order_story import ANSWERS, instances, place, run_calls
from tests.world import World


def at_once(app: Flask, *acts: Callable[[], None]) -> list[str]:
    """Run all acts at a barrier, each in a thread and connection of its own; "done" or the refusal's code, in order."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], None]) -> str:
        with app.app_context():
            barrier.wait()
            try:
                act()
            except BatonError as refusal:
                return refusal.code
            return "done"

    end_reading()
    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def publish(loaded: LoadedFlow) -> None:
    with unit_of_work(SYSTEM) as work:
        versions.publish(work, loaded)


@pytest.mark.requirement("X12")
def test_six_texts_published_at_once_are_six_versions(app: Flask, world: World) -> None:
    loaded = next(iter(catalogue.current().flows.values()))
    texts = [replace(loaded, content_hash=f"{number}" * 64, text=f"{loaded.text}# {number}\n") for number in range(6)]
    assert at_once(app, *[partial(publish, one) for one in texts]) == ["done"] * 6
    query = select(FlowVersion.number).where(FlowVersion.flow == loaded.definition.flow)
    assert sorted(access.read_as(SYSTEM).scalars(query)) == [*range(1, 7)]


def submit_once(world: World, reference: str) -> None:
    with unit_of_work(world.buyer) as work:
        instance = access.instance_to_change(work, reference)
        submitting.submit(work, instance, access.step_of(instance, "details"), ANSWERS)


@pytest.mark.requirement("Q5", "A30")
def test_fifty_submits_at_once_are_one(app: Flask, world: World) -> None:
    place(world, world.coro)
    reference = instances()[0].reference
    outcomes = Counter(at_once(app, *[lambda: submit_once(world, reference)] * 50))
    assert outcomes == {"done": 1, "instance-closed": 49}
    assert access.read_as(SYSTEM).scalar(select(func.count()).select_from(Submission)) == 1
    assert run_calls() == ["orders.finalise", "orders.provision"]


@pytest.mark.requirement("Q5", "A7", "A30")
def test_submit_against_expiry_a_hundred_times(app: Flask, world: World) -> None:
    """The expiry fires from a worker whose clock has reached the end; the customer's submit arrives at that moment."""
    rounds = 100
    end = clock.now() + timedelta(minutes=5)
    with unit_of_work(world.buyer) as work:
        for _ in range(rounds):
            ordering.place(work, world.acme, [Item(world.coro, 1)])
    waiting = instances()
    for instance in waiting:
        outcomes = at_once(
            app, lambda i=instance: submit_once(world, i.reference), lambda i=instance: expire_now(i.id, end)
        )
        assert outcomes in (["done", "done"], ["instance-closed", "done"]), outcomes
    ended = Counter(instance.status for instance in instances())
    assert sum(ended.values()) == rounds
    assert set(ended) <= {"completed", "expired"}
    calls = (
        access.read_as(SYSTEM).execute(select(Effect.instance_id, Effect.payload).where(Effect.kind == "call")).all()
    )
    by_instance: dict[int, set[str]] = {}
    for instance_id, payload in calls:
        by_instance.setdefault(instance_id, set()).add(payload["name"])
    assert all(names in ({"orders.cancel"}, {"orders.finalise", "orders.provision"}) for names in by_instance.values())
    clock.set(end + timedelta(seconds=1))
    run_calls()
    end_reading()
    states = Counter(access.read_as(SYSTEM).scalars(select(Order.state)))
    assert states["cancelled"] == ended["expired"]
    assert states["provisioning"] == ended["completed"]


def expire_now(instance_id: int, end: datetime) -> None:
    """What the worker does at the end, with the work's own moment set to it."""
    with unit_of_work(SYSTEM) as work:
        instance = access.instance_to_change(work, instance_id)
        if instance.is_open:
            instance.expires_at = end
            work.now = end
            closing.expire(work, instance, versions.definition_of(work.session, instance))


@pytest.mark.requirement("Q30")
def test_two_workers_fire_a_timer_once(app: Flask, world: World, move_clock: Callable[..., datetime]) -> None:
    place(world, world.coro)
    move_clock(days=3)
    instance_id = instances()[0].id

    def fire() -> None:
        with unit_of_work(SYSTEM) as work:
            firing.fire_due(work, instance_id)

    at_once(app, *[fire] * 8)
    reminders = [
        e for e in access.read_as(SYSTEM).scalars(select(Effect)) if e.payload.get("template") == "coro/reminder"
    ]
    assert len(reminders) == 1


@pytest.mark.requirement("A30", "X36")
def test_two_workers_run_a_call_once(app: Flask, world: World) -> None:
    place(world, world.coro)
    submit_once(world, instances()[0].reference)
    effect_id = (
        access.read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "call").order_by(Effect.id)).first()
    )

    def call() -> None:
        with unit_of_work(SYSTEM) as work:
            delivering.call(work, effect_id or 0)

    at_once(app, *[call] * 8)
    order = access.read_as(SYSTEM).scalars(select(Order)).one()
    assert (order.state, order.version) == ("provisioning", 2)


def test_readers_do_not_wait_for_a_writer(app: Flask, world: World) -> None:
    place(world, world.coro)
    seen: list[int] = []

    def read() -> None:
        with app.app_context():
            seen.append(len(access.read_as(world.buyer).scalars(select(Instance)).all()))

    with unit_of_work(world.buyer) as work:
        access.instance_to_change(work, "TI-2001")
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(5)
        assert seen == [1]


@pytest.mark.requirement("Q5")
def test_an_order_is_cancelled_once_however_many_ask(app: Flask, world: World) -> None:
    number = place(world, world.coro).uid

    def cancel() -> None:
        with unit_of_work(world.buyer) as work:
            ordering.cancel(work, number, "")

    outcomes = at_once(app, *[cancel] * 8)
    assert sorted(outcomes) == ["done", *["invalid-transition"] * 7]
    told = select(TimelineEvent.kind).where(TimelineEvent.kind == "order_cancelled")
    assert access.read_as(SYSTEM).scalars(told).all() == ["order_cancelled"]


@pytest.mark.requirement("X36")
def test_an_incident_is_retried_once_while_people_work_on_its_order(app: Flask, world: World) -> None:
    place(world, world.coro)
    submit_once(world, instances()[0].reference)
    calls = select(Effect.id).where(Effect.kind == "call").order_by(Effect.id)
    stuck = access.read_as(SYSTEM).scalars(calls).first() or 0

    def retry() -> None:
        with unit_of_work(world.agent) as work:
            delivering.retry(work, stuck)

    def call() -> None:
        with unit_of_work(SYSTEM) as work:
            delivering.call(work, stuck)

    for _ in range(10):
        with unit_of_work(SYSTEM) as work:
            work.session.get_one(Effect, stuck).state = "pending"
            delivering.fail(work, stuck, "down", permanent=True)
        outcomes = at_once(app, retry, call, retry, call)
        assert sorted(outcomes[::2]) == ["done", "invalid-transition"]
