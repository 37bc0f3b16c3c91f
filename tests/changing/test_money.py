"""Money and another version of the flow: what is under way holds a move, and no money that comes is ever ignored."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import collecting, paying, withdrawing
from flows.authoring import migrate
from flows.models import Effect, Payment
from flows.rules.actors import SYSTEM
from flows.rules.errors import OutOfStep
from flows.rules.payments import Word
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from tests.changing.conftest import Changing

FEE = (
    "  keys:\n",
    "  fee:\n    title: Pay the fee\n    actor: customer\n"
    '    payment: {currency: GBP, amount: "${{ 1000 }}"}\n  keys:\n',
)
DEARER = (FEE[0], FEE[1].replace("1000", "2000"))
FREE = (
    FEE[0],
    FEE[1].replace('payment: {currency: GBP, amount: "${{ 1000 }}"}', "fields: {how: {type: text, label: How}}"),
)
OTHER_WORDS = ("title: Your household", "title: Who lives with you")
BEING_PAID = "“Pay the fee” is being paid, and not in this way any more"
STAYS = "“Pay the fee” is paid, and nothing is to be paid in it any more: only people give the money back"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, stripe_key="sk_test_1", stripe_webhook_secret="whsec_1")


def begin(change: Changing, ref: str = "") -> str:
    """The customer presses Pay: our name for the payment."""
    with unit_of_work(change.world.tenant) as work:
        instance = access.instance_to_change(work, ref or change.ref)
        return paying.begin(work, instance, access.step_of(instance, "fee")).uid


def call_off(change: Changing) -> None:
    with unit_of_work(SYSTEM) as work:
        withdrawing.cancel_open(work, access.instance_to_change(work, change.ref))


def hear(uid: str) -> str:
    """The provider says that it was paid."""
    word = Word("paid", "cs_1", uid, 1_000, "GBP", charge="ch_1")
    with unit_of_work(SYSTEM) as work:
        return collecting.hear(work, *access.payment_told_of(work, "stripe", uid), word)


def states() -> list[str]:
    end_reading()
    return [*access.read_as(SYSTEM).scalars(select(Payment.state).order_by(Payment.id))]


def refunds_owed() -> int:
    end_reading()
    query = select(Effect.id).where(Effect.kind == "refund", Effect.state == "pending")
    return len(access.read_as(SYSTEM).scalars(query).all())


@pytest.mark.requirement("X13", "X22")
def test_money_that_comes_after_the_payment_has_gone_from_the_flow_is_given_back(change: Changing) -> None:
    change.write(FEE)
    change.start()
    uid = begin(change)
    call_off(change)
    change.migrate(change.write(FREE))
    assert hear(uid) == "give_back"
    assert (states(), refunds_owed()) == (["refunding"], 1)
    assert "payment_unexpected" in change.kinds()
    assert change.states()["fee"] == "open"


@pytest.mark.requirement("X13", "X22")
def test_money_under_way_holds_a_move_unless_it_is_asked_for_just_so(change: Changing) -> None:
    change.write(FEE)
    change.start()
    uid = begin(change)
    for other in (DEARER, FREE, (FEE[0], FEE[1].replace("    payment:", "    when: 1 > 2\n    payment:"))):
        verdict, reasons = change.said(change.write(other))
        assert (verdict, reasons[0]) == ("red", BEING_PAID), other
    number = change.write(FEE, OTHER_WORDS)
    assert change.said(number) == ("green", [])
    change.migrate(number)
    assert hear(uid) == "take"
    assert change.states()["fee"] == "completed"
    verdict, reasons = change.said(change.write(FREE))
    assert (verdict, STAYS in reasons) == ("yellow", True)
    verdict, reasons = change.said(change.write())
    assert (verdict, STAYS in reasons) == ("yellow", True), "the step is gone altogether"


@pytest.mark.requirement("X13", "X22")
@pytest.mark.parametrize("is_called_off", [False, True])
def test_a_move_is_not_taken_back_when_somebody_has_begun_to_pay_since(change: Changing, is_called_off: bool) -> None:
    change.start()
    change.migrate(change.write(FEE), run="mig_one")
    uid = begin(change)
    if is_called_off:
        call_off(change)
    with pytest.raises(OutOfStep, match="has gone on since it moved: payment begun"):
        change.undo()
    assert hear(uid) == ("give_back" if is_called_off else "take")


@pytest.mark.requirement("X13", "X22")
def test_one_that_is_being_paid_does_not_hold_up_the_others_of_its_run(change: Changing) -> None:
    refs = [change.start().reference for _ in range(3)]
    number = change.write(FEE)
    for ref in refs:
        change.ref = ref
        change.migrate(number, run="mig_one")
    begin(change, refs[1])
    ids = migrate.of_run(SYSTEM, "mig_one")
    went = [*migrate.undo(SYSTEM, "mig_one", ids)]
    assert [bool(one.why_not) for one in went] == [False, True, False]
    for ref, stands_on in zip(refs, (1, number, 1), strict=True):
        change.ref = ref
        assert change.now().flow_version.number == stands_on
    change.check()
