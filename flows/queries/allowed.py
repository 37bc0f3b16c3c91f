"""What an actor may do with a thing right now: asked by the API's `allowed_actions` and by the buttons of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flows.models import Instance, Order, Step
from flows.queries.grid import needs_action
from flows.rules.actors import Actor
from flows.rules.moves import WITH_ACTOR
from flows.rules.orders import is_cancellable


def of_instance(actor: Actor, instance: Instance, now: datetime) -> list[str]:
    """`complete_task` for the customer whose turn it is (A23); `assign` and `extend` for staff whose role grants it."""
    if actor.kind == "customer":
        return ["complete_task"] if needs_action(instance, now) else []
    if not _takes_work(instance, now):
        return []
    extendable = instance.expires_at is not None and actor.may("orders")
    return [name for name, allowed in (("assign", actor.may("assign")), ("extend", extendable)) if allowed]


def of_step(actor: Actor, instance: Instance, step: Step, now: datetime) -> list[str]:
    """`save_draft` and `submit` while the step takes answers from this kind of actor."""
    theirs = step.actor == actor.kind and step.state in WITH_ACTOR and _takes_work(instance, now)
    return ["save_draft", "submit"] if theirs else []


def of_order(actor: Actor, order: Order) -> list[str]:
    """`cancel` until it is being set up; `confirm_line` for staff who see to orders."""
    staff = actor.is_staff and actor.may("orders")
    allowed = {
        "cancel": is_cancellable(order.state, order.finalised_at is not None, staff) and (staff or not actor.is_staff),
        "confirm_line": order.state in ("provisioning", "failed") and staff,
    }
    return [name for name, holds in allowed.items() if holds]


def fields_for(actor: Actor, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The questions that this kind of actor may read: a field with `visible_to` is for those it names (X20)."""
    return {name: field for name, field in fields.items() if not field.visible_to or actor.kind in field.visible_to}


def _takes_work(instance: Instance, now: datetime) -> bool:
    return instance.is_open and not instance.is_past_expiry(now)
