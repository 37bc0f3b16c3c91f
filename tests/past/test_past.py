"""Time travel: of a random life every picture of the past is what the rows really were at that moment (X10)."""

from __future__ import annotations

import pytest
from flask import Flask

from flows import access, catalogue
from flows.actions.scope import scope_of
from flows.queries import past
from flows.rules.actors import SYSTEM
from flows.rules.past import OF_INSTANCE, OF_STEP
from flows.work import end_reading
from tests.past.lives import Lived, Snapshot, life

FLOWS = ("coro-order-fulfilment", "department-request", "tenant-onboarding", "department-task")


@pytest.mark.requirement("X10", "X12")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("flow", FLOWS)
def test_every_moment_of_a_random_life_is_seen_as_it_was(app: Flask, flow: str, seed: int) -> None:
    with life(catalogue.current(), flow, seed) as lived:
        session = access.read_as(SYSTEM)
        whole = past.life_of(SYSTEM, lived.stage.uid_of(lived.instance_id))
        assert len({one.seq for one in lived.snapshots}) > 3, lived.story
        for real in lived.snapshots:
            was = whole.at(whole.find(seq=real.seq)).instance
            assert {name: getattr(was, name) for name in OF_INSTANCE} == real.values, _told(lived, real)
            assert {one.name: {name: getattr(one, name) for name in OF_STEP} for one in was.steps} == real.steps
            assert {one.name: one.answers for one in was.steps if one.attempt} == real.answers, _told(lived, real)
            assert was.waiting_since == real.waiting_since, _told(lived, real)
            assert scope_of(session, was, lived.stage.definition_of(was), real.at) == real.scope, _told(lived, real)
        end_reading()


def _told(lived: Lived, real: Snapshot) -> str:
    return f"after event {real.seq} of:\n" + "\n".join(lived.story)
