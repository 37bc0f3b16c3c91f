"""What a flow may say about money, and what may be added to a step that is paid for."""

from __future__ import annotations

import pytest

from flows.queries import allowed
from flows.rules.errors import OutOfStep
from flows.rules.statuses import waiting_on
from tests.catalogue.shipped import problems_of, shipped, written
from tests.payments.conftest import Play
from tests.rules.conftest import make_flow, make_step

PAYMENT = '    payment: {currency: GBP, amount: ask, reference: "DEP-${{ instance.ref }}"}'


@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        ("    payment: {currency: JPY, amount: ask}", "F130", "JPY has none"),
        (f"{PAYMENT}\n    fields:\n      why: {{type: text, label: Why}}", "F131", "takes no 'fields'"),
        (f"{PAYMENT}\n    approval: {{}}", "F131", "takes no 'approval'"),
        (f"{PAYMENT}\n    done_when: has(links.agreement)", "F131", "takes no 'done_when'"),
    ],
)
def test_what_lint_says_of_a_payment_step(more: str, code: str, words: str) -> None:
    text = written("tenant-onboarding").replace(PAYMENT, more)
    found = [problem for problem in problems_of(text, "tenant-onboarding") if problem.severity == "error"]
    assert [problem.code for problem in found] == [code]
    assert words in found[0].message


@pytest.mark.parametrize("database", ["sqlite"])
def test_only_the_customer_pays() -> None:
    text = written("tenant-onboarding").replace(
        "    title: Pay your deposit\n    actor: customer", "    title: Pay your deposit\n    actor: staff"
    )
    assert [p.code for p in problems_of(text, "tenant-onboarding") if p.severity == "error"] == ["F131"]


@pytest.mark.requirement("X22")
@pytest.mark.parametrize("database", ["sqlite"])
def test_the_shipped_flow_calls_nothing_of_payments_that_is_missing() -> None:
    onboarding = shipped().flows["tenant-onboarding"]
    assert not [p for p in onboarding.problems if "payments.refund" in p.message], "the plugin is there"
    refund = shipped().action("payments.refund")
    assert refund is not None
    assert [one.name for one in refund.parameters] == ["payment"]


@pytest.mark.requirement("X4")
@pytest.mark.parametrize("database", ["sqlite"])
def test_while_money_is_on_its_way_the_system_holds_the_baton() -> None:
    flow = make_flow(pay=make_step(), ask=make_step(), see=make_step("staff"))
    states = {"pay": "open", "ask": "locked", "see": "locked"}
    assert waiting_on(flow, states, "in_progress") == "customer"
    assert waiting_on(flow, states, "in_progress", {"pay"}) == "system"
    assert waiting_on(flow, {**states, "ask": "open"}, "in_progress", {"pay"}) == "customer"
    assert waiting_on(flow, {**states, "see": "open"}, "in_progress", {"pay"}) == "staff"
    assert waiting_on(flow, states, "completed", {"pay"}) is None


@pytest.mark.requirement("C40")
def test_no_question_is_added_to_a_step_that_is_paid_for(play: Play) -> None:
    play.start()
    with pytest.raises(OutOfStep, match="by paying alone"):
        play.amend({"label": "Why?", "type": "text"})
    play.amend({"label": "Which key?", "type": "text"}, step="keys")


@pytest.mark.requirement("C33")
def test_what_may_be_done_with_a_payment_step(play: Play) -> None:
    play.start()

    def may(actor: str, step: str = "deposit") -> list[str]:
        instance = play.now()
        place = instance.step(step)
        assert place is not None
        definition = play.definition()
        who = getattr(play.world, actor)
        return allowed.of_step(who, instance, place, definition.steps[step], instance.created_at)

    assert may("tenant") == ["pay"]
    assert may("agent") == ["change_amount", "confirm_transfer"]
    assert may("reader") == []
    assert "add_field" in may("agent", "keys")
    play.change(0)
    assert may("agent") == ["change_amount"], "what costs nothing may cost something again"
    play.change(5)
    play.pay()
    assert may("tenant") == []
    assert may("admin") == []
