"""The shop: products, baskets, orders and their lines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Owned, Stamped, one_of, uid_column
from flows.models.organisations import Organisation
from flows.models.people import User

ORDER_STATES = ("placed", "awaiting_details", "provisioning", "completed", "cancelled", "failed")
OPEN_ORDER_STATES = ("placed", "awaiting_details", "provisioning", "failed")
CANCEL_REASONS = ("expired", "customer", "staff")
LINE_STATES = ("waiting", "requested", "provisioned", "cancelled")
PROVIDERS = ("manual", "webhook")
MOST_OF_ONE = 10_000
FIRST_NUMBER = 1000


class Product(Base):
    """Something to order. `provider` says who provisions it: a webhook, or a person in the back office (`manual`)."""

    __tablename__ = "products"
    __table_args__ = (CheckConstraint("price_minor >= 0", name="price"),)

    uid: Mapped[str] = uid_column("prd")
    sku: Mapped[str] = mapped_column(String(64), unique=True)
    vendor: Mapped[str] = mapped_column(String(80), index=True)
    name: Mapped[str] = mapped_column(String(160))
    summary: Mapped[str] = mapped_column(String(400), default="")
    price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3), default="GBP")
    unit: Mapped[str] = mapped_column(String(40), default="user per month")
    provider: Mapped[str] = mapped_column(one_of("provider", *PROVIDERS), default="manual")
    is_active: Mapped[bool] = mapped_column(default=True)

    def __str__(self) -> str:
        return self.name


class BasketLine(Base):
    """What a buyer means to order; kept on the server, so that it is there on every device."""

    __tablename__ = "basket_lines"
    __table_args__ = (UniqueConstraint("user_id", "product_id"), CheckConstraint("quantity > 0", name="quantity"))

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    quantity: Mapped[int]
    added_at: Mapped[datetime]

    product: Mapped[Product] = relationship()


class Order(Owned, Stamped, Base):
    """An order for one organisation, placed by its buyer. `details` are what the task collected (A5, A30)."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(None, "placed_at", "id"),
        Index(None, "organisation_id", "placed_at", "id"),
        Index(None, "state", "id"),
        Index(None, "organisation_id", "changed", "id"),
    )

    uid: Mapped[str] = uid_column("ord")
    placed_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    customer_name: Mapped[str] = mapped_column(String(160))
    state: Mapped[str] = mapped_column(one_of("state", *ORDER_STATES), default="placed")
    total_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    cancel_reason: Mapped[str | None] = mapped_column(one_of("cancel_reason", *CANCEL_REASONS))
    cancel_text: Mapped[str] = mapped_column(String(400), default="")
    placed_at: Mapped[datetime]
    finalised_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    event_seq: Mapped[int] = mapped_column(default=0)

    organisation: Mapped[Organisation] = relationship(foreign_keys="Order.organisation_id")
    placed_by: Mapped[User] = relationship()
    lines: Mapped[list[OrderLine]] = relationship(order_by="OrderLine.id", back_populates="order")

    @property
    def reference(self) -> str:
        return f"#{self.number}"

    @property
    def number(self) -> int:
        return self.id + FIRST_NUMBER

    @property
    def subject(self) -> str:
        """How instances that belong to this order name it."""
        return f"order:{self.uid}"

    def __str__(self) -> str:
        return f"{self.reference} {self.customer_name}"


class OrderLine(Owned, Base):
    """A product in an order with the price of that day, and how far its provisioning is."""

    __tablename__ = "order_lines"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)

    uid: Mapped[str] = uid_column("oli")
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    vendor: Mapped[str] = mapped_column(String(80))
    sku: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(160))
    quantity: Mapped[int]
    price_minor: Mapped[int]
    provider: Mapped[str] = mapped_column(one_of("provider", *PROVIDERS))
    state: Mapped[str] = mapped_column(one_of("state", *LINE_STATES), default="waiting")
    provisioned_at: Mapped[datetime | None]
    provider_reference: Mapped[str] = mapped_column(String(200), default="")

    order: Mapped[Order] = relationship(back_populates="lines")

    @property
    def total_minor(self) -> int:
        return self.quantity * self.price_minor


def order_id_from(number: str) -> int | None:
    """The row that an order number names, with or without `#`; None when it is not one."""
    digits = number.strip().lstrip("#")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 12:
        return None
    row_id = int(digits) - FIRST_NUMBER
    return row_id if row_id > 0 else None
