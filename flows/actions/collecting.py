"""Money comes, or does not: what a provider says, and what staff see on the bank statement (X22)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select

from flows import access
from flows.actions import paying, settling, submitting, versions, withdrawing
from flows.actions.owing import owe_to_provider
from flows.catalogue import FlowDefinition
from flows.events import PaymentFailed, PaymentOnItsWay, PaymentReceived, PaymentUnexpected
from flows.models import Effect, Instance, Payment, Step
from flows.rules import payments, timing
from flows.rules.errors import Invalid, OutOfStep, Problem
from flows.rules.moves import WITH_ACTOR
from flows.rules.payments import Situation, Word
from flows.rules.words import money_in_words
from flows.words import gettext as _
from flows.work import Work

LONGEST_FAILURE = 400


def hear(work: Work, instance: Instance, payment: Payment, word: Word) -> str:
    """Do what a provider's word about a payment means, and say what that was; heard again it does nothing.

    The instance is locked. Money that cannot be kept is written down, given back, and told to people: it is never lost.
    """
    work.known.setdefault("payments", {})[payment.id] = payment  # whoever is told of it need not read it again
    if payment.provider_reference and word.reference and word.reference != payment.provider_reference:
        return _stray(work, payment, word)
    payment.provider_reference = payment.provider_reference or word.reference[:200]
    payment.charge = payment.charge or word.charge[:200]
    definition = versions.definition_of(work.session, instance)
    step = next(one for one in instance.steps if one.id == payment.step_id)
    judged = payments.verdict(word, _situation(work, instance, definition, step, payment))
    match judged.act:
        case "wait":
            _wait(work, instance, definition, payment)
        case "fail":
            _failed(work, instance, payment, judged.why)
            _turn_back(work, instance, definition)
        case "drop":
            withdrawing.end(work, payment, "cancelled")
            _turn_back(work, instance, definition)
        case "take":
            _take(work, instance, definition, step, payment, word)
        case "give_back":
            _give_back(work, instance, payment, word, judged.why)
        case "nothing" if word.outcome == "open" and payment.state == "pending":
            payment.failure = word.why[:LONGEST_FAILURE]  # a card was declined, and the checkout takes another one
    return judged.act


def confirm_by_staff(work: Work, instance: Instance, step: Step, reference: str, received_on: date) -> Payment:
    """The money for a step stands on the bank statement, exactly as much as is asked (needs `create`).

    A checkout that is open for it is called off. Raises Invalid with every problem, OutOfStep when it is paid already
    or on its way.
    """
    access.require(work.actor, "create")
    definition = versions.definition_of(work.session, instance)
    rule = paying.rule_of(definition, step)
    submitting.check_alive(work, instance)
    paying.refuse_paid(work.session, step)
    if step.state not in WITH_ACTOR:
        raise OutOfStep(_("This step cannot start yet: another one comes first"), "step-locked")
    minor = paying.price_of(work.session, instance, definition, step, work.now).minor
    if not minor:
        raise OutOfStep(_("Set the amount of this step first"))
    _check_statement(work, instance, reference, received_on)
    withdrawing.cancel_open(work, instance, step)
    payment = paying.pending(
        work, instance, definition, step, minor, "bank",
        provider_reference=access.clean(reference).strip()[:200], confirmed_by_id=work.actor.user_id,
    )  # fmt: skip
    came_at = datetime.combine(received_on, time(12), ZoneInfo(instance.time_zone)).astimezone(UTC)
    word = Word("paid", payment.provider_reference, payment.uid, minor, rule.currency)
    _take(work, instance, definition, step, payment, word, min(came_at, work.now))
    return payment


def _check_statement(work: Work, instance: Instance, reference: str, received_on: date) -> None:
    problems = []
    if not access.clean(reference).strip():
        problems.append(Problem("/reference", "required", _("Enter what the bank statement says")))
    if received_on > timing.local_date(work.now, instance.time_zone):
        problems.append(Problem("/received_on", "future", _("Enter the day on which the money came")))
    if problems:
        raise Invalid(problems)


def _situation(work: Work, instance: Instance, definition: FlowDefinition, step: Step, payment: Payment) -> Situation:
    other = None if payment.is_open else paying.paid_of(work.session, step)  # an open one is the only one of its step
    return Situation(
        state=payment.state,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        refunded_minor=payment.refunded_minor,
        is_alive=instance.is_running(work.now),
        takes_money=definition.steps[step.name].payment is not None and step.state in (*WITH_ACTOR, "locked"),
        is_paid=other is not None and other is not payment,
        price=paying.price_of(work.session, instance, definition, step, work.now).minor,
    )


def _wait(work: Work, instance: Instance, definition: FlowDefinition, payment: Payment) -> None:
    """The payer has done their part; until the money is here the system holds the baton."""
    payment.become("processing")
    payment.failure = ""
    work.record(instance, PaymentOnItsWay(payment.uid, payment.title, payment.amount_minor, payment.currency))
    work.session.flush()
    settling.settle(work, instance, definition)


def _turn_back(work: Work, instance: Instance, definition: FlowDefinition) -> None:
    """No money comes: it is the payer's turn again."""
    if instance.is_open:
        settling.settle(work, instance, definition)


def _take(
    work: Work,
    instance: Instance,
    definition: FlowDefinition,
    step: Step,
    payment: Payment,
    word: Word,
    came_at: datetime | None = None,
) -> None:
    """The money is here, and it is exactly what was asked: the step is answered."""
    if not payment.is_open:  # else there is no other
        withdrawing.cancel_open(work, instance, step, but=payment)
    _came(payment, word, came_at or work.now)
    payment.failure = ""
    withdrawing.end(work, payment, "paid")
    fact = PaymentReceived(payment.uid, payment.title, word.amount_minor, word.currency, payment.provider)
    work.record(instance, fact)
    answer = {"paid": True, "id": payment.uid, "amount": word.amount_minor}
    submitting.complete_paid(work, instance, definition, step, {step.name: answer})


def _give_back(work: Work, instance: Instance, payment: Payment, word: Word, why: str) -> None:
    """The money is here and cannot be kept: it goes back, and people are told in case something else is to be done."""
    _came(payment, word, work.now)
    here, currency = payment.money_here
    withdrawing.end(work, payment, "refunding" if here > 0 else "refunded")
    payment.failure = why
    work.record(instance, PaymentUnexpected(payment.uid, payment.title, word.amount_minor, word.currency, why))
    if here > 0:
        owe_to_provider(work, payment, "refund", "refund")
    else:
        payment.refunded_at = work.now
    told = f"{money_in_words(word.amount_minor, currency)} came for “{payment.title}”, where "
    told += f"{paying.words_of(payment)} was asked. It is paid back, because {why}"
    owe_to_provider(work, payment, "refund", "mismatch", incident=told)


def _came(payment: Payment, word: Word, at: datetime) -> None:
    payment.received_minor, payment.received_currency, payment.paid_at = word.amount_minor, word.currency[:3], at


def _failed(work: Work, instance: Instance, payment: Payment, why: str) -> None:
    payment.failure = why[:LONGEST_FAILURE]
    withdrawing.end(work, payment, "failed")
    work.record(instance, PaymentFailed(payment.uid, payment.title, payment.failure))


def _stray(work: Work, payment: Payment, word: Word) -> str:
    """Another checkout in the name of this payment. We never open two; if money came through it, people must look."""
    if word.outcome != "paid":
        return "nothing"
    what = f"stray.{word.reference}"[:120]
    known = select(Effect.id).where(Effect.key == f"{payment.uid}:{what}")
    if work.session.scalar(known) is None:
        money = money_in_words(word.amount_minor, word.currency)
        told = f"{money} came through the checkout {word.reference}, and this payment has {payment.provider_reference}"
        owe_to_provider(work, payment, "checkout", what, incident=f"{told}. Look it up at the provider")
    return "give_back"
