"""Who hears of what: the law that every event is decided, and the mails of an order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from flows.access import read_as
from flows.actions import delivering, ordering
from flows.actions.firing import fire_due
from flows.actions.ordering import Item
from flows.db import db
from flows.events import EffectGaveUp, Event
from flows.models import Effect, Instance, Notice, Order, TimelineEvent
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import unit_of_work
from messaging import notify
from messaging.outbox import deliver
from messaging.telling import MAIL, PUSH, Line, Telling
from tests.messaging.conftest import effect, mails, part
from tests.world import World


def owed_mails() -> list[tuple[str, int]]:
    rows = read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "email").order_by(Effect.id)).all()
    return [(row.payload["template"], row.payload["to"]) for row in rows]


def place(world: World, *products: str) -> Order:
    with unit_of_work(world.buyer) as work:
        return ordering.place(work, world.acme, [Item(product, 3) for product in products])


def test_every_event_is_decided() -> None:
    declared = {event for event in Event.__subclasses__() if event.__module__.startswith("flows.events.")}
    assert set(notify.TABLE) == declared
    assert all(entry.because for entry in notify.TABLE.values() if isinstance(entry, notify.Silent))


@pytest.mark.requirement("A9")
def test_an_order_with_nothing_to_do_is_confirmed(world: World, settings: Settings) -> None:
    order = place(world, world.hosting)
    assert owed_mails() == [("order-placed", world.user_ids["buyer"])]
    [owed] = read_as(SYSTEM).scalars(select(Effect.id)).all()
    assert deliver(owed)
    [mail] = mails(settings)
    text = part(mail, "plain")
    assert mail["Subject"] == f"We have your order {order.reference}"
    assert "for Acme Ltd" in text
    assert "£135.00" in text
    assert "nothing more for you to do" in text
    assert f"because of order {order.reference} for Acme Ltd" in text
    assert read_as(SYSTEM).scalars(select(TimelineEvent.kind).order_by(TimelineEvent.id)).all()[-1] == "mail_sent"


@pytest.mark.requirement("A9")
def test_an_order_that_needs_details_says_so_and_its_flow_asks_at_once(world: World, settings: Settings) -> None:
    place(world, world.coro, world.microsoft)
    buyer = world.user_ids["buyer"]
    assert sorted(owed_mails()) == [("coro/created", buyer), ("order-placed", buyer)]
    for owed in read_as(SYSTEM).scalars(select(Effect.id).order_by(Effect.id)).all():
        assert deliver(owed)
    words = " ".join(part(mail, "plain") for mail in mails(settings))
    assert "We need a few more details from you" in words.replace("\n", " ")
    assert "Complete your task: http://localhost/tasks/TI-" in words
    assert "because of Coro Info Required (TI-" in words


@pytest.mark.requirement("A10")
def test_a_reminder_is_a_mail_of_its_own_with_the_day_it_ends(
    world: World,
    settings: Settings,
    move_clock: Callable[..., Any],
) -> None:
    place(world, world.coro)
    move_clock(days=3)
    instance_id = read_as(SYSTEM).scalars(select(Instance.id)).one()
    with unit_of_work(SYSTEM) as work:
        fire_due(work, instance_id)
    owed = read_as(SYSTEM).scalars(select(Effect.id).order_by(Effect.id.desc())).first()
    assert owed is not None
    assert deliver(owed)
    assert "Reminder" in mails(settings)[-1]["Subject"]
    assert "Monday 9 November 2026" in mails(settings)[-1]["Subject"]


def test_a_cancelled_order_is_told_with_its_reason(world: World) -> None:
    order = place(world, world.coro)
    with unit_of_work(world.admin) as work:
        ordering.cancel(work, str(order.number), "Ordered twice")
    assert ("order-cancelled", world.user_ids["buyer"]) in owed_mails()
    with unit_of_work(SYSTEM) as work:
        again = place_again(work, world)
        ordering.cancel_expired(work, again, "Too late")
    assert owed_mails().count(("order-cancelled", world.user_ids["buyer"])) == 1


def place_again(work: Any, world: World) -> str:
    work.actor = world.buyer
    order = ordering.place(work, world.acme, [Item(world.coro, 1)])
    work.actor = SYSTEM
    work.session.flush()
    return order.uid


@pytest.mark.requirement("X36")
def test_an_incident_is_one_notice_for_each_who_may_see_to_it(world: World) -> None:
    order = place(world, world.hosting)
    for cause in ("550 no", "551 no"):
        with unit_of_work(SYSTEM) as work:
            row = work.session.get_one(Order, order.id)
            work.record(row, EffectGaveUp("email order-placed", cause, 8))
    db.session.rollback()
    notices = read_as(SYSTEM).scalars(select(Notice).where(Notice.url == notify.INCIDENTS)).all()
    assert {notice.user_id for notice in notices} == {world.user_ids["agent"], world.user_ids["admin"]}
    assert len(notices) == 2
    assert "550 no" in notices[0].text


@pytest.mark.requirement("X36")
def test_a_failed_provisioning_is_told_to_staff_not_to_the_buyer(world: World, settings: Settings) -> None:
    order = place(world, world.coro)
    with unit_of_work(SYSTEM) as work:
        ordering.finalise(work, order.uid, {})
        ordering.provision(work, order.uid)
    hook = read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "webhook")).one()
    with unit_of_work(SYSTEM) as work:
        delivering.begin(work, hook)
        delivering.fail(work, hook, "hook.example answers 404", permanent=True)
    told = {to for template, to in owed_mails() if template == "order-failed"}
    assert told == {world.user_ids["agent"], world.user_ids["admin"]}
    failed = read_as(SYSTEM).scalars(select(Effect.id).order_by(Effect.id.desc())).first()
    assert failed is not None
    assert deliver(failed)
    assert "answers 404" in part(mails(settings)[-1], "plain")
    assert effect(hook).state == "incident"


def test_no_line_says_what_the_catalogue_does_not_have() -> None:
    with pytest.raises(ValueError, match="never over push"):
        Line("somebody", "unread-daily", PUSH, lambda *_: None)


def test_words_go_out_on_the_channels_of_their_line_alone(world: World) -> None:
    with unit_of_work(SYSTEM) as work:
        order = Order(event_seq=1)
        telling = Telling(work, order, EffectGaveUp("x", "y", 1), Line("somebody", "order", MAIL, lambda *_: None))
        with pytest.raises(RuntimeError, match="nothing of inbox"):
            telling.note([1], "Words", "Link")
