"""What an actor may do with a thing right now: asked by the API's `allowed_actions` and by the buttons of the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.models import Instance, Order, Payment, Step
from flows.queries import lookups
from flows.queries.grid import needs_action
from flows.rules import people, private, ratings, reopenings, stages
from flows.rules.actors import Actor
from flows.rules.moves import WITH_ACTOR
from flows.rules.orders import is_cancellable
from flows.rules.reviews import Right

REVIEWING = ("approve", "return", "close_request")


def of_instance(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime) -> list[str]:
    """The verbs for the whole instance, in the order in which buttons stand.

    A customer: `complete_task` while it is their turn (A23), `cancel` where the flow lets them (Q29), `rate`. Staff, by
    what their role grants: `take`, `assign`, `conclude` (the outcome card, C42), `change_due`, `extend`, `remind`,
    `add_step`, `cancel`, `revive`, `link.<name>` for each link of the flow and `unlink.<name>` for each that is made.
    """
    if actor.kind == "customer":
        return _of_customer(actor, instance, definition, now)
    if not instance.is_running(now):
        over = instance.status in ("cancelled", "expired") and instance.order_uid is None
        return ["revive"] if over and actor.may("cancel") else []
    steps = bool(definition.steps)
    allowed = {
        "take": actor.may("assign") and instance.assignee_id != actor.user_id,
        "assign": actor.may("assign"),
        "conclude": steps and actor.may("review") and not instance.unfinished,
        "change_due": actor.may("create"),
        "extend": instance.expires_at is not None and actor.may("orders"),
        "remind": actor.may("message") and any(rule.is_reminder for rule in definition.timers.values()),
        "add_step": steps and actor.may("create"),
        "cancel": actor.may("cancel") and instance.order_uid is None,
    }
    links = [name for name, link in definition.links.items() if lookups.may_link(actor, instance, link)]
    return [
        *(name for name, holds in allowed.items() if holds),
        *(f"link.{name}" for name in links),
        *(f"unlink.{name}" for name in links if name in instance.links),
    ]


def _of_customer(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime) -> list[str]:
    cancellable = (
        instance.is_running(now)
        and instance.order_uid is None
        and people.is_among(actor, definition.cancel.by, instance.standing)
        and not instance.has_begun
    )
    allowed = {
        "complete_task": needs_action(instance, now),
        "cancel": cancellable,
        "rate": ratings.is_asked(instance.status, definition.rating) and ratings.may_change(instance.rated_at, now),
        "ask_to_reopen": reopenings.may_be_asked_for(instance, now),
    }
    return [name for name, holds in allowed.items() if holds]


def of_conversation(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime) -> list[str]:
    """`message` while the request runs, for its customer and for staff who may; `note` between staff (C54, X29)."""
    if instance.state is not None or not instance.is_running(now):
        return []
    messages = ["message"] if definition.has_messages else []
    if not actor.is_staff:
        return messages
    return [*messages, "note"] if actor.may("message") else []


def of_step(
    actor: Actor, instance: Instance, step: Step, rule: StepRule, now: datetime, right: Right | None = None
) -> list[str]:
    """The verbs for one step: `save_draft`, `submit` or `pay` for its actor; for staff the review, and its repair.

    `change_amount` and `confirm_transfer` (money on the bank statement) are staff's for a step that is paid for.

    `approve`, `return` and `close_request` are there for whoever has the `right` to decide (`actions.deciding`).
    `reveal`: there are private answers that may be shown in clear (X20).
    """
    alive = instance.is_running(now)
    theirs = (
        alive and step.actor == actor.kind and step.state in WITH_ACTOR and (not actor.is_staff or actor.may("create"))
    )
    found = ["save_draft", "submit"] if theirs and not rule.payment else ["pay"] if theirs else []
    if not actor.is_staff:
        return found
    if right is not None and not right.refusal:
        found += REVIEWING
    if alive and step.actor == "customer" and step.state in WITH_ACTOR and not rule.payment and actor.may("create"):
        found.append("answer_for_customer")
    if step.state == "completed" and not rule.payment and _may_reopen(actor, instance, now):
        found.append("reopen")
    if alive and step.check_again and actor.may("review"):
        found.append("confirm")
    if alive and not rule.payment and step.state in (*WITH_ACTOR, "locked", "pending_approval"):
        found += ["add_field"] if actor.may("create") else []
    if alive and rule.payment and actor.may("create"):
        found += ["change_amount"] if step.state not in ("completed", "pending_approval") else []
        found += ["confirm_transfer"] if step.state in WITH_ACTOR else []
    if revealable(actor, instance, step, rule.fields):
        found.append("reveal")
    return found


def revealable(actor: Actor, instance: Instance, step: Step | None, fields: Mapping[str, Any]) -> list[str]:
    """The questions whose private answer this actor may have shown in clear, and recorded (X20).

    `fields` are those of the step, or without a step those of the start.
    """
    given, answering = (step.answers, step.actor) if step is not None else (instance.inputs, "")
    seen = private.fields_for(actor, fields, instance.standing, answering)
    return [
        name
        for name, field in seen.items()
        if private.is_private(field)
        and given.get(name) is not None
        and private.may_reveal(actor, field, instance.standing)
    ]


def _may_reopen(actor: Actor, instance: Instance, now: datetime) -> bool:
    """While it runs; after it was completed or closed only with the right to end things (Q23); never for an order."""
    if not actor.may("review"):
        return False
    ended = instance.status == "completed" and actor.may("cancel") and instance.order_uid is None
    return instance.is_running(now) or ended


def of_case(
    actor: Actor, instance: Instance, definition: FlowDefinition, scope: Callable[[], Mapping[str, Any]]
) -> list[str]:
    """The actions of the flow that the actor may take on a case or task, as `act.<name>`, then what is there besides.

    `scope` gives the names that the conditions of the actions refer to (`scope.for_actions`).
    """
    found = [
        f"act.{name}" for name in stages.offered(definition, instance.state or "", actor, instance.standing, scope)
    ]
    if not actor.is_staff:
        return [*found, "comment"]
    takes = instance.is_open and instance.assignee_id != actor.user_id
    mine = instance.department_id is not None and instance.department_id in actor.departments | actor.manages
    allowed = {
        "take": takes and (actor.may("assign") or (instance.assignee_id is None and mine)),
        "assign": instance.is_open and actor.may("assign"),
        "comment": actor.may("message"),
        "change_due": instance.is_open and actor.may("create"),
        "change_priority": instance.is_open and actor.may("create"),
        "add_task": instance.is_open and instance.parent_id is None and actor.may("create"),
    }
    return [*found, *(name for name, holds in allowed.items() if holds)]


def of_order(actor: Actor, order: Order) -> list[str]:
    """`cancel` until it is being set up; `confirm_line` for staff who see to orders."""
    staff = actor.is_staff and actor.may("orders")
    allowed = {
        "cancel": is_cancellable(order.state, order.finalised_at is not None, staff) and (staff or not actor.is_staff),
        "confirm_line": order.state in ("provisioning", "failed") and staff,
    }
    return [name for name, holds in allowed.items() if holds]


def of_payment(actor: Actor, payment: Payment) -> list[str]:
    """`refund` what is paid; `paid_back` for a bank transfer that is to go back: people do it, and say when."""
    allowed = {
        "refund": payment.state == "paid",
        "paid_back": payment.state == "refunding" and payment.provider == "bank",
    }
    return [name for name, holds in allowed.items() if holds and actor.may("cancel")]


def fields_for(
    actor: Actor, fields: Mapping[str, Any], standing: people.Standing, answering: str = ""
) -> dict[str, Any]:
    """The questions that this actor may read: a field with `visible_to` is for those it names (X20).

    `answering` is whose step it is: what has to be answered is seen by whoever has to answer it.
    """
    return private.fields_for(actor, fields, standing, answering)
