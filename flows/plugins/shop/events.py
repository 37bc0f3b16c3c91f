"""What the shop tells when an order is placed: the payload that flows may look into (A2)."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from flows.plugin import event


class Customer(BaseModel):
    """Whom the order is for: an organisation."""

    id: str
    name: str
    slug: str


class Line(BaseModel):
    vendor: str
    sku: str
    name: str
    quantity: int


class Order(BaseModel):
    """`id` is the order's uid, `placed_by` the uid of the buyer, `total` whole minor units."""

    id: str
    ref: str
    placed_by: str
    placed_at: datetime
    customer: Customer
    lines: list[Line]
    total: int
    currency: str


@event("order.placed")
class OrderPlaced(BaseModel):
    """An order was placed; flows that start from it hold it until they are done (A3)."""

    order: Order
