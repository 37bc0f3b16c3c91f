"""Payments of steps: how much, through whom, and what has become of it (X22)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Owned, one_of, uid_column
from flows.models.instances import Instance
from flows.models.steps import Step
from flows.rules.errors import OutOfStep
from flows.rules.payments import IN_WORDS, STATES, may_become
from flows.words import gettext as _
from flows.words import retold

PAYMENT_PROVIDERS = ("stripe", "bank")
TAKES_THE_STEP = text("state IN ('pending', 'processing', 'paid')")


class Payment(Owned, Base):
    """One try to pay for one step; amounts are minor units.

    `amount_minor` is what was asked, `received_minor` what came (None: nothing yet), `refunded_minor` what went back of
    it. `provider_reference` is the provider's name for the checkout, or what the bank statement says; `charge` its name
    for the money, which a refund needs. `looks` counts how often its checkout was to be looked at. A step has at most
    one payment that is pending, processing or paid: the database sees to it, so that two at the same moment are one.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("refunded_minor >= 0", name="refunded"),
        Index(
            "uq_payments_of_a_step", "step_id", unique=True,
            postgresql_where=TAKES_THE_STEP, sqlite_where=TAKES_THE_STEP,
        ),
        Index(None, "provider", "provider_reference"),
        Index(None, "charge"),
        Index(None, "state", "created_at", "id"),
        Index(None, "created_at", "id"),
    )  # fmt: skip

    uid: Mapped[str] = uid_column("pay")
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reference: Mapped[str] = mapped_column(String(200), default="")
    provider: Mapped[str] = mapped_column(one_of("provider", *PAYMENT_PROVIDERS))
    provider_reference: Mapped[str] = mapped_column(String(200), default="")
    charge: Mapped[str] = mapped_column(String(200), default="")
    redirect_url: Mapped[str] = mapped_column(String(2000), default="")
    state: Mapped[str] = mapped_column(one_of("state", *STATES), default="pending")
    failure: Mapped[str] = mapped_column(String(400), default="")
    received_minor: Mapped[int | None]
    received_currency: Mapped[str] = mapped_column(String(3), default="")
    refunded_minor: Mapped[int] = mapped_column(default=0)
    looks: Mapped[int] = mapped_column(default=0)
    begun_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]

    instance: Mapped[Instance] = relationship()
    step: Mapped[Step] = relationship()

    @property
    def is_open(self) -> bool:
        """Money may still come for it as it was asked."""
        return self.state in ("pending", "processing")

    @property
    def trouble(self) -> str:
        """What went wrong, to whoever reads it: `failure` keeps it in English, or in the words of the provider."""
        if self.failure and self.state in ("refunding", "refunded"):
            return _("It is being paid back, because %(why)s", why=retold(self.failure))
        return retold(self.failure)

    def become(self, state: str) -> None:
        """Go to another state; OutOfStep when no way leads there."""
        if not may_become(self.state, state):
            now, then = _(IN_WORDS[self.state]), _(IN_WORDS[state])
            raise OutOfStep(_("A payment that is %(state)s does not become %(state_2)s", state=now, state_2=then))
        self.state = state

    @property
    def money_here(self) -> tuple[int, str]:
        """What came and is still here, with its currency."""
        return (self.received_minor or 0) - self.refunded_minor, self.received_currency or self.currency
