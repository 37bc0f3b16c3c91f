"""Paying for a step: what it costs, a checkout begun at a provider, and the amount changed by staff (C27, X22, Q27)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from flows import access, settings
from flows.actions import closing, settling, submitting, versions, withdrawing
from flows.actions.owing import owe_to_provider
from flows.actions.scope import roots, scope_of
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Payment as PaymentRule
from flows.events import AmountChanged, PaymentBegun
from flows.models import Instance, Payment, Step
from flows.models.base import opaque_id
from flows.rules import outcomes, payments, private
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.rules.expressions import ExpressionProblem, compile_text
from flows.rules.payments import Price
from flows.rules.words import money_in_words
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work

LONGEST_REASON = 400
LONGEST_REFERENCE = 200


def rule_of(definition: FlowDefinition, step: Step) -> PaymentRule:
    """How a step is paid for; Refused for a step that is not."""
    rule = definition.steps[step.name].payment
    if rule is None:
        raise Refused(_("Nothing is to be paid in this step"))
    return rule


def price_of(session: Session, instance: Instance, definition: FlowDefinition, step: Step, now: datetime) -> Price:
    """What a step costs this instance now; nobody has said it of one that its flow lets nobody pay for any more."""
    rule = definition.steps[step.name].payment
    if rule is None:
        return Price()
    names = compile_text(rule.amount).names if isinstance(rule.amount, str) else frozenset()
    scope = scope_of(session, instance, definition, now, wanted=roots(names)) if names else {}
    return payments.price_of(step.name, rule, instance.amounts, scope)


def reference_of(session: Session, instance: Instance, definition: FlowDefinition, step: Step, now: datetime) -> str:
    """What stands on the payer's statement; the reference of the instance when the flow says nothing, or would tell
    there what is private (X20).
    """
    text = compile_text(rule_of(definition, step).reference or "")
    if private.touches(text.names, private.names_of(definition)):
        return instance.reference
    try:
        words = str(text.render_or(scope_of(session, instance, definition, now, wanted=roots(text.names)), ""))
    except ExpressionProblem:
        words = ""  # better the reference that everybody knows than no way to pay
    return access.clean(words).strip()[:LONGEST_REFERENCE] or instance.reference


def begin(work: Work, instance: Instance, step: Step, provider: str = "stripe") -> Payment:
    """The payer wants to pay: the payment that they will make, whose checkout is still to be opened at the provider.

    The instance row is locked. One that is open already for the same amount is taken up again, one for another amount
    is called off. Raises OutOfStep when nothing is to be paid now, and says why.
    """
    definition = versions.definition_of(work.session, instance)
    rule = rule_of(definition, step)
    if step.state in ("completed", "skipped"):
        said = _("This is paid already") if step.state == "completed" else _("There is nothing to pay")
        raise OutOfStep(said, "already-submitted")
    submitting.check_turn(work, instance, step, None)
    if provider != "stripe" or not settings.current().takes_cards:
        raise OutOfStep(_("Nobody can pay by card here. Ask us how to pay"), "payment-needed")
    minor = _to_pay(price_of(work.session, instance, definition, step, work.now))
    open_one = open_of(work.session, step)
    if open_one is not None and open_one.state == "processing":
        raise OutOfStep(
            _("A payment of %(words_of)s is on its way. Do not pay again", words_of=words_of(open_one)),
            "payment-pending",
        )
    if open_one is not None and _is_as_good_as_new(work, open_one, minor, rule.currency):
        return open_one
    if open_one is not None:
        withdrawing.call_off(work, open_one)
    payment = pending(work, instance, definition, step, minor, provider, begun_by_id=work.actor.user_id)
    work.record(instance, PaymentBegun(payment.uid, payment.title, minor, rule.currency, provider))
    look_again(work, payment)
    return payment


def pending(
    work: Work,
    instance: Instance,
    definition: FlowDefinition,
    step: Step,
    minor: int,
    provider: str,
    *,
    provider_reference: str = "",
    begun_by_id: int | None = None,
    confirmed_by_id: int | None = None,
) -> Payment:
    """One more payment of a step, of which nothing has come yet; `minor` is its amount in minor units."""
    payment = Payment(
        uid=opaque_id("pay"),
        organisation_id=instance.organisation_id,
        instance=instance,
        step=step,
        title=definition.steps[step.name].title[:200],
        amount_minor=minor,
        currency=rule_of(definition, step).currency,
        reference=reference_of(work.session, instance, definition, step, work.now),
        provider=provider,
        provider_reference=provider_reference,
        state="pending",
        refunded_minor=0,
        looks=0,
        begun_by_id=begun_by_id,
        confirmed_by_id=confirmed_by_id,
        created_at=work.now,
    )
    work.session.add(payment)
    return payment


def ready(work: Work, payment: Payment, provider_reference: str, redirect_url: str) -> None:
    """The provider has opened the checkout. Its instance is locked.

    Raises nothing when the payment was called off meanwhile: then the checkout is closed again.
    """
    if payment.provider_reference != provider_reference:
        payment.provider_reference, payment.redirect_url = provider_reference[:200], redirect_url[:2000]
        if payment.state == "cancelled":
            owe_to_provider(work, payment, "checkout", "close")


def not_opened(work: Work, payment: Payment, why: str) -> None:
    """The provider refuses to open a checkout, and would again: staff are told why, the payer that it did not work."""
    if payment.state == "pending":
        payment.failure = N_("The payment could not be started. We are looking into it")
        withdrawing.end(work, payment, "failed")
        owe_to_provider(work, payment, "checkout", "open", incident=why)


def look_again(work: Work, payment: Payment) -> None:
    """Plan the next look at the checkout, so that a call of the provider that got lost strands nobody."""
    at = payments.next_look(payment.created_at, payment.looks, work.now)
    payment.looks += 1
    owe_to_provider(work, payment, "checkout", f"look.{payment.looks}", at=at)


def looked(work: Work, payment: Payment) -> None:
    """A planned look was taken: plan the next one, unless the payment has come to an end.

    Whoever never came back from a page that has run out long ago is waited for no more.
    """
    if payment.state == "pending" and payment.looks >= len(payments.LOOKS):
        withdrawing.call_off(work, payment)
    elif payment.is_open:
        look_again(work, payment)


def change_amount(work: Work, instance: Instance, step: Step, minor: int, reason: str = "") -> None:
    """Another amount for a step that is not paid yet (needs `create`); 0 skips the step (Q27).

    Payments that are open for the old amount are called off. Raises OutOfStep while money is on its way.
    """
    access.require(work.actor, "create")
    definition = versions.definition_of(work.session, instance)
    rule, title = rule_of(definition, step), definition.steps[step.name].title
    submitting.check_alive(work, instance)
    if problem := payments.amount_problem(minor):
        raise Invalid([problem])
    refuse_paid(work.session, step)
    before = price_of(work.session, instance, definition, step, work.now).minor
    if before == minor:
        raise Invalid(_("It is %(minor)s already", minor=money_in_words(minor, rule.currency)), "/amount", "unchanged")
    withdrawing.cancel_open(work, instance, step)
    instance.amounts = {**instance.amounts, step.name: minor}
    step.version += 1
    said = access.clean(reason).strip()[:LONGEST_REASON]
    work.record(instance, AmountChanged(step.name, title, before, minor, rule.currency, said))
    settling.settle(work, instance, definition)
    if instance.steps_done == instance.steps_total and outcomes.completes_by_itself(definition):
        closing.end_with(work, instance, definition, "complete")


def refuse_paid(session: Session, step: Step) -> None:
    """OutOfStep for a step that is paid, or whose money is on its way."""
    if step.state == "completed" or paid_of(session, step) is not None:
        raise OutOfStep(_("This step is paid already"), "already-submitted")
    open_one = open_of(session, step)
    if open_one is not None and open_one.state == "processing":
        raise OutOfStep(
            _("A payment of %(words_of)s is on its way. Wait until it is here", words_of=words_of(open_one)),
            "payment-pending",
        )


def open_of(session: Session, step: Step) -> Payment | None:
    """The payment of a step for which money may still come."""
    return _one(session, step, "pending", "processing")


def paid_of(session: Session, step: Step) -> Payment | None:
    return _one(session, step, "paid")


def words_of(payment: Payment) -> str:
    """£45.00."""
    return money_in_words(payment.amount_minor, payment.currency)


def _one(session: Session, step: Step, *states: str) -> Payment | None:
    return session.scalar(select(Payment).where(Payment.step_id == step.id, Payment.state.in_(states)))


def _to_pay(price: Price) -> int:
    if price.problem:
        raise OutOfStep(
            _("This cannot be paid yet, because %(problem)s. Ask us to set the amount", problem=price.problem)
        )
    if price.minor is None:
        raise OutOfStep(_("We have not said yet how much this is. We will tell you"))
    if price.minor == 0:
        raise OutOfStep(_("There is nothing to pay"))
    return price.minor


def _is_as_good_as_new(work: Work, payment: Payment, minor: int, currency: str) -> bool:
    """An open payment for the same money. One whose checkout was never opened is used while its key still counts."""
    same = payment.amount_minor == minor and payment.currency == currency
    return same and (bool(payment.provider_reference) or work.now - payment.created_at < payments.FRESH)
