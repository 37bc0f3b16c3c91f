"""A customer asks that an ended request is taken up again; staff hear of it and decide (P10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from flows import access
from flows.access import read_as
from flows.actions import closing, reopening
from flows.models import Notice
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Busy, Invalid, OutOfStep, Refused
from flows.work import unit_of_work
from tests.guided.conftest import Play


@pytest.fixture
def parts() -> tuple[str, ...]:
    """Who hears of it is said in messaging."""
    return ("messaging",)


def end(play: Play) -> None:
    with unit_of_work(play.world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, play.ref), "Not needed")


def ask(play: Play, actor: Actor, reason: str = "The leak is back") -> None:
    with unit_of_work(actor) as work:
        reopening.ask(work, access.instance_to_change(work, play.ref), reason)


def told(user_id: int | None) -> list[str]:
    return list(read_as(SYSTEM).scalars(select(Notice.text).where(Notice.user_id == user_id, Notice.kind == "work")))


@pytest.mark.requirement("D5", "Q7")
def test_who_works_on_it_hears(play: Play) -> None:
    play.start(assignee="usr_gus")
    end(play)
    version = play.now().version
    ask(play, play.world.tenant)
    assert play.kinds()[-1] == "reopening_asked"
    assert (play.now().status, play.now().version) == ("cancelled", version + 1), "staff decide"
    assert ["The leak is back" in one for one in told(play.world.agent.user_id)] == [True]
    assert told(play.world.admin.user_id) == []


def test_where_nobody_works_on_it_those_hear_who_may_take_it_up(play: Play) -> None:
    play.start()
    end(play)
    ask(play, play.world.tenant)
    assert len(told(play.world.admin.user_id)) == 1
    assert told(play.world.agent.user_id) == []


def test_who_may_not_and_when(play: Play, move_clock: Callable[..., datetime]) -> None:
    play.start()
    with pytest.raises(OutOfStep):
        ask(play, play.world.tenant)
    end(play)
    with pytest.raises(Refused):
        ask(play, play.world.admin)
    for reason in ("  ", "x" * 1001):
        with pytest.raises(Invalid):
            ask(play, play.world.tenant, reason)
    for _ in range(reopening.ASKED_A_DAY):
        ask(play, play.world.tenant)
    with pytest.raises(Busy):
        ask(play, play.world.tenant)
    move_clock(days=15)
    with pytest.raises(OutOfStep):
        ask(play, play.world.tenant)
