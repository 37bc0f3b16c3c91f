"""Orders: listed, and one with its lines, details, tasks, what is owed and its history; buttons call verbs (A8)."""

from __future__ import annotations

from typing import Any

from flask import g, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.guard import StaffView, door
from admin.showing import EFFECT_KINDS, ORDER_TAGS, argument, effect_tag, line_tag, order_tag, show, task_tag
from flows import access
from flows.actions import helping, ordering
from flows.clock import clock
from flows.models import Order
from flows.queries import allowed, health, orders, timeline
from flows.rules.errors import Refused
from flows.rules.words import money_in_words
from flows.words import gettext as _
from flows.work import Work


class Orders(StaffView):
    name, slug, needs = _l("Orders"), "orders", "view"

    @door("/", needs="view")
    def index(self) -> Response:
        state, search = argument("state", *ORDER_TAGS), argument("q")
        page = orders.listed(g.actor, state=[state] if state else [], search=search, cursor=argument("cursor") or None)
        return show(
            self,
            "orders.html",
            page=page,
            state=state,
            search=search,
            tag=order_tag,
            states={name: tag.words for name, tag in ORDER_TAGS.items()},
            money=money_in_words,
        )

    @door("/<number>", needs="view")
    def one(self, number: str) -> Response:
        order = access.order_to_read(g.actor, number)
        return show(self, "order.html", **_everything(order))

    @door("/<number>/lines/<line>/confirm", needs="orders", methods=("GET", "POST"))
    def confirm(self, number: str, line: str) -> Response:
        """A line that a person has set up by hand, or whose provider is known to have done it (A32)."""
        order = access.order_to_read(g.actor, number)
        item = access.line_to_confirm(order, line)
        question = Question(
            _("Confirm %(name)s", name=item.name),
            _page(order),
            _("Confirm that it is set up"),
            text=_("The customer sees at once that it is ready. This cannot be taken back."),
            facts=(
                (_("Order"), order.reference),
                (_("Customer"), order.customer_name),
                (_("Quantity"), str(item.quantity)),
            ),
            fields=(
                Field(
                    "reference", _("Reference of the provider"), optional=True, hint=_("Such as a subscription number")
                ),
            ),
            done=_("%(name)s is confirmed.", name=item.name),
        )

        def act(work: Work, typed: Any) -> None:
            locked = access.order_to_change(work, number)
            ordering.confirm_line(work, locked, access.line_to_confirm(locked, line), typed["reference"])

        return ask(self, question, act)

    @door("/<number>/cancel", needs="orders", methods=("GET", "POST"))
    def cancel(self, number: str) -> Response:
        order = access.order_to_read(g.actor, number)
        open_tasks = [task for task in orders.instances_of(g.actor, [order])[order.uid] if task.is_open]
        question = Question(
            _("Cancel order %(reference)s?", reference=order.reference),
            _page(order),
            _("Cancel the whole order"),
            tone="bad",
            text=_("The whole order is cancelled with its open tasks, and the customer is told. It cannot be undone."),
            facts=(
                (_("Customer"), order.customer_name),
                (_("Total"), money_in_words(order.total_minor, order.currency)),
                (_("Tasks that end"), ", ".join(task.reference for task in open_tasks) or _("none")),
            ),
            fields=(Field("reason", _("Reason"), "textarea", hint=_("The customer reads this")),),
            done=_("Order %(reference)s is cancelled.", reference=order.reference),
        )
        return ask(self, question, lambda work, typed: _cancel(work, number, typed["reason"]))

    @door("/<number>/retry", needs="health", methods=("GET", "POST"))
    def retry(self, number: str) -> Response:
        """Try again everything of this order that gave up (X36)."""
        order = access.order_to_read(g.actor, number)
        stuck = [effect for effect in health.effects_of_order(g.actor, order) if effect.state == "incident"]
        if not stuck and request.method == "GET":
            raise Refused(_("Nothing of this order has given up"), known=True)
        question = Question(
            _("Try order %(reference)s again?", reference=order.reference),
            _page(order),
            _("Try again"),
            text=_("Everything that gave up is tried again from the start, in order."),
            facts=tuple((EFFECT_KINDS[effect.kind], effect.last_fault or effect.key) for effect in stuck),
            done=_("It is tried again."),
        )

        def act(work: Work, _typed: Any) -> None:
            for effect in stuck:
                helping.retry_incident(work, effect.id)

        return ask(self, question, act)


def _cancel(work: Work, number: str, reason: str) -> None:
    ordering.cancel(work, number, reason)


def _page(order: Order) -> str:
    return f"/admin/orders/{order.number}"


def _everything(order: Order) -> dict[str, Any]:
    """What the page of an order shows, in a constant number of statements."""
    actor, now = g.actor, clock.now()
    effects = health.effects_of_order(actor, order)
    return {
        "order": order,
        "tag": order_tag(order),
        "line_tag": line_tag,
        "effect_tag": effect_tag,
        "task_tag": lambda task: task_tag(task, now),
        "money": money_in_words,
        "tasks": orders.instances_of(actor, [order])[order.uid],
        "effects": effects,
        "stuck": any(effect.state == "incident" for effect in effects),
        "allowed": allowed.of_order(actor, order),
        "history": timeline.of_order(actor, order),
    }
