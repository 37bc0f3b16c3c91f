"""Orders, products and money as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flows.access import read_as
from flows.models import Instance, Order, Organisation, Product
from flows.queries import allowed
from flows.queries.grid import grid_status, needs_action
from flows.queries.orders import STATE_LABELS, flows_started_by
from flows.queries.parties import Parties
from flows.queries.timeline import Entry
from flows.rules.actors import Actor
from flows.words import N_
from flows.words import gettext as _
from portal.api import draw_links, languages, shapes

OUTSTANDING = N_("View your outstanding tasks")


def money(amount: int, currency: str) -> shapes.Money:
    return shapes.Money(amount=amount, currency=currency)


def product(row: Product) -> shapes.Product:
    return shapes.Product(
        id=row.uid,
        sku=row.sku,
        vendor=row.vendor,
        name=row.name,
        summary=row.summary,
        price=money(row.price_minor, row.currency),
        unit=row.unit,
        needs_details=flows_started_by(row),
    )


def customer(row: Organisation) -> shapes.Customer:
    return shapes.Customer(id=row.uid, name=row.name, kind=row.kind, address=row.address, time_zone=row.time_zone)


def quote(items: Sequence[tuple[Product, int]]) -> shapes.Quote:
    """What a basket costs, and which tasks it would start."""
    currency = items[0][0].currency
    titles = dict.fromkeys(title for row, _ in items for title in flows_started_by(row))
    return shapes.Quote(
        items=[
            shapes.QuoteItem(
                product_id=row.uid,
                name=row.name,
                quantity=quantity,
                price=money(row.price_minor, currency),
                total=money(row.price_minor * quantity, currency),
            )
            for row, quantity in items
        ],
        total=money(sum(row.price_minor * quantity for row, quantity in items), currency),
        needs_details=list(titles),
    )


def order_summary(
    actor: Actor, order: Order, instances: Sequence[Instance], parties: Parties, now: datetime
) -> shapes.OrderSummary:
    return shapes.OrderSummary(**_facts(actor, order, instances, parties, now))


def order_detail(
    actor: Actor,
    order: Order,
    instances: Sequence[Instance],
    parties: Parties,
    now: datetime,
    timeline: Sequence[Entry],
) -> shapes.Order:
    return shapes.Order(
        **_facts(actor, order, instances, parties, now),
        tasks=[_task(actor, instance, now) for instance in instances],
        timeline=[entry(one) for one in timeline],
    )


def entry(one: Entry) -> shapes.TimelineEntry:
    return shapes.TimelineEntry(at=one.at, kind=one.kind, who=one.who, text=one.sentence)


def _facts(
    actor: Actor, order: Order, instances: Sequence[Instance], parties: Parties, now: datetime
) -> dict[str, Any]:
    outstanding = [instance for instance in instances if needs_action(instance, now)]
    ends = [instance.expires_at for instance in outstanding if instance.expires_at is not None]
    buyer = parties.users[order.placed_by_id]
    return {
        "id": order.uid,
        "reference": order.reference,
        "state": order.state,
        "state_label": _(STATE_LABELS[order.state]),
        "customer": shapes.Named(id=parties.organisations[order.organisation_id].uid, name=order.customer_name),
        "placed_by": shapes.Named(id=buyer.uid, name=buyer.name),
        "total": money(order.total_minor, order.currency),
        "items": [_item(order, line) for line in order.lines],
        "placed_at": order.placed_at,
        "closed_at": order.closed_at,
        "cancel_reason": order.cancel_reason,
        "cancel_text": order.cancel_text,
        "outstanding_tasks": [_task(actor, instance, now) for instance in outstanding],
        "notice": shapes.OrderNotice(text=_(OUTSTANDING), expires_at=min(ends, default=None)) if outstanding else None,
        "version": order.version,
        "links": draw_links.page_for(actor, f"/orders/{order.number}", f"/admin/orders/{order.number}"),
        "allowed_actions": allowed.of_order(actor, order),
    }


def _item(order: Order, line: Any) -> shapes.OrderItem:
    return shapes.OrderItem(
        id=line.uid,
        sku=line.sku,
        vendor=line.vendor,
        name=line.name,
        quantity=line.quantity,
        state=line.state,
        price=money(line.price_minor, order.currency),
        total=money(line.total_minor, order.currency),
        provisioned_at=line.provisioned_at,
    )


def _task(actor: Actor, instance: Instance, now: datetime) -> shapes.OrderTask:
    return shapes.OrderTask(
        instance_id=instance.uid,
        reference=instance.reference,
        title=languages.title_of(read_as(actor), instance),
        expires_at=instance.expires_at,
        customer_status=grid_status(instance, now).lower(),
        links=draw_links.of_instance(actor, instance),
    )
