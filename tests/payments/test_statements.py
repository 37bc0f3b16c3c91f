"""A whole life of a request with money in it takes few statements, with mails and notices written down beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from flows import access
from flows.actions import beginning, closing, collecting, paying, reviewing
from flows.actions.beginning import Wish
from flows.models import Instance, Step
from flows.rules.actors import SYSTEM, Actor
from flows.rules.payments import Word
from flows.work import Work, unit_of_work
from tests.payments.conftest import Play

MOST = 80
DEPOSIT = 87_690
Counted = Callable[[], list[str]]


def live(play: Play, counted: list[str]) -> dict[str, int]:
    """Created, sent, returned, sent again, approved, the next step sent, paid by card, closed: statements by act."""
    agent = play.world.agent
    reviewer, so_far, payments = replace(agent, roles=frozenset({"agent"})), len(counted), list[str]()
    statements: dict[str, int] = {}

    def create(work: Work) -> None:
        wish = Wish(amounts={"deposit": DEPOSIT}, message="I look forward to meeting you.")
        instance = beginning.start_by_staff(work, "letting", "usr_priya", wish)
        work.session.flush()
        play.ref = instance.reference

    def on(name: str, act: Callable[[Work, Instance, Step], object]) -> Callable[[Work], object]:
        def acting(work: Work) -> object:
            instance = access.instance_to_change(work, play.ref)
            return act(work, instance, access.step_of(instance, name))

        return acting

    def send_back(work: Work, instance: Instance, step: Step) -> None:
        remarks = {"legal_name": "The whole of it"}
        reviewing.return_for_resubmission(work, instance, step, message="As in your passport", remarks=remarks)

    def hear(work: Work) -> None:
        word = Word("paid", "cs_1", payments[0], DEPOSIT, "GBP", "pi_1")
        collecting.hear(work, *access.payment_told_of(work, "stripe", word.payment, word.reference), word)

    def conclude(work: Work, instance: Instance, _step: Step) -> None:
        closing.conclude(work, instance, "complete", "Welcome home, Priya.")

    def did(what: str) -> None:
        nonlocal so_far
        statements[what], so_far = len(counted) - so_far, len(counted)

    def do(what: str, who: Actor, act: Callable[[Work], object]) -> None:
        with unit_of_work(who) as work:
            act(work)
        did(what)

    do("create", agent, create)
    for what, name in (("submit", "Priya"), ("submit again", "Priya Shah")):
        play.submit("identity", {"legal_name": name, "right_to_rent": "y"})
        did(what)
        if what == "submit":
            do("return", reviewer, on("identity", send_back))
    do("approve", reviewer, on("identity", reviewing.approve))
    play.submit("household", {"people": 2})
    did("submit the next")
    do("begin to pay", play.world.tenant, on("deposit", lambda *of: payments.append(paying.begin(*of).uid)))
    do("paid", SYSTEM, hear)
    do("conclude", reviewer, on("deposit", conclude))
    return statements


@pytest.mark.requirement("X22")
def test_a_whole_life_takes_at_most_80_statements(play: Play, count_statements: Counted) -> None:
    live(play, [])  # publishes the flow's text once
    counted = count_statements()
    by_act = live(play, counted)
    made = len(counted)
    assert play.now().outcome == "complete"
    assert [payment.state for payment in play.payments()] == ["paid", "paid"]
    assert len(play.owed("email")) == 2 * 4, "asked to begin, returned, receipt, outcome: messaging listened"
    assert made <= MOST, f"{made}: {by_act}\n" + "\n".join(counted[:made])
