"""Money at the same moment as something else: one of them wins, the other is told, and the money is never lost."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from flows.rules.payments import Word
from messaging.payments import desk
from tests.actions.test_races import at_once
from tests.payments.conftest import Play

ROUNDS = 20


def word(play: Play, uid: str = "") -> Word:
    payment = play.payment(uid)
    return Word(
        "paid", payment.provider_reference or f"cs_{payment.uid}", payment.uid, 45_000, "GBP", f"pi_{payment.uid}"
    )


@pytest.mark.requirement("X22")
def test_the_same_callback_eight_times_at_once(play: Play) -> None:
    play.start()
    play.begin()
    said = word(play)
    outcomes = at_once(play.app, *[partial(play.hear, said)] * 8)
    assert outcomes == ["done"] * 8
    assert play.states() == ["paid"]
    assert Counter(play.kinds())["payment_received"] == 1
    assert play.mails() == ["payment-receipt"]
    assert play.incidents() == []


@pytest.mark.requirement("X22")
def test_eight_clicks_at_once_are_one_payment(play: Play) -> None:
    play.start()
    outcomes = at_once(play.app, *[partial(desk.start, play.world.tenant, play.ref, "deposit")] * 8)
    assert set(outcomes) <= {"done", "invalid-transition"}
    assert outcomes.count("done") >= 1
    assert len(play.payments()) == 1
    assert len(play.till.till.sessions) == 1


@pytest.mark.requirement("X22", "Q5")
def test_money_against_cancellation(play: Play) -> None:
    """Both are kept: the step is paid and then the request ends, or it ends and the money goes back."""
    seen: Counter[str] = Counter()
    for _ in range(ROUNDS):
        play.start()
        play.begin()
        outcomes = at_once(play.app, partial(play.hear, word(play)), play.cancel)
        assert outcomes == ["done", "done"]
        assert play.now().status == "cancelled"
        state, answer = play.payment().state, play.answer()
        assert (state, answer is None) in (("paid", False), ("refunding", True)), (state, answer)
        seen[state] += 1
        play.run()
        assert play.payment().state in ("paid", "refunding", "refunded")
    assert sum(seen.values()) == ROUNDS


@pytest.mark.requirement("X22", "Q27")
def test_money_against_a_changed_amount(play: Play) -> None:
    for _ in range(ROUNDS):
        play.start()
        play.begin()
        outcomes = at_once(play.app, partial(play.hear, word(play)), partial(play.change, 50_000))
        state = play.payment().state
        if outcomes == ["done", "already-submitted"]:
            assert (state, play.state()) == ("paid", "completed")
        else:
            assert outcomes == ["done", "done"]
            assert (state, play.state()) == ("refunding", "open")


@pytest.mark.requirement("X22")
def test_money_by_card_against_money_by_bank(play: Play) -> None:
    for _ in range(ROUNDS):
        play.start()
        play.begin()
        outcomes = at_once(play.app, partial(play.hear, word(play)), play.confirm)
        states = Counter(row.state for row in play.payments()[-2:] if row.instance_id == play.now().id)
        if outcomes == ["done", "already-submitted"]:
            assert states == {"paid": 1}
        else:
            assert outcomes == ["done", "done"]
            assert states == {"paid": 1, "refunding": 1}
        assert play.state() == "completed"


@pytest.mark.requirement("X22")
def test_two_refunds_at_once_are_one(play: Play) -> None:
    play.start()
    play.pay()
    outcomes = at_once(play.app, *[play.refund] * 6)
    assert sorted(outcomes) == ["done", *["invalid-transition"] * 5]
    play.run()
    (charge,) = play.till.till.charges.values()
    assert charge["amount_refunded"] == 45_000
