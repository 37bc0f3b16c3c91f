"""Paying for a step: what it costs, away to the provider, back again, and how it ended (P8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog
from flask import Blueprint, current_app, g, redirect, request
from werkzeug.wrappers import Response

from flows import access
from flows.access import read_as
from flows.actions import paying, versions
from flows.clock import clock
from flows.models import Instance, Payment, Step
from flows.plugin import PassingFault, PermanentFault
from flows.queries import payments
from flows.rules.actors import Actor
from flows.rules.errors import OutOfStep, Refused
from flows.rules.words import money_in_words
from flows.words import gettext as _
from messaging.payments import desk
from portal.forms import text
from portal.may import may
from portal.pages.showing import show
from portal.pages.step_form import place_of, takes_answers

log = structlog.get_logger(__name__)
pages = Blueprint("pay", __name__, url_prefix="/tasks/<ref>/steps/<name>/pay")

CAME_BACK = ("paid", "turned", "asked")
"""How the customer comes back: having paid, having turned round, or after we have asked how it stands."""


@pages.get("")
@may("customer")
def page(ref: str, name: str) -> Response:
    """What is to be paid, or how it stands. Coming back from the provider changes nothing by itself: GET never does."""
    instance, step = _read(ref, name)
    return pay_page(g.actor, instance, step, back=request.args.get("back", ""))


@pages.post("")
@may("customer")
def pay(ref: str, name: str) -> Response:
    """Away to the provider; or to how it stands, when it turns out that nothing is to be paid any more."""
    _read(ref, name)
    try:
        address = desk.start(g.actor, ref, name)
    except OutOfStep as late:
        return pay_page(g.actor, *_read(ref, name), problem=late.detail, status=late.status)
    except (PassingFault, PermanentFault) as fault:
        log.error("payment_not_begun", task=ref, step=name, fault=fault.detail)
        said = _("We could not reach the payment page, so nothing was taken. Try again in a moment")
        return pay_page(g.actor, *_read(ref, name), problem=said, status=503)
    return redirect(address or request.path, 303)


@pages.post("/check")
@may("customer")
def check(ref: str, name: str) -> Response:
    """Ask the provider once how it stands, in case its own call got lost."""
    _instance, step = _read(ref, name)
    waiting = next((one for one in payments.of_step(g.actor, step) if one.is_open), None)
    if waiting is None:
        return redirect(_address(), 303)
    try:
        state = desk.look_for(g.actor, waiting.uid)
    except (PassingFault, PermanentFault) as fault:
        log.warning("payment_not_looked_at", payment=waiting.uid, fault=fault.detail)
        state = waiting.state
    still = state == "processing" or (state == "pending" and text("back") in ("paid", "asked"))
    return redirect(f"{_address()}?back=asked" if still else _address(), 303)


def pay_page(
    actor: Actor, instance: Instance, step: Step, *, back: str = "", problem: str = "", status: int = 200
) -> Response:
    """The page of a payment step in every state that it may have; a fragment of it leads to the page."""
    place, now = place_of(actor, instance, step), clock.now()
    session, settings = read_as(actor), current_app.config["BATON"]
    if step.state == "locked" and instance.is_running(now):
        raise OutOfStep(_("This step cannot start yet: something else comes first."), "step-locked")
    found = payments.of_step(actor, step)
    price = paying.price_of(session, instance, place.definition, step, now)
    waiting = next((one for one in found if one.is_open), None)
    view = _view(instance, step, found, back, price.minor)
    change = payments.last_change(actor, instance, step) if view == "pay" else None
    return show(
        "tasks/pay.html",
        status,
        place=place,
        instance=instance,
        step=step,
        rule=place.rule,
        order=place.order,
        view=view,
        price=price,
        currency=paying.rule_of(place.definition, step).currency,
        reference=paying.reference_of(session, instance, place.definition, step, now),
        paid=next((one for one in found if one.paid_at and one.uid == _paid_by(step)), None),
        waiting=waiting,
        returning=[one for one in found if one.received_minor is not None and one.uid != _paid_by(step)],
        failure="" if problem else _failure(found),
        problem=problem,
        change=change,
        cards=settings.takes_cards,
        bank=settings.bank_details.replace("\\n", "\n"),
        back=back if back in CAME_BACK and waiting is not None else "",
        words=money_in_words,
    )


def pays(actor: Actor, instance: Instance, step: Step) -> bool:
    """Whether this step is done by paying."""
    definition = versions.spoken_of(read_as(actor), instance)
    return definition.steps[step.name].payment is not None


def _view(instance: Instance, step: Step, found: Sequence[Payment], back: str, minor: int | None) -> str:
    """Which page it is: "paid", "over", "waiting", "pay", or "unknown" while nobody has said how much."""
    waiting = next((one for one in found if one.is_open), None)
    if step.state == "completed":
        return "paid"
    if not takes_answers(instance, step, clock.now()):
        return "over"
    if waiting is not None and (waiting.state == "processing" or back in ("paid", "asked")):
        return "waiting"
    return "pay" if minor else "unknown"


def _failure(found: Sequence[Payment]) -> str:
    """Why the newest try did not work; nothing of the money that came and went back, which is told by itself."""
    newest = found[0] if found else None
    return newest.trouble if newest is not None and newest.state in ("pending", "failed") else ""


def _paid_by(step: Step) -> Any:
    answer = step.answers.get(step.name)
    return answer.get("id") if isinstance(answer, dict) else None


def _read(ref: str, name: str) -> tuple[Instance, Step]:
    instance = access.instance_to_read(g.actor, ref)
    step = access.step_of(instance, name)
    if not pays(g.actor, instance, step):
        raise Refused(_("No such step"))
    return instance, step


def _address() -> str:
    return request.path.removesuffix("/check")
