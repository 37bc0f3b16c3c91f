"""Random people do random things to orders and tasks, the clock jumps, events come twice; the invariants hold."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import closing, conversing, delivering, firing, ordering, starting, submitting
from flows.actions.ordering import Item
from flows.clock import clock
from flows.models import Effect, Instance, Message, Order, OrderLine, ReadCursor, Timer
from flows.queries import invariants, unread
from flows.rules.actors import SYSTEM, Actor
from flows.rules.conversations import counts_as_unread
from flows.rules.errors import BatonError
from flows.work import end_reading, unit_of_work
from tests.world import World

STEPS = 200
ANSWERS = {"company_name": "Acme", "domain_name": "acme.example", "admin_email": "it@acme.example"}


class Life:
    """One random life of the small world; each act picks its victims itself and may be refused, never fail."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.dice = world, random.Random(seed)
        self.refused: list[str] = []

    def step(self) -> str:
        act = self.dice.choice(
            [
                *[self.place, self.submit, self.jump, self.fire] * 3,
                self.draft,
                self.cancel,
                self.call,
                self.call,
                self.confirm,
                self.redeliver,
                self.extend,
                self.give_up,
                self.talk,
                self.talk,
            ]
        )
        try:
            act()
        except BatonError as refusal:
            self.refused.append(refusal.code)
        return act.__name__

    def actor(self) -> Actor:
        """Mostly somebody who may; now and then anybody."""
        if self.dice.random() < 0.7:
            return self.world.buyer
        return self.dice.choice(
            [self.world.colleague, self.world.acme_owner, self.world.stranger, self.world.agent, self.world.tenant]
        )

    def one(self, column: object, *where: object) -> object | None:
        end_reading()
        found = access.read_as(SYSTEM).scalars(select(column).where(*where).order_by(column)).all()  # type: ignore[call-overload]
        return self.dice.choice(found) if found else None

    def place(self) -> None:
        products = self.dice.sample(
            [self.world.coro, self.world.microsoft, self.world.hosting], self.dice.randint(1, 3)
        )
        with unit_of_work(self.actor()) as work:
            ordering.place(
                work,
                self.dice.choice([self.world.acme, self.world.acme, self.world.beta, self.world.rival_customer]),
                [Item(p, self.dice.choice([1, 2, 3, 3, 3, 0])) for p in products],
            )

    def submit(self) -> None:
        with unit_of_work(self.actor()) as work:
            instance = access.instance_to_change(work, self.one(Instance.id) or 1)
            submitting.submit(
                work, instance, access.step_of(instance, "details"), ANSWERS if self.dice.random() < 0.8 else {}
            )

    def draft(self) -> None:
        with unit_of_work(self.actor()) as work:
            instance = access.instance_to_change(work, self.one(Instance.id) or 1)
            submitting.save_draft(work, instance, access.step_of(instance, "details"), {"company_name": "Half"})

    def cancel(self) -> None:
        number = self.one(Order.uid) or "ord_none"
        with unit_of_work(self.actor()) as work:
            ordering.cancel(work, str(number), self.dice.choice(["", "A reason"]))

    def jump(self) -> None:
        clock.move(timedelta(hours=self.dice.choice([1, 9, 30, 80, 190])))

    def fire(self) -> None:
        end_reading()
        for instance_id in (
            access.read_as(SYSTEM)
            .scalars(select(Timer.instance_id).where(Timer.ended_at.is_(None), Timer.due_at <= clock.now()).distinct())
            .all()
        ):
            with unit_of_work(SYSTEM) as work:
                firing.fire_due(work, instance_id)

    def call(self) -> None:
        effect_id = self.one(Effect.id, Effect.kind == "call", Effect.state == "pending")
        if effect_id is not None:
            with unit_of_work(SYSTEM) as work:
                delivering.call(work, int(str(effect_id)))

    def confirm(self) -> None:
        line_uid = self.one(OrderLine.uid, OrderLine.state == "requested")
        with unit_of_work(SYSTEM) as work:
            ordering.line_answered(work, str(line_uid), self.dice.choice([200, 202]), {"reference": "x"})

    def redeliver(self) -> None:
        instance_id = self.one(Instance.id)
        with unit_of_work(SYSTEM) as work:
            instance = access.instance_to_change(work, int(str(instance_id or 0)))
            assert starting.start_for_event(work, "order.placed", instance.inputs, instance.subject or "", {}) == []

    def extend(self) -> None:
        with unit_of_work(self.actor()) as work:
            closing.extend(
                work,
                access.instance_to_change(work, self.one(Instance.id) or 1),
                clock.now() + timedelta(days=2),
                "Asked for it",
            )

    def talk(self) -> None:
        self.dice.choice([self.say, self.say, self.note, self.read])()

    def talked_about(self) -> int:
        """Mostly something that is open."""
        is_open = [Instance.closed_at.is_(None)] if self.dice.random() < 0.8 else []
        return int(str(self.one(Instance.id, *is_open) or 1))

    def talker(self) -> Actor:
        world = self.world
        return self.dice.choice([world.buyer, world.buyer, world.agent, world.agent, world.stranger, world.reader])

    def say(self) -> None:
        """Words, now and then for the second time: the same id is there once."""
        with unit_of_work(self.talker()) as work:
            instance = access.instance_to_change(work, self.talked_about())
            words = self.dice.choice(["Hello", "Any news?", ""])
            conversing.send(work, instance, words, client_id=f"{words} {self.dice.randint(1, 9)}")

    def note(self) -> None:
        with unit_of_work(self.talker()) as work:
            conversing.note(work, access.instance_to_change(work, self.talked_about()), "Between us")

    def read(self) -> None:
        with unit_of_work(self.talker()) as work:
            instance = access.instance_to_change(work, self.talked_about())
            conversing.mark_read(work, instance, self.dice.randint(0, instance.message_seq + 2))

    def give_up(self) -> None:
        effect_id = self.one(Effect.id, Effect.kind == "webhook", Effect.state == "pending")
        if effect_id is None:
            return
        with unit_of_work(SYSTEM) as work:
            if delivering.begin(work, int(str(effect_id))) is None:
                return
        with unit_of_work(SYSTEM) as work:
            delivering.fail(work, int(str(effect_id)), "410 Gone", permanent=self.dice.random() < 0.5)


def recounted(reader: Actor) -> dict[int, int]:
    """How many messages wait for them by the rule itself, message by message, with no statement of ours."""
    session = access.read_as(SYSTEM)
    mine = select(ReadCursor.instance_id, ReadCursor.seq).where(ReadCursor.user_id == reader.user_id)
    read_up_to = dict(session.execute(mine).all())
    seen = {*access.read_as(reader).scalars(access.visible_instances(reader).with_only_columns(Instance.id))}
    waiting = [
        said.instance_id
        for said in session.scalars(select(Message))
        if said.instance_id in seen and counts_as_unread(said, reader, read_up_to.get(said.instance_id, 0))
    ]
    return dict(Counter(waiting))


@pytest.mark.requirement("A7", "A8", "A11", "A30", "C51", "C54", "Q3", "Q5", "Q24", "Q30")
@pytest.mark.parametrize("seed", [1, 2, 4])
def test_invariants_hold_after_every_step(world: World, seed: int, move_clock: Callable[..., datetime]) -> None:
    life = Life(world, seed)
    for number in range(STEPS):
        act = life.step()
        end_reading()
        broken = {says: rows for says, rows in invariants.broken(access.read_as(SYSTEM)).items() if rows}
        assert broken == {}, f"after step {number} ({act}) of seed {seed}"
        for reader in (world.buyer, world.agent, world.stranger) if number % 10 == 9 else ():
            shown = unread.of_page(reader, access.read_as(reader).scalars(access.visible_instances(reader)).all())
            assert shown == recounted(reader), f"unread after step {number} ({act}) of seed {seed}"
    end_reading()
    states = set(access.read_as(SYSTEM).scalars(select(Instance.status)))
    assert states & {"completed", "expired"}, "the walk went nowhere"
    assert access.read_as(SYSTEM).scalar(select(Message.id).limit(1)), "nobody talked"
