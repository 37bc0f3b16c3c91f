"""Orders, products and baskets as lists show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload, selectinload

from flows import catalogue
from flows.access import clean, products_on_sale, read_as, visible_instances, visible_orders, visible_organisations
from flows.catalogue import LoadedFlow
from flows.models import BasketLine, Instance, Order, Organisation, Product
from flows.models.orders import order_id_from
from flows.queries.pages import Page, page_of
from flows.rules.actors import Actor
from flows.rules.expressions import compile_condition
from flows.words import N_

STATE_LABELS = {
    "placed": N_("Placed"),
    "awaiting_details": N_("Details needed"),
    "provisioning": N_("Being set up"),
    "completed": N_("Completed"),
    "cancelled": N_("Cancelled"),
    "failed": N_("Being set up"),
}
"""What customers read, in English; staff read "Failed" for the last one."""


@dataclass(frozen=True)
class Basket:
    """What a buyer has in the basket; amounts in minor units."""

    lines: Sequence[BasketLine]

    @property
    def total_minor(self) -> int:
        return sum(line.quantity * line.product.price_minor for line in self.lines)

    @property
    def currency(self) -> str:
        return self.lines[0].product.currency if self.lines else "GBP"


def listed(
    actor: Actor,
    *,
    state: Sequence[str] = (),
    search: str = "",
    cursor: str | None = None,
    limit: int = 25,
    count: bool = False,
) -> Page[Order]:
    """One page of orders, newest first; three statements however many there are (orders, lines, buyers)."""
    query = visible_orders(actor).options(selectinload(Order.lines), joinedload(Order.placed_by))
    if state:
        query = query.where(Order.state.in_(state))
    if search.strip():
        text, row_id = clean(search).strip()[:100], order_id_from(search)
        query = query.where(
            Order.id == row_id if row_id is not None else Order.customer_name.icontains(text, autoescape=True)
        )
    return page_of(read_as(actor), query, Order.placed_at, cursor=cursor, limit=limit, count=count)


def instances_of(actor: Actor, orders: Sequence[Order]) -> dict[str, list[Instance]]:
    """The tasks of these orders, by the order's opaque id, in one statement."""
    by_subject = {order.subject: order.uid for order in orders}
    if not by_subject:
        return {}
    found: dict[str, list[Instance]] = {order.uid: [] for order in orders}
    query = visible_instances(actor).where(Instance.subject.in_(by_subject)).order_by(Instance.id)
    for instance in read_as(actor).scalars(query):
        found[by_subject[instance.subject or ""]].append(instance)
    return found


def products(actor: Actor, search: str = "", vendor: str = "") -> list[Product]:
    """What is on sale."""
    query = products_on_sale()
    if search.strip():
        text = clean(search).strip()[:100]
        query = query.where(
            or_(*(column.icontains(text, autoescape=True) for column in (Product.name, Product.vendor, Product.sku)))
        )
    if vendor:
        query = query.where(Product.vendor == clean(vendor))
    return list(read_as(actor).scalars(query))


def flows_started_by(product: Product) -> list[str]:
    """Titles of the flows that an order of this product would start: asked of the flows, never typed in."""
    return [loaded.definition.title for loaded in flows_of([product])]


def flows_of(products: Sequence[Product]) -> list[LoadedFlow]:
    """The flows that one order of these products would start."""
    lines = [{"vendor": one.vendor, "sku": one.sku, "name": one.name, "quantity": 1} for one in products]
    customer = {"id": "", "name": "", "slug": ""}
    payload = {"order": {"lines": lines, "id": "", "ref": "", "customer": customer, "total": 0, "currency": "GBP"}}
    return [
        loaded
        for loaded in catalogue.current().flows_started_by("order.placed")
        if loaded.definition.start.if_ is None or compile_condition(loaded.definition.start.if_).holds(payload)
    ]


def basket(actor: Actor) -> Basket:
    """The actor's basket; products no longer on sale are left out."""
    query = (
        select(BasketLine)
        .join(BasketLine.product)
        .where(BasketLine.user_id == actor.user_id, Product.is_active)
        .options(joinedload(BasketLine.product))
        .order_by(BasketLine.id)
    )
    return Basket(read_as(actor).scalars(query).all())


def customers(actor: Actor, search: str = "") -> list[Organisation]:
    """Organisations that the actor may order for."""
    query = visible_organisations(actor)
    if search.strip():
        query = query.where(Organisation.name.icontains(clean(search).strip()[:100], autoescape=True))
    return list(read_as(actor).scalars(query.limit(200)))
