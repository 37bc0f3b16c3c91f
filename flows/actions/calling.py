"""What a plugin's hook may do: the small typed object it gets instead of a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flows import access
from flows.actions import ordering, refunding
from flows.actions.agreements import OwnAgreements
from flows.models import Effect, Instance
from flows.plugin import PermanentFault
from flows.ports import Agreements, outside_agreements
from flows.rules.errors import OutOfStep, Refused
from flows.work import Work


@dataclass(frozen=True)
class OrderVerbs:
    """The verbs of orders for plugins; `flows.plugin.OrderVerbs` is their contract."""

    work: Work

    def finalise(self, order: str, details: Mapping[str, str]) -> None:
        ordering.finalise(self.work, order, details)

    def provision(self, order: str) -> None:
        ordering.provision(self.work, order)

    def cancel(self, order: str, reason: str) -> None:
        ordering.cancel_expired(self.work, order, reason)


@dataclass(frozen=True)
class PaymentVerbs:
    """The verbs of payments for plugins; `flows.plugin.PaymentVerbs` is their contract."""

    work: Work
    instance: Instance | None

    def refund(self, payment: str) -> None:
        try:
            instance, found = access.payment_to_change(self.work, payment)
        except Refused:
            raise PermanentFault(f"There is no payment {payment}") from None
        if instance is not self.instance:
            raise PermanentFault(f"Payment {payment} is none of this task's")
        try:
            refunding.refund(self.work, found)
        except OutOfStep as refusal:
            raise PermanentFault(refusal.detail) from None


@dataclass(frozen=True)
class HookContext:
    """`flows.plugin.Context` for one effect."""

    work: Work
    effect: Effect

    @property
    def key(self) -> str:
        return self.effect.key

    @property
    def now(self) -> datetime:
        return self.work.now

    @property
    def instance_ref(self) -> str | None:
        return None if self.effect.instance is None else self.effect.instance.reference

    @property
    def orders(self) -> OrderVerbs:
        return OrderVerbs(self.work)

    @property
    def agreements(self) -> Agreements:
        """The provider beside the product where there is one, else our own table in this very transaction."""
        return outside_agreements() or OwnAgreements(self.work, self.effect.instance)

    @property
    def payments(self) -> PaymentVerbs:
        return PaymentVerbs(self.work, self.effect.instance)
