"""Stripe through its own library: Checkout Sessions, refunds, and webhooks signed by Stripe."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import stripe

from flows.plugin import PassingFault, PermanentFault
from flows.rules.payments import Returned, Word
from flows.words import N_
from messaging.payments.provider import BadSignature, Checkout, Opened, Unreadable

PATIENCE_SECONDS = (3.0, 10.0)
"""To connect, and to answer."""
RETRIES = 2
TOLERANCE_SECONDS = 300
LONGEST_NAME = 200
SAYS = {
    "checkout.session.completed": "",
    "checkout.session.async_payment_succeeded": "paid",
    "checkout.session.async_payment_failed": "failed",
    "checkout.session.expired": "expired",
}
"""The events about a checkout, and what they say when the session in them does not say more."""


@dataclass(frozen=True)
class Stripe:
    """`key` is the secret key, `secret` signs their webhooks, `base` is where their API is (empty: Stripe itself)."""

    key: str
    secret: str
    base: str = ""

    def open(self, checkout: Checkout) -> Opened:
        ours = {"payment": checkout.uid, "task": checkout.instance}
        product = {"name": f"{checkout.title} ({checkout.instance})"[:LONGEST_NAME]}
        price = {
            "currency": checkout.currency.lower(), "unit_amount": checkout.amount_minor, "product_data": product,
        }  # fmt: skip
        wanted: Any = {
            "mode": "payment",
            "client_reference_id": checkout.uid,
            "metadata": ours,
            "payment_intent_data": {"description": checkout.statement, "metadata": ours},
            "line_items": [{"quantity": 1, "price_data": price}],
            "success_url": f"{checkout.page}?back=paid",
            "cancel_url": f"{checkout.page}?back=turned",
        }
        with self._asked() as client:
            session = client.v1.checkout.sessions.create(wanted, {"idempotency_key": checkout.uid})
            return Opened(session.id, str(session.url or ""))

    def look(self, checkout: Checkout) -> Word:
        try:
            with self._asked() as client:
                session = client.v1.checkout.sessions.retrieve(checkout.reference, {"expand": ["payment_intent"]})
                return word_of(session.to_dict())
        except _Missing:
            return Word("expired", checkout.reference, checkout.uid)

    def close(self, checkout: Checkout) -> None:
        try:
            with self._asked() as client:
                client.v1.checkout.sessions.expire(checkout.reference)
        except PermanentFault:
            if self.look(checkout).outcome == "open":  # else it is over already; money for it is heard of by itself
                raise

    def refund(self, checkout: Checkout) -> int:
        charge = checkout.charge or self.look(checkout).charge
        if not charge:
            raise PermanentFault(f"Stripe knows no money for {checkout.uid}; look it up in Stripe's dashboard")
        wanted: Any = {"payment_intent": charge, "metadata": {"payment": checkout.uid, "task": checkout.instance}}
        try:
            with self._asked() as client:
                made = client.v1.refunds.create(wanted, {"idempotency_key": f"{checkout.uid}-refund"})
        except _GivenBack:
            return checkout.received_minor - checkout.refunded_minor
        if made.status in ("failed", "canceled"):
            raise PermanentFault(f"Stripe could not pay {checkout.uid} back: {made.failure_reason or made.status}")
        return int(made.amount)

    def hear(self, body: bytes, signature: str) -> Word | Returned | None:
        try:
            stripe.WebhookSignature.verify_header(body, signature, self.secret, TOLERANCE_SECONDS)
        except (stripe.SignatureVerificationError, ValueError, TypeError) as wrong:
            raise BadSignature("The signature is missing, wrong or older than 5 minutes") from wrong
        return said_in(body)

    @contextmanager
    def _asked(self) -> Iterator[stripe.StripeClient]:
        """A client for one question; what goes wrong is said in our words."""
        http = stripe.RequestsClient(timeout=PATIENCE_SECONDS)
        bases: Any = {"base_addresses": {"api": self.base}} if self.base else {}
        try:
            yield stripe.StripeClient(self.key, http_client=http, max_network_retries=RETRIES, **bases)
        except stripe.StripeError as fault:
            raise _judged(fault) from fault
        finally:
            http.close()


class _Missing(PermanentFault):
    """Stripe has nothing of this name."""


class _GivenBack(PermanentFault):
    """The money went back already."""


def said_in(body: bytes) -> Word | Returned | None:
    """What an event says; None for one that is not about money. Unreadable when it is no event."""
    try:
        event = json.loads(body)
        kind, thing = event["type"], event["data"]["object"]
        if kind in SAYS:
            return word_of(thing, SAYS[kind])
        if kind == "charge.refunded":
            ours = (thing.get("metadata") or {}).get("payment") or ""
            return Returned(str(thing.get("payment_intent") or ""), int(thing["amount_refunded"]), str(ours))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise Unreadable(f"This is no event that can be read: {type(wrong).__name__}") from wrong
    return None


def word_of(session: Mapping[str, Any], said: str = "") -> Word:
    """A Checkout Session in our words; `said` is what the event around it says of one that is unpaid."""
    intent = session.get("payment_intent") or ""
    known: Mapping[str, Any] = intent if isinstance(intent, Mapping) else {"id": intent}
    fault = known.get("last_payment_error") or {}
    outcome: Any = "open"
    if session.get("payment_status") in ("paid", "no_payment_required"):
        outcome = "paid"
    elif said or session.get("status") == "expired":
        outcome = said or "expired"
    elif session.get("status") == "complete":
        outcome = "failed" if known.get("status") in ("requires_payment_method", "canceled") else "processing"
    return Word(
        outcome,
        str(session["id"]),
        str((session.get("metadata") or {}).get("payment") or session.get("client_reference_id") or ""),
        int(session.get("amount_total") or 0),
        str(session.get("currency") or "").upper(),
        str(known.get("id") or ""),
        str(fault.get("message") or (N_("Your bank did not make the payment") if outcome == "failed" else "")),
    )


def _judged(fault: stripe.StripeError) -> Exception:
    said = f"Stripe says: {fault.user_message or type(fault).__name__}"[:400]
    if isinstance(fault, stripe.APIConnectionError | stripe.RateLimitError) or (fault.http_status or 0) in (409, 429):
        return PassingFault(said)
    if isinstance(fault, stripe.APIError) or (fault.http_status or 0) >= 500:
        return PassingFault(said)
    if fault.code == "resource_missing":
        return _Missing(said)
    return _GivenBack(said) if fault.code == "charge_already_refunded" else PermanentFault(said)
