"""The shipped move-in flow with its deposit: asked for at the start, paid in turn, given back when it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from flows import access, catalogue
from flows.actions import beginning, closing, reviewing, versions
from flows.actions.beginning import Wish
from flows.catalogue.loader import load_packages
from flows.rules.errors import Invalid
from flows.work import unit_of_work
from tests import files_play
from tests.catalogue.shipped import entry_points
from tests.payments.conftest import Play

HOUSEHOLD = {"people": 2, "income": "3,000.00", "has_pets": False}


@pytest.fixture
def moving_in(play: Play) -> Iterator[Play]:
    """Everything before the deposit is done."""
    before = catalogue.current()
    catalogue.use(load_packages(entry_points().items(), [Path(__file__).parent / "flows"]))
    yield play
    catalogue.use(before)


def begin(play: Play, deposit: int) -> None:
    play.step = "deposit"
    wish = Wish(inputs={"rent": "1,000.00"}, amounts={"deposit": deposit})
    with unit_of_work(play.world.agent) as work:
        instance = beginning.start_by_staff(work, "tenant-onboarding", "usr_priya", wish)
        work.session.flush()
        play.ref = instance.reference
    passport = files_play.ready(play.world.tenant, "passport.jpg")
    identity = {"legal_name": "Priya Shah", "born": "1990-05-01", "passport": passport, "right_to_rent": "y"}
    play.submit("identity", identity)
    lettings = replace(play.world.agent, roles=frozenset({"lettings"}))
    with unit_of_work(lettings) as work:
        instance = access.instance_to_change(work, play.ref)
        reviewing.approve(work, instance, access.step_of(instance, "identity"))
    play.submit("household", HOUSEHOLD)


@pytest.mark.requirement("C27", "C28", "X22")
def test_the_deposit_is_asked_at_the_start_and_paid_in_turn(moving_in: Play) -> None:
    play = moving_in
    with pytest.raises(Invalid) as wrong, unit_of_work(play.world.agent) as work:
        beginning.start_by_staff(work, "tenant-onboarding", "usr_priya", Wish(inputs={"rent": "1,000.00"}))
    assert [problem.pointer for problem in wrong.value.problems] == ["/amounts/deposit"]
    begin(play, 45_000)
    assert (play.state(), play.state("agreement")) == ("open", "locked")
    play.pay()
    assert play.answer() == {"paid": True, "id": play.payment().uid, "amount": 45_000}
    assert (play.payment().reference, play.state("agreement")) == (f"DEP-{play.ref}", "open")


@pytest.mark.requirement("X22")
def test_closing_the_request_gives_the_deposit_back(moving_in: Play) -> None:
    play = moving_in
    begin(play, 45_000)
    play.pay()
    with unit_of_work(play.world.admin) as work:
        instance = access.instance_to_change(work, play.ref)
        definition = versions.definition_of(work.session, instance)
        closing.close_request(work, instance, definition, "close", "The flat is not free any more.")
    play.run()
    assert play.states() == ["refunded"]
    (charge,) = play.till.till.charges.values()
    assert charge["amount_refunded"] == 45_000


@pytest.mark.requirement("Q27")
def test_no_deposit_is_no_step(moving_in: Play) -> None:
    play = moving_in
    begin(play, 0)
    assert (play.state(), play.state("agreement")) == ("skipped", "open")
    with unit_of_work(play.world.admin) as work:
        instance = access.instance_to_change(work, play.ref)
        definition = versions.definition_of(work.session, instance)
        closing.close_request(work, instance, definition, "close", "The flat is not free any more.")
    play.run()
    assert play.payments() == []
    assert play.owed("call") == play.owed("call", "incident") == []
