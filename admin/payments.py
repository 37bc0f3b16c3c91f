"""What staff see of the money in a task: a card below each step that is paid for, and words and tones of its states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from admin.showing import Tag
from flows.access import read_as
from flows.actions import paying
from flows.catalogue import FlowDefinition
from flows.models import Instance, Payment, Step
from flows.queries import allowed, payments
from flows.rules.actors import Actor
from flows.rules.words import money_in_words
from flows.words import gettext as _

TAGS = {
    "pending": Tag(_l("Not paid yet"), "info"),
    "processing": Tag(_l("On its way"), "info"),
    "paid": Tag(_l("Paid"), "ok"),
    "failed": Tag(_l("Failed"), "warn"),
    "cancelled": Tag(_l("Called off"), "plain"),
    "refunding": Tag(_l("Being paid back"), "warn"),
    "refunded": Tag(_l("Paid back"), "plain"),
}
PROVIDERS = {"stripe": _l("Stripe"), "bank": _l("Bank transfer")}


@dataclass(frozen=True)
class Card:
    """One step that is paid for: its price in words, what was paid or tried, and what this person may do."""

    price: str
    problem: str
    payments: Sequence[Payment]
    actions: frozenset[str]
    address: str


def cards_of(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime) -> dict[str, Card]:
    """By the step's name, in one statement; none for a flow without money."""
    steps = [step for step in instance.steps if definition.steps[step.name].payment]
    found = payments.of_many(actor, steps)
    return {step.name: _card(actor, instance, definition, step, found.get(step.id, ()), now) for step in steps}


def _card(
    actor: Actor,
    instance: Instance,
    definition: FlowDefinition,
    step: Step,
    found: Sequence[Payment],
    now: datetime,
) -> Card:
    price = paying.price_of(read_as(actor), instance, definition, step, now)
    currency = paying.rule_of(definition, step).currency
    return Card(
        _("Not set yet") if price.minor is None else money_in_words(price.minor, currency),
        price.problem,
        found,
        frozenset(allowed.of_step(actor, instance, step, definition.steps[step.name], now)),
        f"/admin/payments/of/{instance.reference}/{step.name}",
    )


def words() -> dict[str, Any]:
    """What `back/payment.html` asks for."""
    return {
        "payment_tag": tag_of,
        "payment_provider": provider_of,
        "payment_reference": reference_of,
        "payment_may": allowed.of_payment,
        "money": money_in_words,
    }


def tag_of(payment: Payment) -> Tag:
    return TAGS[payment.state]


def provider_of(payment: Payment) -> str:
    return PROVIDERS[payment.provider]


def reference_of(payment: Payment) -> str:
    """What stands on a bank statement: ours for a transfer, else the payer's."""
    return payment.provider_reference if payment.provider == "bank" else payment.reference
