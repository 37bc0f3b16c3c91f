"""Products, customers and orders (A2, A3, A13, A34)."""

from __future__ import annotations

from typing import Any

from flows import access
from flows.actions import accounts, ordering
from flows.models import Instance, Order, Product
from flows.queries import orders, parties, timeline
from flows.rules.errors import Invalid, Refused
from flows.words import gettext as _
from portal.api import asked, cursors, draw_order, shapes
from portal.api.door import BASE, Answer, Call, counted_page, operation
from portal.api.etags import etag


@operation("GET", "/products", who="signed_in", gives=shapes.Page[shapes.Product])
def list_products(call: Call, query: asked.Searched) -> Answer:
    """What is on sale."""
    found = orders.products(call.actor, query.q)
    return Answer(shapes.Page[shapes.Product](data=[draw_order.product(row) for row in found]))


@operation("GET", "/products/<product_id>", who="signed_in", gives=shapes.Product, refusals=("not-found",))
def get_product(call: Call, product_id: str) -> Answer:
    """One product."""
    found: Any = call.session.scalar(access.products_on_sale().where(Product.uid == product_id))
    if found is None:
        raise Refused(_("No such product"))
    return Answer(draw_order.product(found))


@operation("GET", "/customers", who="signed_in", gives=shapes.Page[shapes.Customer])
def list_customers(call: Call, query: asked.Searched) -> Answer:
    """Organisations that I may order for, at most 200; narrow them with `q`."""
    found = orders.customers(call.actor, query.q)
    return Answer(shapes.Page[shapes.Customer](data=[draw_order.customer(row) for row in found]))


@operation(
    "POST",
    "/customers",
    who="signed_in",
    gives=shapes.Customer,
    status=201,
    key="optional",
    refusals=("forbidden", "rate-limited"),
)
def add_customer(call: Call, body: asked.NewCustomer) -> Answer:
    """Add a customer that my company resells to."""
    added = accounts.add_customer_organisation(
        call.work, body.name, kind=body.kind, address=body.address, time_zone=body.time_zone, parent_uid=body.parent_id
    )
    return Answer(draw_order.customer(added), 201)


@operation("POST", "/orders/quote", who="signed_in", gives=shapes.Quote)
def quote_order(call: Call, body: asked.Basket) -> Answer:
    """What a basket costs now; nothing is kept."""
    items = [wanted.as_item() for wanted in body.items]
    products = ordering.products_of(call.work, items)
    return Answer(draw_order.quote([(products[item.product_id], item.quantity) for item in items]))


@operation("POST", "/orders", who="signed_in", gives=shapes.Order, status=201, key="required")
def place_order(call: Call, body: asked.NewOrder) -> Answer:
    """Place an order. Products that need details make it wait; `outstanding_tasks` says for what."""
    expected = body.expected_total
    order = ordering.place(
        call.work, body.customer_id, [wanted.as_item() for wanted in body.items], expected.amount if expected else None
    )
    if expected is not None and expected.currency != order.currency:
        raise Invalid(
            _("These products are sold in %(currency)s", currency=order.currency),
            "/expected_total/currency",
            "price_changed",
        )
    call.session.flush()
    answer = _whole(call, order)
    return Answer(answer.body, 201, {"Location": f"{BASE}/orders/{order.uid}"}, answer.etag)


@operation(
    "GET", "/orders", who="signed_in", gives=shapes.CountedPage[shapes.OrderSummary], refusals=("cursor-mismatch",)
)
def list_orders(call: Call, query: asked.OrderList) -> Answer:
    """Orders, the newest first."""
    states = [state for state in query.state.split(",") if state]
    found = orders.listed(
        call.actor,
        state=states,
        search=query.q,
        cursor=cursors.opened(query.cursor),
        limit=query.limit,
        count=query.count,
    )
    instances = orders.instances_of(call.actor, found.rows)
    customers = parties.of_many(call.actor, (row.organisation_id for row in found.rows), ()).organisations
    who = parties.Parties(customers, {row.placed_by_id: row.placed_by for row in found.rows})
    rows = [draw_order.order_summary(call.actor, row, instances[row.uid], who, call.now) for row in found.rows]
    return counted_page(shapes.OrderSummary, rows, found)


@operation("GET", "/orders/<order_id>", who="signed_in", gives=shapes.Order, refusals=("not-found",))
def get_order(call: Call, order_id: str) -> Answer:
    """One order with its tasks and timeline."""
    return _whole(call, access.order_to_read(call.actor, order_id))


@operation(
    "POST",
    "/orders/<order_id>/cancel",
    who="signed_in",
    gives=shapes.Order,
    key="optional",
    if_match="accepted",
    etag_kind="ord",
    refusals=("not-found", "forbidden", "invalid-transition", "stale-version"),
)
def cancel_order(call: Call, order_id: str, body: asked.Reason) -> Answer:
    """Cancel an order that is not being set up yet, with its tasks."""
    order = ordering.cancel(call.work, order_id, body.reason)
    call.session.flush()
    return _whole(call, order)


def _whole(call: Call, order: Order) -> Answer:
    instances = orders.instances_of(call.actor, [order])[order.uid]
    who = parties.of_one(call.actor, order.organisation_id, [order.placed_by_id])
    lines = timeline.of_order(call.actor, order)
    drawn = draw_order.order_detail(call.actor, order, instances, who, call.now, lines)
    return Answer(drawn, etag=etag("ord", order.version, *_beside(instances, lines)))


def _beside(instances: list[Instance], lines: list[timeline.Entry]) -> tuple[object, ...]:
    """What shows in an order without being counted by its version: its tasks and the length of its timeline."""
    return (*((instance.uid, instance.version) for instance in instances), len(lines))
