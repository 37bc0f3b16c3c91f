"""Payments of steps: how much, through whom, and what has become of it (X22)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Owned, one_of, uid_column
from flows.models.instances import Instance
from flows.models.steps import Step

PAYMENT_PROVIDERS = ("stripe", "bank")
PAYMENT_STATES = ("pending", "processing", "paid", "failed", "cancelled", "refunding", "refunded")


class Payment(Owned, Base):
    """One try to pay for one step. `provider_reference` is the provider's id for it; amounts are minor units.

    A step has at most one that is pending, processing or paid.
    """

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        Index(None, "provider", "provider_reference"),
        Index(None, "state", "id"),
    )

    uid: Mapped[str] = uid_column("pay")
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    step_id: Mapped[int] = mapped_column(ForeignKey("steps.id"), index=True)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reference: Mapped[str] = mapped_column(String(200), default="")
    provider: Mapped[str] = mapped_column(one_of("provider", *PAYMENT_PROVIDERS))
    provider_reference: Mapped[str] = mapped_column(String(200), default="")
    redirect_url: Mapped[str] = mapped_column(String(2000), default="")
    state: Mapped[str] = mapped_column(one_of("state", *PAYMENT_STATES), default="pending")
    failure: Mapped[str] = mapped_column(String(400), default="")
    begun_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]

    instance: Mapped[Instance] = relationship()
    step: Mapped[Step] = relationship()
