"""What the product asks of a payment provider, in its own words; faults are those of every errand to the outside."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from flows import settings as settings_room
from flows.models import Payment
from flows.rules.payments import Returned, Word


class Checkout(NamedTuple):
    """A payment as plain values, so that a provider is asked with no transaction open.

    `reference` and `charge` are the provider's names for the checkout and the money, `statement` is what the payer
    reads on theirs, `page` the address of the step that is paid for. Amounts are minor units.
    """

    uid: str
    state: str
    provider: str
    title: str
    amount_minor: int
    currency: str
    statement: str
    reference: str
    charge: str
    redirect_url: str
    received_minor: int
    refunded_minor: int
    instance: str
    page: str


class Opened(NamedTuple):
    """A checkout at the provider: its name for it, and where the payer goes."""

    reference: str
    url: str


class BadSignature(Exception):
    """A call does not come from whom it says."""


class Unreadable(Exception):
    """A call comes from them, and cannot be understood."""


class Provider(Protocol):
    """Who has the money of a payment. Every method may raise PassingFault or PermanentFault; none needs a database."""

    def look(self, checkout: Checkout, /) -> Word:
        """How the checkout stands."""

    def close(self, checkout: Checkout, /) -> None:
        """Let nobody pay there any more; one that is over already stays as it is."""

    def refund(self, checkout: Checkout, /) -> int:
        """Give back what is still there of the money; returns how much went now. Asked twice it goes once."""


class Online(Provider, Protocol):
    """A provider with a page to pay on, that calls when something has happened there."""

    def open(self, checkout: Checkout, /) -> Opened:
        """Open the checkout; the same one asked for twice is opened once."""

    def hear(self, body: bytes, signature: str) -> Word | Returned | None:
        """What a call of theirs says; None when it is not about money. Raises BadSignature or Unreadable."""


def checkout_of(payment: Payment) -> Checkout:
    """The plain values of a payment and where it belongs."""
    instance = payment.instance
    return Checkout(
        payment.uid,
        payment.state,
        payment.provider,
        payment.title,
        payment.amount_minor,
        payment.currency,
        payment.reference,
        payment.provider_reference,
        payment.charge,
        payment.redirect_url,
        payment.received_minor or 0,
        payment.refunded_minor,
        instance.reference,
        f"{settings_room.current().origin}/tasks/{instance.reference}/steps/{payment.step.name}/pay",
    )
