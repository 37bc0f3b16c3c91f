"""Products, customers and orders."""

from __future__ import annotations

from portal.api.shapes.plain import Links, Moment, Money, Named, Shape


class Product(Shape):
    """`needs_details` are the titles of the tasks that an order of it starts."""

    id: str
    sku: str
    vendor: str
    name: str
    summary: str
    price: Money
    unit: str
    needs_details: list[str]


class Customer(Named):
    kind: str
    address: str
    time_zone: str


class Priced(Shape):
    """So many of one product, at the price of each."""

    name: str
    quantity: int
    price: Money
    total: Money


class QuoteItem(Priced):
    product_id: str


class Quote(Shape):
    items: list[QuoteItem]
    total: Money
    needs_details: list[str]


class OrderItem(Priced):
    id: str
    sku: str
    vendor: str
    state: str
    provisioned_at: Moment | None


class OrderTask(Shape):
    instance_id: str
    reference: str
    title: str
    customer_status: str
    expires_at: Moment | None
    links: Links


class OrderNotice(Shape):
    text: str
    expires_at: Moment | None


class TimelineEntry(Shape):
    at: Moment
    kind: str
    who: str
    text: str


class OrderSummary(Shape):
    id: str
    reference: str
    state: str
    state_label: str
    customer: Named
    placed_by: Named
    total: Money
    items: list[OrderItem]
    placed_at: Moment
    closed_at: Moment | None
    cancel_reason: str | None
    cancel_text: str
    outstanding_tasks: list[OrderTask]
    notice: OrderNotice | None
    version: int
    links: Links
    allowed_actions: list[str]


class Order(OrderSummary):
    tasks: list[OrderTask]
    timeline: list[TimelineEntry]
