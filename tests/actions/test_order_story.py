"""The first job through its verbs: an order that needs details waits, is reminded, completed or expired (A1 to A12)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import delivering, firing, ordering, starting, submitting
from flows.actions.ordering import Item
from flows.clock import clock
from flows.models import Effect, Instance, Notice, Order, Timer
from flows.queries import grid, timeline
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.work import end_reading, unit_of_work
from tests.world import World

ANSWERS = {"company_name": "Acme Ltd", "domain_name": "acme.example", "admin_email": "it@acme.example"}


def place(world: World, *products: str, actor: Actor | None = None, customer: str = "") -> Order:
    with unit_of_work(actor or world.buyer) as work:
        return ordering.place(work, customer or world.acme, [Item(product, 5) for product in products])


def instances() -> list[Instance]:
    end_reading()
    return list(access.read_as(SYSTEM).scalars(select(Instance).order_by(Instance.id)))


def submit(world: World, reference: str, answers: dict[str, str] = ANSWERS, actor: Actor | None = None) -> None:
    with unit_of_work(actor or world.buyer) as work:
        instance = access.instance_to_change(work, reference)
        submitting.submit(work, instance, access.step_of(instance, "details"), answers)


def run_calls() -> list[str]:
    """Carry out every plugin call that is owed, as the worker does; returns the names in order."""
    done = []
    while True:
        pending = (
            access.read_as(SYSTEM)
            .scalars(select(Effect).where(Effect.state == "pending", Effect.kind == "call").order_by(Effect.id))
            .all()
        )
        ran = []
        for effect_id, name in [(effect.id, effect.payload["name"]) for effect in pending]:
            with unit_of_work(SYSTEM) as work:
                if delivering.call(work, effect_id):
                    ran.append(name)
        done += ran
        if not ran:
            return done


def fire_all() -> None:
    ids = (
        access.read_as(SYSTEM)
        .scalars(select(Timer.instance_id).where(Timer.ended_at.is_(None), Timer.due_at <= clock.now()).distinct())
        .all()
    )
    for instance_id in ids:
        with unit_of_work(SYSTEM) as work:
            firing.fire_due(work, instance_id)


def order_now(order: Order) -> Order:
    return access.order_to_read(SYSTEM, order.uid)


@pytest.mark.requirement("A2", "A3", "A4", "A9", "A13", "A18", "A19", "A20", "A21")
def test_an_order_with_a_coro_product_waits_for_its_task(world: World) -> None:
    order = place(world, world.coro, world.microsoft)
    (task,) = instances()
    assert order_now(order).state == "awaiting_details"
    assert (task.title, task.kind, task.customer_name, task.source) == (
        "Coro Info Required",
        "Order Fulfillment",
        "Acme Ltd",
        "event",
    )
    assert (task.status, task.waiting_on, task.steps_done, task.steps_total) == ("not_started", "customer", 0, 1)
    assert task.expires_at == datetime(2026, 11, 9, 23, 59, 59, tzinfo=UTC)
    assert (task.customer_id, task.assignee_id) == (world.buyer.user_id, world.buyer.user_id)
    session = access.read_as(SYSTEM)
    mails = [
        effect.payload["template"] for effect in session.scalars(select(Effect).where(Effect.instance_id == task.id))
    ]
    assert mails == ["coro/created"]
    at_top = session.scalars(select(Notice.link_text).where(Notice.at_top)).all()
    assert at_top == ["View your outstanding tasks"]
    timers = session.scalars(select(Timer).order_by(Timer.due_at))
    assert [(timer.name, timer.n, timer.due_at.day) for timer in timers] == [
        ("reminder", 1, 5), ("reminder", 2, 7), ("reminder", 3, 9), ("expires", 1, 9),
    ]  # fmt: skip


@pytest.mark.requirement("A12")
def test_a_microsoft_only_order_needs_no_task(world: World) -> None:
    order = place(world, world.microsoft)
    assert instances() == []
    now = order_now(order)
    assert (now.state, [line.state for line in now.lines]) == ("provisioning", ["requested"])
    with unit_of_work(SYSTEM) as work:
        ordering.line_answered(work, now.lines[0].uid, 200, {"reference": "MS-1"})
    assert order_now(order).state == "completed"


@pytest.mark.requirement("A5", "A29", "A30", "A31", "A32")
def test_submitting_finalises_and_provisions_the_order_once(world: World) -> None:
    order = place(world, world.coro, world.hosting)
    submit(world, instances()[0].reference)
    assert (instances()[0].status, instances()[0].outcome, instances()[0].waiting_on) == ("completed", "complete", None)
    assert run_calls() == ["orders.finalise", "orders.provision"]
    now = order_now(order)
    assert (now.state, now.details) == ("provisioning", ANSWERS)
    webhooks = access.read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "webhook")).all()
    assert [hook.payload["body"]["sku"] for hook in webhooks] == ["PRD_CORO"]
    with unit_of_work(world.agent) as work:
        locked = access.order_to_change(work, order.uid)
        ordering.confirm_line(work, locked, locked.lines[1], "by hand")
    with unit_of_work(SYSTEM) as work:
        ordering.line_answered(work, order.lines[0].uid, 201, {})
    assert order_now(order).state == "completed"


@pytest.mark.requirement("A6", "A7", "A8", "A10", "Q1")
def test_nobody_answers(world: World, move_clock: Callable[..., datetime]) -> None:
    order = place(world, world.coro, world.microsoft)
    seen = []
    for day in range(1, 9):
        move_clock(to=datetime(2026, 11, 2, 9, 0, 1, tzinfo=UTC) + timedelta(days=day))
        fire_all()
        mails = (
            access.read_as(SYSTEM)
            .scalars(select(Effect).where(Effect.kind == "email", Effect.instance_id.is_not(None)))
            .all()
        )
        seen.append(
            (day, len([mail for mail in mails if mail.payload["template"] == "coro/reminder"]), instances()[0].status)
        )
    assert seen == [
        (1, 0, "not_started"), (2, 0, "not_started"), (3, 1, "not_started"), (4, 1, "not_started"),
        (5, 2, "not_started"), (6, 2, "not_started"), (7, 3, "not_started"), (8, 3, "expired"),
    ]  # fmt: skip
    assert run_calls() == ["orders.cancel"]
    now = order_now(order)
    assert (now.state, now.cancel_reason, {line.state for line in now.lines}) == ("cancelled", "expired", {"cancelled"})
    kinds = [entry.kind for entry in timeline.of_order(world.buyer, access.order_to_read(world.buyer, order.uid))]
    assert kinds.count("timer_fired") == 3
    assert kinds[-1] == "order_cancelled"


@pytest.mark.requirement("A11")
def test_reminders_stop_once_completed(world: World, move_clock: Callable[..., datetime]) -> None:
    place(world, world.coro)
    move_clock(days=4)
    fire_all()
    submit(world, instances()[0].reference)
    move_clock(days=10)
    fire_all()
    timers = access.read_as(SYSTEM).scalars(select(Timer).order_by(Timer.due_at)).all()
    assert [timer.ending for timer in timers] == ["fired", "cancelled", "cancelled", "cancelled"]


@pytest.mark.requirement("A11")
def test_a_reminder_not_yet_sent_is_skipped_when_the_task_is_done(
    world: World, move_clock: Callable[..., datetime]
) -> None:
    place(world, world.coro)
    move_clock(days=3)
    fire_all()
    submit(world, instances()[0].reference)
    reminder = next(
        e for e in access.read_as(SYSTEM).scalars(select(Effect)) if e.payload.get("template") == "coro/reminder"
    )
    with unit_of_work(SYSTEM) as work:
        assert delivering.begin(work, reminder.id) is None
    assert access.read_as(SYSTEM).get_one(Effect, reminder.id, populate_existing=True).state == "skipped"


@pytest.mark.requirement("Q30")
def test_after_a_week_without_workers_nobody_is_reminded_of_what_expired(
    world: World, move_clock: Callable[..., datetime]
) -> None:
    place(world, world.coro)
    move_clock(days=9)
    reference = instances()[0].reference
    with pytest.raises(OutOfStep, match="expired on Monday 9 November 2026, 11:59pm"):
        submit(world, reference)
    assert grid.totals(world.buyer, clock.now()).expired == 1
    fire_all()
    timers = access.read_as(SYSTEM).scalars(select(Timer).order_by(Timer.due_at)).all()
    assert [timer.ending for timer in timers] == ["missed", "missed", "missed", "fired"]
    assert instances()[0].status == "expired"


@pytest.mark.requirement("Q3")
def test_a_redelivered_event_starts_nothing(world: World) -> None:
    order = place(world, world.coro, world.microsoft)
    task = instances()[0]
    with unit_of_work(SYSTEM) as work:
        again = starting.start_for_event(work, "order.placed", task.inputs, order.subject, {})
    assert again == []
    assert len(instances()) == 1


@pytest.mark.requirement("Q5")
def test_a_second_submit_is_told_what_happened(world: World) -> None:
    place(world, world.coro)
    reference = instances()[0].reference
    submit(world, reference)
    with pytest.raises(OutOfStep, match="completed on Monday 2 November 2026"):
        submit(world, reference)


@pytest.mark.requirement("A5", "X17")
def test_wrong_answers_are_all_named_and_nothing_changes(world: World) -> None:
    place(world, world.coro)
    reference = instances()[0].reference
    with pytest.raises(Invalid) as refused:
        submit(world, reference, {"company_name": " ", "domain_name": "not a domain", "admin_email": "it@"})
    assert [problem.pointer for problem in refused.value.problems] == ["/company_name", "/domain_name", "/admin_email"]
    assert instances()[0].status == "not_started"


@pytest.mark.requirement("A35", "X28")
def test_who_may_complete_the_task(world: World) -> None:
    place(world, world.coro)
    reference = instances()[0].reference
    for outsider in (world.stranger, world.tenant):
        with pytest.raises(Refused) as refused:
            submit(world, reference, actor=outsider)
        assert refused.value.status == 404
    with pytest.raises(Refused) as known:
        submit(world, reference, actor=world.agent)
    assert known.value.status == 403
    submit(world, reference, actor=world.acme_owner)
    assert instances()[0].status == "completed"


@pytest.mark.parametrize(("items", "pointer"), [
    ([], "/items"),
    ([Item("prd_nothing", 1)], "/items/0/product_id"),
    ([Item("prd_coro", 0)], "/items/0/quantity"),
    ([Item("prd_coro", 1_000_000)], "/items/0/quantity"),
    ([Item("prd_coro", 1), Item("prd_coro", 2)], "/items/1/product_id"),
    ([Item("prd_\0\ud800", 1)], "/items/0/product_id"),
])  # fmt: skip
def test_an_order_that_cannot_be_placed_says_why(world: World, items: list[Item], pointer: str) -> None:
    with pytest.raises(Invalid) as refused, unit_of_work(world.buyer) as work:
        ordering.place(work, world.acme, items)
    assert [problem.pointer for problem in refused.value.problems] == [pointer]


@pytest.mark.parametrize("customer", ["cus_gamma", "cus_rival", "cus_nobody"])
def test_nobody_orders_for_a_foreign_organisation(world: World, customer: str) -> None:
    with pytest.raises(Invalid, match="Choose one of your customers"):
        place(world, world.coro, customer=customer)


@pytest.mark.requirement("X28")
def test_cancelling_an_order_ends_its_task(world: World) -> None:
    order = place(world, world.coro)
    with pytest.raises(Refused), unit_of_work(world.stranger) as work:
        ordering.cancel(work, order.uid, "")
    with unit_of_work(world.buyer) as work:
        ordering.cancel(work, order.uid, "Changed our mind")
    assert (order_now(order).state, order_now(order).cancel_reason, instances()[0].status) == (
        "cancelled",
        "customer",
        "cancelled",
    )


@pytest.mark.requirement("A30", "X36")
def test_no_line_is_confirmed_before_its_order_is_finalised(world: World) -> None:
    order = place(world, world.coro)
    submit(world, instances()[0].reference)
    owed = access.read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "call").order_by(Effect.id)).first()
    with unit_of_work(SYSTEM) as work:
        delivering.fail(work, owed or 0, "the plugin is gone", permanent=True)
    assert order_now(order).state == "failed"
    with unit_of_work(world.agent) as work:
        failed = access.order_to_change(work, order.uid)
        with pytest.raises(OutOfStep, match="was not asked for yet"):
            ordering.confirm_line(work, failed, failed.lines[0], "by hand")


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_full_life_takes_at_most_25_statements(world: World, count_statements: Callable[[], list[str]]) -> None:
    place(world, world.microsoft)
    first = place(world, world.coro)  # publishes the flow's text once
    counted = count_statements()
    order = place(world, world.coro)
    placed = len(counted)
    with unit_of_work(world.buyer) as work:
        instance = access.instance_to_change(work, f"TI-{2002}")
        submitting.submit(work, instance, access.step_of(instance, "details"), ANSWERS)
    submitted = len(counted) - placed
    with unit_of_work(SYSTEM) as work:
        ordering.finalise(work, order.uid, ANSWERS)
    assert first.id != order.id
    assert len(counted) <= 25, (
        f"place {placed}, submit {submitted}, finalise {len(counted) - placed - submitted}:\n" + "\n".join(counted)
    )


@pytest.mark.requirement("X36")
def test_staff_end_an_order_that_failed_before_it_was_finalised(world: World) -> None:
    order = place(world, world.coro)
    submit(world, instances()[0].reference)
    effect_id = (
        access.read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "call").order_by(Effect.id)).first()
    )
    with unit_of_work(SYSTEM) as work:
        delivering.fail(work, effect_id or 0, "The plugin is gone", permanent=True)
    assert order_now(order).state == "failed"
    with pytest.raises(OutOfStep), unit_of_work(world.buyer) as work:
        ordering.cancel(work, order.uid, "")
    with unit_of_work(world.agent) as work:
        ordering.cancel(work, order.uid, "It cannot be set up")
    assert (order_now(order).state, order_now(order).cancel_reason) == ("cancelled", "staff")


@pytest.mark.requirement("A21")
def test_what_is_still_to_do_is_listed_by_its_end(world: World, move_clock: Callable[..., datetime]) -> None:
    for _ in range(3):
        place(world, world.coro)
        move_clock(days=1)
    first = grid.tasks(world.buyer, clock.now(), grid.Filters(status=("Pending",)), limit=2)
    assert [task.reference for task in first.rows] == ["TI-2001", "TI-2002"]
    rest = grid.tasks(world.buyer, clock.now(), grid.Filters(status=("Pending",)), cursor=first.next_cursor, limit=2)
    assert [task.reference for task in rest.rows] == ["TI-2003"]
    assert [task.reference for task in grid.tasks(world.buyer, clock.now()).rows] == ["TI-2003", "TI-2002", "TI-2001"]
