"""What happened to money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flows.events.base import Event


@dataclass(frozen=True)
class AmountChanged(Event):
    """`before_minor` is None when nobody had said an amount before."""

    step: str
    title: str
    before_minor: int | None
    after_minor: int
    currency: str
    reason: str = ""


@dataclass(frozen=True)
class PaymentBegun(Event):
    staff_only: ClassVar[bool] = True
    payment: str
    title: str
    amount_minor: int
    currency: str
    provider: str


@dataclass(frozen=True)
class PaymentOnItsWay(Event):
    """The payer has done their part, and their bank takes its time."""

    payment: str
    title: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class PaymentReceived(Event):
    payment: str
    title: str
    amount_minor: int
    currency: str
    provider: str


@dataclass(frozen=True)
class PaymentFailed(Event):
    payment: str
    title: str
    why: str


@dataclass(frozen=True)
class PaymentUnexpected(Event):
    """Money came that cannot be kept, and goes back; `why` is a half sentence."""

    payment: str
    title: str
    amount_minor: int
    currency: str
    why: str


@dataclass(frozen=True)
class PaymentRefunded(Event):
    payment: str
    amount_minor: int
    currency: str
