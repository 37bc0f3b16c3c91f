"""How long the steps of a flow take, from the newest of its requests (X4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from flows import catalogue
from flows.clock import clock
from flows.queries import durations
from flows.work import end_reading
from tests.guided.conftest import Play


@pytest.mark.requirement("X4")
@pytest.mark.parametrize("database", ["sqlite"])
def test_steps_go_by_the_clock_where_the_flow_does(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    move_clock(hours=5)
    end_reading()
    rule = catalogue.current().flows["move-in"].definition
    found = durations.of_flow(play.world.admin, rule, clock.now())
    assert found.calendar == durations.calendar_of(rule)
    assert list(found.stages) == [name for name in rule.steps if name in found.stages]
    for one in (found.stages["identity"], found.parties["customer"]):
        assert (one.instances, one.median // 3600, one.longest // 3600) == (1, 5, 5)
