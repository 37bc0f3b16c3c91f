"""Who decides on answers: by themselves, or for a colleague who is away; and how long each party held the baton."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from flows.catalogue.schema import Approval
from flows.rules import reviews, statuses
from flows.rules.actors import Actor
from flows.rules.people import Standing
from flows.rules.reviews import Right

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


def right(
    away: list[Away], actor: Actor = REVIEWER, submitted_by: int | None = None, approvers: Sequence[int] = ()
) -> Right:
    return reviews.right_to_review(actor, LETTINGS, submitted_by, Standing(), away=lambda: away, approvers=approvers)


@pytest.mark.requirement("X6")
def test_stands_in_with_the_roles_of_whoever_is_away() -> None:
    assert right([BEN, ADA]) == Right(instead_of="Ada")
    assert right([BEN]) == right([]) == Right("This is reviewed by lettings")
    clerk = Actor("staff", 1, "Cleo", permissions=frozenset({"view"}))
    assert right([ADA], actor=clerk).refusal == 'Your role does not grant "review"'


@pytest.mark.requirement("X7")
def test_nobody_stands_in_for_the_one_who_sent_it_nor_for_themselves() -> None:
    assert right([ADA], submitted_by=ADA.user_id).refusal == "This is reviewed by lettings"
    assert right([ADA], submitted_by=REVIEWER.user_id).refusal.startswith("You sent these answers yourself")


@pytest.mark.requirement("Q17")
def test_whoever_approved_decides_no_more_and_nobody_is_asked_for() -> None:
    lettings = replace(REVIEWER, roles=frozenset({"lettings"}))
    assert right([ADA], actor=lettings, approvers=[7]) == Right()
    assert right([ADA], actor=lettings, approvers=[7, 1]).refusal.startswith("You have approved this already")
    assert reviews.right_to_review(lettings, LETTINGS, None, Standing(), away=lambda: pytest.fail("asked")) == Right()


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
