"""An effect that nobody ever finishes does not go round for ever."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from flows.access import read_as
from flows.actions import delivering
from flows.actions.owing import owe_mail
from flows.clock import clock
from flows.models import Effect
from flows.models.effects import MOST_TRIES
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from messaging import outbox
from tests.world import World


@pytest.mark.requirement("X36")
def test_what_kills_its_worker_each_time_becomes_an_incident(world: World) -> None:
    with unit_of_work(SYSTEM) as work:
        owe_mail(work, key="poison", template="order-completed", kind="order", to=world.buyer.user_id, scope={})
    effect_id = read_as(SYSTEM).scalars(select(Effect.id)).one()
    for _ in range(MOST_TRIES):
        with unit_of_work(SYSTEM) as work:
            assert delivering.begin(work, effect_id) is not None  # and here the worker dies
        clock.move(delivering.LEASE)
    assert outbox.deliver(effect_id) is False
    end_reading()
    effect = read_as(SYSTEM).get_one(Effect, effect_id)
    assert (effect.state, effect.last_fault) == ("incident", "It was taken up eight times and never came to an end")
