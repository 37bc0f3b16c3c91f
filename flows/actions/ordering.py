"""Orders: placed, made to wait for details, finalised, provisioned line by line, completed or cancelled whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from flows import access, settings
from flows.actions import closing, owing, starting, versions
from flows.events import (
    LineProvisioned,
    OrderAwaitingDetails,
    OrderCancelled,
    OrderCompleted,
    OrderFailed,
    OrderFinalised,
    OrderPlaced,
    ProvisioningRequested,
)
from flows.models import Effect, Instance, Order, OrderLine, Organisation, Product, User
from flows.models.base import opaque_id
from flows.models.orders import MOST_OF_ONE, OPEN_ORDER_STATES
from flows.plugin import PermanentFault
from flows.rules.errors import Invalid, OutOfStep, Problem, Refused
from flows.rules.orders import is_cancellable
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work

MOST_LINES = 100


@dataclass(frozen=True)
class Item:
    """So many of one product; `quantity` from 1 to 10,000."""

    product_id: str
    quantity: int


def place(work: Work, organisation_uid: str, items: Sequence[Item], expected_total_minor: int | None = None) -> Order:
    """Place an order for an organisation that the actor acts for (A3). Flows that start from it make it wait (A2, A4).

    Raises Invalid with every wrong line, or when the total is not what the buyer was shown.
    """
    products = products_of(work, items)
    organisation, buyer = _parties(work, organisation_uid)
    total = sum(products[item.product_id].price_minor * item.quantity for item in items)
    if expected_total_minor is not None and expected_total_minor != total:
        raise Invalid(
            _("The price has changed since you looked. Check the new total, then place the order"),
            "/expected_total",
            "price_changed",
        )
    order = Order(
        uid=opaque_id("ord"),
        organisation=organisation,
        organisation_id=organisation.id,
        placed_by=buyer,
        customer_name=organisation.name,
        state="placed",
        total_minor=total,
        currency=next(iter(products.values())).currency,
        details={},
        placed_at=work.now,
        event_seq=0,
        version=1,
        lines=[_line(organisation, products[item.product_id], item.quantity) for item in items],
    )
    work.session.add(order)
    work.session.flush()
    work.record(order, OrderPlaced(total, order.currency, len(items)))
    known: dict[str, Organisation | User] = {organisation.uid: organisation, buyer.uid: buyer}
    instances = starting.start_for_event(
        work, "order.placed", {"order": _as_payload(order, organisation, buyer)}, order.subject, known
    )
    if instances:
        order.state = "awaiting_details"
        work.record(order, OrderAwaitingDetails([instance.uid for instance in instances]))
    else:
        _finalise(work, order, {})
        _provision(work, order)
    return order


def products_of(work: Work, items: Sequence[Item]) -> dict[str, Product]:
    """The products on sale that the items name, by opaque id; raises Invalid with every wrong item."""
    if not items:
        raise Invalid(_("Put at least one product in your basket"), "/items", "empty")
    if len(items) > MOST_LINES:
        raise Invalid(
            _("An order has at most %(most_lines)s different products", most_lines=MOST_LINES), "/items", "too_many"
        )
    wanted = [access.clean(item.product_id) for item in items]
    found = {
        product.uid: product
        for product in work.session.scalars(access.products_on_sale().where(Product.uid.in_(wanted)))
    }
    problems = [problem for n, item in enumerate(items) if (problem := _item_problem(n, item, found, wanted))]
    if len({product.currency for product in found.values()}) > 1:
        problems.append(
            Problem(
                "/items",
                "mixed_currencies",
                _("These products are sold in different currencies. Order them separately"),
            )
        )
    if problems:
        raise Invalid(problems)
    return found


def _item_problem(n: int, item: Item, found: Mapping[str, Product], wanted: list[str]) -> Problem | None:
    if item.product_id not in found:
        return Problem(
            f"/items/{n}/product_id", "unknown_product", _("This product is not on sale. Choose another one")
        )
    if wanted.index(item.product_id) != n:
        return Problem(
            f"/items/{n}/product_id",
            "twice",
            _("%(name)s is there twice. Add up the quantities", name=found[item.product_id].name),
        )
    return quantity_problem(item.quantity, f"/items/{n}/quantity")


def quantity_problem(quantity: int, pointer: str = "/quantity") -> Problem | None:
    """None when the quantity may be ordered."""
    if 1 <= quantity <= MOST_OF_ONE:
        return None
    return Problem(
        pointer,
        "quantity",
        _("Enter a quantity from 1 to %(most_of_one)s", most_of_one=f"{MOST_OF_ONE:,}"),
        {"min": 1, "max": MOST_OF_ONE},
    )


def finalise(work: Work, order_uid: str, details: Mapping[str, str]) -> None:
    """Keep the details that were collected and release the order (A30); done again it changes nothing."""
    order = _for_effect(work, order_uid)
    if order.finalised_at is not None:
        return
    if order.state == "cancelled":
        raise PermanentFault(f"Order {order.reference} was cancelled ({order.cancel_reason}); it is not finalised")
    _finalise(work, order, details)


def provision(work: Work, order_uid: str) -> None:
    """Ask each product's provider to set it up (A32); lines that are on their way already are left alone."""
    order = _for_effect(work, order_uid)
    if order.finalised_at is None or order.state == "cancelled":
        raise PermanentFault(f"Order {order.reference} is {order.state}; only a finalised order is provisioned")
    _provision(work, order)


def cancel_expired(work: Work, order_uid: str, text: str) -> None:
    """Cancel the whole order because its task expired (A7, A8); done again it changes nothing."""
    order = _for_effect(work, order_uid)
    if order.state == "cancelled":
        return
    if order.finalised_at is not None:
        raise PermanentFault(f"Order {order.reference} was finalised; it is not cancelled")
    _cancel(work, order, "expired", text)


def cancel(work: Work, number: str, text: str) -> Order:
    """Cancel an order that is not being set up yet, with its open tasks: by its customer, or by staff with a reason."""
    if work.actor.is_staff:
        access.require(work.actor, "orders")
        if not text.strip():
            raise Invalid(_("Say why the order is cancelled"), "/reason", "required")
    seen = access.order_to_read(work.actor, number)
    # Instances are locked before the order, in the same order as everywhere.
    belonging = work.session.scalars(
        select(Instance.id).where(Instance.subject == seen.subject).order_by(Instance.id)
    ).all()
    locked = [access.instance_to_change(work, instance_id) for instance_id in belonging]
    order = access.order_to_change(work, number)
    if not is_cancellable(order.state, order.finalised_at is not None, work.actor.is_staff):
        raise OutOfStep(_(TOO_LATE_TO_CANCEL[order.state], reference=order.reference))
    if any(instance.status == "completed" for instance in locked) and order.state != "failed":
        raise OutOfStep(
            _("The details of order %(reference)s were sent already; it is being set up", reference=order.reference)
        )
    for instance in locked:
        if instance.is_open:
            closing.cancel(
                work,
                instance,
                versions.definition_of(work.session, instance),
                text.strip() or N_("The order was cancelled"),
            )
    _cancel(work, order, "staff" if work.actor.is_staff else "customer", text.strip()[:400])
    return order


def confirm_line(work: Work, order: Order, line: OrderLine, reference: str) -> None:
    """Staff have set a line up by hand (`manual`), or know that its provider did (staff with `orders`)."""
    access.require(work.actor, "orders")
    if order.state not in ("provisioning", "failed"):
        raise OutOfStep(_(NOTHING_TO_CONFIRM[order.state], reference=order.reference))
    if line.state == "provisioned":
        raise OutOfStep(_("%(name)s was confirmed already", name=line.name))
    if line.state != "requested":  # the order failed before it was finalised
        raise OutOfStep(_("%(name)s was not asked for yet; see to what failed first", name=line.name))
    _provisioned(work, order, line, reference)


def line_answered(work: Work, line_uid: str, status: int, answer: Mapping[str, Any]) -> None:
    """A provider answered: 202 means that it will call back, any other success that the line is set up."""
    if status == 202:
        return
    order_uid = work.session.scalar(select(Order.uid).join(Order.lines).where(OrderLine.uid == line_uid))
    if order_uid is None:
        raise Refused(_("No such order line"))
    order = access.order_to_change(work, order_uid)
    line = access.line_to_confirm(order, line_uid)
    if line.state == "requested":
        _provisioned(work, order, line, str(answer.get("reference") or ""))


def note_incident(work: Work, order: Order, effect: Effect, detail: str) -> None:
    """An effect that an open order stands on gave up: the order has failed until people see to it (Q4)."""
    if order.state in OPEN_ORDER_STATES and effect.kind not in ("email", "refund", "checkout"):
        order.state = "failed"
        order.version += 1
        work.record(order, OrderFailed(detail[:400]))


def note_retry(order: Order) -> None:
    """People had what failed tried again: the order goes on from where it was."""
    if order.state == "failed":
        order.state = "provisioning" if order.finalised_at is not None else "awaiting_details"
        order.version += 1


NOTHING_TO_CONFIRM = {
    "placed": N_("Order %(reference)s is placed; there is nothing to confirm"),
    "awaiting_details": N_("Order %(reference)s is waiting for details; there is nothing to confirm"),
    "completed": N_("Order %(reference)s is completed; there is nothing to confirm"),
    "cancelled": N_("Order %(reference)s is cancelled; there is nothing to confirm"),
}
TOO_LATE_TO_CANCEL = {
    "placed": N_("Order %(reference)s is placed and can no longer be cancelled here"),
    "awaiting_details": N_("Order %(reference)s is waiting for details and can no longer be cancelled here"),
    "provisioning": N_("Order %(reference)s is being set up and can no longer be cancelled here"),
    "completed": N_("Order %(reference)s is completed and can no longer be cancelled here"),
    "cancelled": N_("Order %(reference)s is cancelled and can no longer be cancelled here"),
    "failed": N_("Order %(reference)s is being set up and can no longer be cancelled here"),
}


def _parties(work: Work, organisation_uid: str) -> tuple[Organisation, User]:
    """The customer organisation and the buyer, in one statement."""
    if work.actor.user_id is None:
        raise Refused(_("Only a person places an order"), known=True)
    query = access.visible_organisations(work.actor).add_columns(User).join(User, User.id == work.actor.user_id)
    row = work.session.execute(query.where(Organisation.uid == access.clean(organisation_uid))).one_or_none()
    if row is None:
        raise Invalid(_("Choose one of your customers"), "/customer_id", "unknown_customer")
    return row[0], row[1]


def _line(organisation: Organisation, product: Product, quantity: int) -> OrderLine:
    return OrderLine(
        uid=opaque_id("oli"),
        organisation_id=organisation.id,
        product_id=product.id,
        vendor=product.vendor,
        sku=product.sku,
        name=product.name,
        quantity=quantity,
        price_minor=product.price_minor,
        provider=product.provider,
        state="waiting",
    )


def _as_payload(order: Order, organisation: Organisation, buyer: User) -> dict[str, Any]:
    """What the event `order.placed` carries (flows/plugins/shop)."""
    return {
        "id": order.uid,
        "ref": order.reference,
        "placed_by": buyer.uid,
        "placed_at": order.placed_at.isoformat(),
        "customer": {"id": organisation.uid, "name": organisation.name, "slug": organisation.slug},
        "lines": [
            {"vendor": line.vendor, "sku": line.sku, "name": line.name, "quantity": line.quantity}
            for line in order.lines
        ],
        "total": order.total_minor,
        "currency": order.currency,
    }


def _for_effect(work: Work, order_uid: str) -> Order:
    try:
        return access.order_to_change(work, order_uid)
    except Refused:
        raise PermanentFault(f"There is no order {order_uid}") from None


def _finalise(work: Work, order: Order, details: Mapping[str, str]) -> None:
    order.details, order.finalised_at, order.state = dict(details), work.now, "provisioning"
    order.version += 1
    work.record(order, OrderFinalised(with_details=bool(details)))


def _provision(work: Work, order: Order) -> None:
    for line in order.lines:
        if line.state == "waiting":
            line.state = "requested"
            work.record(order, ProvisioningRequested(line.uid, line.name, line.provider))
            if line.provider == "webhook":
                _ask_provider(work, order, line)


def _ask_provider(work: Work, order: Order, line: OrderLine) -> None:
    owing.owe_webhook(
        work,
        key=f"{order.uid}:provision:{line.uid}",
        url=settings.current().provisioning_url,
        event="order.line.provision",
        subject=order,
        body={
            "order": order.uid,
            "reference": order.reference,
            "line": line.uid,
            "sku": line.sku,
            "vendor": line.vendor,
            "quantity": line.quantity,
            "customer": order.customer_name,
            "details": order.details,
        },
        on_success={"confirm_line": line.uid},
    )


def _provisioned(work: Work, order: Order, line: OrderLine, reference: str) -> None:
    line.state, line.provisioned_at, line.provider_reference = "provisioned", work.now, reference.strip()[:200]
    order.version += 1
    work.record(order, LineProvisioned(line.uid, line.name, line.provider_reference))
    if all(other.state == "provisioned" for other in order.lines):
        order.state, order.closed_at = "completed", work.now
        work.record(order, OrderCompleted())


def _cancel(work: Work, order: Order, reason: str, text: str) -> None:
    order.state, order.cancel_reason, order.cancel_text, order.closed_at = "cancelled", reason, text, work.now
    order.version += 1
    for line in order.lines:
        line.state = "cancelled"
    work.record(order, OrderCancelled(reason, text))
