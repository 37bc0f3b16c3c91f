"""Checkout: for whom, what, how much, what is asked afterwards; then the order and its confirmation (A3, A13, A34)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flask import Blueprint, flash, g, redirect, request
from werkzeug.wrappers import Response

from flows import access
from flows.actions import accounts, baskets, ordering, planning
from flows.catalogue import FlowDefinition
from flows.clock import clock
from flows.queries import grid, orders
from flows.rules.errors import Invalid, Refused
from flows.words import gettext as _
from flows.work import Work, unit_of_work
from portal.forms import once, text
from portal.may import may
from portal.pages.showing import address, cancels_its_order, end_of, show
from portal.wording import flow_of, in_its_language, joined

pages = Blueprint("checkout", __name__)


@pages.get("/checkout")
@may("customer")
def check() -> Response:
    return _page(request.args.get("customer", ""))


@pages.post("/checkout")
@may("customer")
def place() -> Response:
    """Place what is in the basket, once however often the button is pressed."""
    try:
        with unit_of_work(g.actor) as work:
            location = once(work, lambda: _place(work))
    except Invalid as invalid:
        if invalid.code == "idempotency-mismatch":
            return redirect("/orders", 303)
        return _page(text("customer_id"), invalid.by_field())
    return redirect(location, 303)


@pages.post("/checkout/customers")
@may("customer")
def add_customer() -> Response:
    """A reseller adds the customer for whom the order is (A20, A35)."""
    try:
        with unit_of_work(g.actor) as work:
            customer = accounts.add_customer_organisation(work, text("name"), address=text("address"))
    except Invalid as invalid:
        return _page("", invalid.by_field())
    flash(_("%(name)s was added.", name=customer.name))
    return redirect(address("/checkout", customer=customer.uid), 303)


@pages.get("/orders/<number>/placed")
@may("customer")
def placed(number: str) -> Response:
    order = access.order_to_read(g.actor, number)
    now = clock.now()
    waiting = [one for one in orders.instances_of(g.actor, [order])[order.uid] if grid.needs_action(one, now)]
    ends = [end for one in waiting if (end := end_of(one)) is not None]
    return show("shop/placed.html", order=order, waiting=waiting, end=min(ends, default=None))


def _place(work: Work) -> str:
    total = text("expected_total")
    expected = int(total) if total.isascii() and total.isdigit() and len(total) < 16 else -1
    order = ordering.place(work, text("customer_id"), baskets.items_in(work), expected)
    baskets.empty(work)
    return f"/orders/{order.number}/placed"


def _page(chosen: str, problems: dict[str, str] | None = None) -> Response:
    basket, customers = orders.basket(g.actor), orders.customers(g.actor)
    if not basket.lines and not problems:
        return redirect("/basket", 303)
    if not customers:
        raise Refused(_("You belong to no organisation that may order."), known=True)
    started = orders.flows_of([line.product for line in basket.lines])
    return show(
        "shop/checkout.html",
        422 if problems else 200,
        basket=basket,
        problems=problems or {},
        customers=[(one.uid, one.name) for one in customers],
        chosen=chosen or (customers[0].uid if len(customers) == 1 else ""),
        asked=[one for one in map(_asked_by, map(flow_of, started)) if one.names],
        may_add=any(one.parent_id is None and one.kind == "company" for one in customers),
        typed=request.form,
    )


class Asked(NamedTuple):
    """What the customer has to give after ordering, by when, and whether the order is cancelled otherwise."""

    names: str
    end: datetime | None
    cancels: bool


def _asked_by(flow: FlowDefinition) -> Asked:
    """Asked of the flow, in its words, as if the order were placed now."""
    own = [step for step in flow.steps.values() if step.actor == "customer"]
    names = [
        in_its_language(field.label)
        for step in own
        for field in step.fields.values()
        if getattr(field, "required", False)
    ]
    return Asked(
        joined(", ", names), planning.moment_of(flow.expires, clock.now(), g.actor.time_zone), cancels_its_order(flow)
    )
