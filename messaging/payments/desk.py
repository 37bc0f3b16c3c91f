"""The desk at which payments are begun and looked after: our transaction, then the provider, then our transaction."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import structlog

from flows import access
from flows import settings as settings_room
from flows.actions import collecting, paying, refunding
from flows.actions.accounts.tallies import count_try
from flows.actions.delivering import Owed
from flows.plugin import PermanentFault
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import OutOfStep
from flows.rules.payments import Returned, Word
from flows.words import gettext as _
from flows.work import Work, end_reading, unit_of_work
from messaging.payments.by_bank import Bank
from messaging.payments.provider import Checkout, Online, Provider, checkout_of

log = structlog.get_logger(__name__)

MOST_PRESSES = 120
"""Of one person in an hour."""
MOST_BEGINNINGS = 2
"""A checkout that turns out to have run out is begun anew once."""

Ending = Callable[[Work], dict[str, Any]]
"""What is written down once an errand is done; as in `messaging.outbox`."""


def start(actor: Actor, ref: str, step: str) -> str:
    """The customer wants to pay: where they go for it; empty when it turns out that nothing is to be paid any more.

    Raises what the verb refuses, and the faults of the provider; a fault that passes leaves a payment that the next
    try takes up again.
    """
    for _try in range(MOST_BEGINNINGS):
        with unit_of_work(actor) as work:
            count(work)
            instance = access.instance_to_change(work, ref)
            payment = paying.begin(work, instance, access.step_of(instance, step))
            uid = payment.uid
        if address := lead_to(uid):
            return address
        if _read(uid).state != "cancelled":
            return ""
    return ""


def count(work: Work) -> None:
    """Each press of a button may ask the provider something, and it counts our questions too. Raises Busy."""
    count_try(work, f"pay:{work.actor.user_id}", most=MOST_PRESSES, window_seconds=3600)


def lead_to(uid: str) -> str:
    """Where this payment is made, its checkout opened if it is not yet; empty when it cannot be made any more."""
    checkout = _read(uid)
    if checkout.state != "pending":
        return ""
    if checkout.reference:
        look(uid)
        return checkout.redirect_url if _read(uid).state == "pending" else ""
    try:
        opened = stripe().open(checkout)
    except PermanentFault as fault:
        log.error("checkout_refused", payment=uid, fault=fault.detail)
        with unit_of_work(SYSTEM) as work:
            paying.not_opened(work, access.payment_to_change(work, uid)[1], fault.detail)
        raise
    with unit_of_work(SYSTEM) as work:
        payment = access.payment_to_change(work, uid)[1]
        paying.ready(work, payment, opened.reference, opened.url)
        called_off = payment.state == "cancelled"
    if called_off:
        raise OutOfStep(_("What is to be paid changed at this very moment. Look again, then pay"))
    return opened.url


def look_for(actor: Actor, uid: str) -> str:
    """The customer is back and asks how their payment stands; returns our state of it now."""
    with unit_of_work(actor) as work:
        count(work)
    return look(uid)


def look(uid: str) -> str:
    """Ask the provider how a payment stands, and do what that means; returns our state of it now."""
    checkout = _read(uid)
    if checkout.state in ("pending", "processing") and checkout.reference:
        word = provider_of(checkout).look(checkout)
        with unit_of_work(SYSTEM) as work:
            collecting.hear(work, *access.payment_to_change(work, uid), word)
    return _read(uid).state


def told(said: Word | Returned) -> None:
    """A provider called. Raises Refused when it speaks of a payment that we do not know."""
    with unit_of_work(SYSTEM) as work:
        if isinstance(said, Word):
            collecting.hear(work, *access.payment_told_of(work, "stripe", said.payment, said.reference), said)
        else:
            known = access.payment_told_of(work, "stripe", said.payment, charge=said.charge)
            refunding.returned(work, *known, said.total_minor)


# --- errands of the outbox --------------------------------------------------------------------------------------


def give_back(owed: Owed) -> Ending:
    """Carry out a refund that is owed; one that was given back meanwhile is done."""
    uid = str(owed.payload["with"]["payment"])
    checkout = _read(uid)
    if checkout.state != "refunding":
        return lambda _work: {"state": checkout.state}
    gone = provider_of(checkout).refund(checkout)

    def ending(work: Work) -> dict[str, Any]:
        instance, payment = access.payment_to_change(work, uid)
        refunding.returned(work, instance, payment, checkout.refunded_minor + gone)
        return {"refunded": gone}

    return ending


def see_to(owed: Owed) -> Ending:
    """Look at a checkout, or close it."""
    uid, what = str(owed.payload["with"]["payment"]), str(owed.payload["with"]["what"])
    checkout = _read(uid)
    if what == "close":
        provider_of(checkout).close(checkout)
        return lambda _work: {}
    asked = checkout.state in ("pending", "processing") and checkout.reference
    word = provider_of(checkout).look(checkout) if asked else None

    def ending(work: Work) -> dict[str, Any]:
        instance, payment = access.payment_to_change(work, uid)
        if word is not None:
            collecting.hear(work, instance, payment, word)
        paying.looked(work, payment)
        return {"found": word.outcome if word else payment.state}

    return ending


# --- providers --------------------------------------------------------------------------------------------------


def provider_of(checkout: Checkout) -> Provider:
    """The provider that a payment goes through. PermanentFault when the settings do not name it any more."""
    if checkout.provider == "bank":
        return Bank()
    return stripe()


def stripe() -> Online:
    """Stripe as the settings have it."""
    settings = settings_room.current()
    if not settings.takes_cards:
        raise PermanentFault("Stripe is not set up; set BATON_STRIPE_KEY, then retry")
    return _stripe(*settings.stripe_keys(), settings.stripe_base)


@lru_cache(maxsize=4)
def _stripe(key: str, secret: str, base: str) -> Online:
    from messaging.payments.by_stripe import Stripe  # 30 MB that a process without a payment does without

    return Stripe(key, secret, base)


def _read(uid: str) -> Checkout:
    """The payment as it stands, with no transaction left open."""
    checkout = checkout_of(access.payment_to_read(SYSTEM, uid))
    end_reading()
    return checkout
