"""Payments as the API shows them: one, and what a step says about money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from flows import settings
from flows.actions import paying
from flows.catalogue import FlowDefinition
from flows.models import Instance, Payment, Step
from flows.queries import allowed, payments
from flows.rules.actors import Actor
from portal.api import draw_links, shapes


def payment(actor: Actor, one: Payment) -> shapes.Payment:
    return shapes.Payment(
        id=one.uid,
        state=one.state,
        instance_id=one.instance.uid,
        step=one.step.name,
        title=one.title,
        amount=shapes.Money(amount=one.amount_minor, currency=one.currency),
        refunded=shapes.Money(amount=one.refunded_minor, currency=one.received_currency or one.currency),
        provider=one.provider,
        reference=one.reference,
        failure=one.trouble,
        created_at=one.created_at,
        paid_at=one.paid_at,
        refunded_at=one.refunded_at,
        links=draw_links.page_for(actor, path_of(one), f"/admin/payments/{one.uid}"),
        allowed_actions=allowed.of_payment(actor, one),
    )


def path_of(one: Payment) -> str:
    """The page of the payment's step: it also says how the payment ended."""
    return f"/tasks/{one.instance.reference}/steps/{one.step.name}/pay"


def of_steps(
    session: Session, actor: Actor, instance: Instance, definition: FlowDefinition, steps: Sequence[Step], now: datetime
) -> Mapping[str, shapes.StepPayment]:
    """What those of the steps say that are paid for; one statement when there are any."""
    paid_for = [step for step in steps if definition.steps[step.name].payment]
    found = payments.of_many(actor, paid_for)
    product = settings.current()
    ways = [name for name, is_there in (("stripe", product.takes_cards), ("bank", product.bank_details)) if is_there]
    drawn = {}
    for step in paid_for:
        newest = next(iter(found.get(step.id, ())), None)
        price = paying.price_of(session, instance, definition, step, now)
        currency = paying.rule_of(definition, step).currency
        drawn[step.name] = shapes.StepPayment(
            amount=None if price.minor is None else shapes.Money(amount=price.minor, currency=currency),
            reference=paying.reference_of(session, instance, definition, step, now),
            payment_id=newest.uid if newest else None,
            state=newest.state if newest else None,
            providers=ways,
            bank_details=product.bank_details,
        )
    return drawn
