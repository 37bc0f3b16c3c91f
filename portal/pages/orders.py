"""Orders: the list, one with its timeline, and cancelling it while that is possible (P13)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, request
from werkzeug.wrappers import Response

from flows import access
from flows.actions import ordering
from flows.clock import clock
from flows.models import Instance, Order
from flows.queries import allowed, grid, orders, timeline
from flows.queries.orders import STATE_LABELS
from flows.rules.errors import OutOfStep
from flows.words import N_
from flows.words import gettext as _
from flows.work import unit_of_work
from portal.forms import once, text
from portal.may import may
from portal.pages.showing import address, end_of, order_tag, show
from portal.pages.task_page import history_rows

pages = Blueprint("orders", __name__, url_prefix="/orders")

LINE_LABELS = {
    "waiting": N_("Waiting"), "requested": N_("Being set up"), "provisioned": N_("Set up"), "cancelled": N_("Cancelled")
}  # fmt: skip
LINE_TONES = {"requested": "info", "provisioned": "ok", "cancelled": "plain"}
MOST_TEXT = 400


@pages.get("")
@may("customer")
def listed() -> Response:
    now, args = clock.now(), request.args
    query = {"q": args.get("q", ""), "state": args.get("state", "")}
    page = orders.listed(g.actor, state=_states(query["state"]), search=query["q"], cursor=args.get("cursor"))
    tasks = orders.instances_of(g.actor, page.rows)
    return show(
        "orders/list.html",
        rows=[_row(order, tasks[order.uid], now) for order in page.rows],
        query=query,
        address=address,
        cursor=args.get("cursor"),
        next_cursor=page.next_cursor,
        states=[(name, _(words)) for name, words in STATE_LABELS.items() if name != "failed"],
    )


@pages.get("/<number>")
@may("customer")
def one(number: str) -> Response:
    order = access.order_to_read(g.actor, number)
    now, tasks = clock.now(), orders.instances_of(g.actor, [order])[order.uid]
    return show(
        "orders/order.html", **_row(order, tasks, now), tasks=tasks,
        may_cancel="cancel" in allowed.of_order(g.actor, order),
        lines=[(line, _(LINE_LABELS[line.state]), LINE_TONES.get(line.state, "")) for line in order.lines],
        history=history_rows(timeline.of_order(g.actor, order)),
    )  # fmt: skip


@pages.get("/<number>/cancel")
@may("customer")
def ask_to_cancel(number: str) -> Response:
    order = access.order_to_read(g.actor, number)
    if "cancel" not in allowed.of_order(g.actor, order):
        raise OutOfStep(_("Order %(ref)s can no longer be cancelled here.", ref=order.reference))
    return show("orders/cancel.html", order=order)


@pages.post("/<number>/cancel")
@may("customer")
def cancel(number: str) -> Response:
    def act() -> str:
        order = ordering.cancel(work, number, text("reason")[:MOST_TEXT])
        return f"/orders/{order.number}"

    with unit_of_work(g.actor) as work:
        location = once(work, act)
    flash(_("The order was cancelled."))
    return redirect(location, 303)


def _states(asked: str) -> list[str]:
    """The states behind the words a customer chose; everything for words we do not know."""
    return [name for name, words in STATE_LABELS.items() if words == STATE_LABELS.get(asked)]


def _row(order: Order, tasks: Sequence[Instance], now: datetime) -> dict[str, Any]:
    waiting = next((task for task in tasks if grid.needs_action(task, now)), None)
    return {"order": order, "tag": order_tag(order), "waiting": waiting, "end": end_of(waiting) if waiting else None}
