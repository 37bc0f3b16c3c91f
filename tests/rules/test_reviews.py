"""Who decides on answers: by themselves, or for a colleague who is away; and how long each party held the baton."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from flows.catalogue.schema import Approval
from flows.rules import reviews, statuses
from flows.rules.actors import Actor
from flows.rules.people import Standing

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LETTINGS = Approval(by=("role.lettings",))
REVIEWER = Actor("staff", 1, "Gus", permissions=frozenset({"view", "review"}), roles=frozenset({"agent"}))


@dataclass(frozen=True)
class Away:
    user_id: int
    name: str
    roles: frozenset[str]


ADA = Away(2, "Ada", frozenset({"lettings"}))
BEN = Away(3, "Ben", frozenset({"repairs"}))


@pytest.mark.requirement("X6")
def test_stands_in_with_the_roles_of_whoever_is_away() -> None:
    assert reviews.decides_for(REVIEWER, LETTINGS, None, Standing(), [BEN, ADA]) == "Ada"
    assert reviews.decides_for(REVIEWER, LETTINGS, None, Standing(), [BEN]) is None
    assert reviews.decides_for(REVIEWER, LETTINGS, None, Standing(), []) is None
    clerk = Actor("staff", 1, "Cleo", permissions=frozenset({"view"}))
    assert reviews.decides_for(clerk, LETTINGS, None, Standing(), [ADA]) is None


@pytest.mark.requirement("X7")
def test_nobody_stands_in_for_the_one_who_sent_it_nor_for_themselves() -> None:
    assert reviews.decides_for(REVIEWER, LETTINGS, ADA.user_id, Standing(), [ADA]) is None
    assert reviews.decides_for(REVIEWER, LETTINGS, REVIEWER.user_id, Standing(), [ADA]) is None


@pytest.mark.requirement("X4")
def test_time_is_counted_for_each_party_up_to_now_for_the_one_who_holds_it() -> None:
    waited = {"customer": 7200, "staff": 60}
    hour = timedelta(hours=1)
    assert statuses.time_held(waited, "staff", NOON, NOON + hour) == {
        "customer": 2 * hour,
        "staff": hour + timedelta(minutes=1),
    }
    assert statuses.time_held({}, "system", NOON, NOON + hour) == {"system": hour}
    assert statuses.time_held(waited, None, None, NOON) == {"customer": 2 * hour, "staff": timedelta(minutes=1)}
    assert statuses.time_held({}, "staff", NOON + hour, NOON) == {"staff": timedelta()}, "clocks of two machines differ"
