"""What staff do with a request as a whole: begin, assign, conclude, take up again, move its dates (C23 to C45)."""

from __future__ import annotations

from functools import partial

from flows import access
from flows.actions import assigning, beginning, closing, firing, linking, reopening, versions
from flows.actions.beginning import Wish
from flows.catalogue import FlowDefinition
from flows.models import Instance
from flows.rules import payments
from flows.rules.errors import Invalid, Problem
from flows.words import gettext as _
from portal.api import asked, asked_by_staff, reading, shapes
from portal.api.door import BASE, Answer, Call, operation
from portal.api.of_instances import ENDED, to_change, whole

INSTANCE = "/instances/<instance_id>"
REFUSALS = ("not-found", "forbidden", "stale-version", *ENDED)
steer = partial(
    operation, "POST", who="staff", gives=shapes.Instance, key="required", if_match="accepted", etag_kind="ti",
    refusals=REFUSALS,
)  # fmt: skip
"""Declare a verb on a whole request, given where it stands."""


@operation(
    "POST",
    "/staff/instances",
    who="staff",
    gives=shapes.Instance,
    status=201,
    key="required",
    refusals=("forbidden", "invalid-transition"),
)
def start_for_customer(call: Call, body: asked_by_staff.NewInstance) -> Answer:
    """Begin a flow for a customer, with the amounts of its payment steps and whoever works on it."""
    wish = Wish(
        assignee=body.assignee_id or "",
        inputs=body.inputs,
        fields=body.fields,
        amounts={name: given.amount for name, given in body.amounts.items()},
        due_at=body.due_at,
        message=body.message,
    )
    with reading.named(customer="customer_id", assignee="assignee_id"):
        instance = beginning.start_by_staff(call.work, body.flow, body.customer_id, wish)
    _check_currencies(versions.definition_of(call.session, instance), body)
    return whole(call, instance, status=201, location=f"{BASE}/instances/{instance.uid}")


@operation(
    "PATCH",
    INSTANCE,
    who="staff",
    gives=shapes.Instance,
    if_match="accepted",
    etag_kind="ti",
    refusals=REFUSALS,
)
def change_due_date(call: Call, instance_id: str, body: asked_by_staff.DueDate) -> Answer:
    """Another due date, or none; reminders that count from it move with it."""
    instance = to_change(call, instance_id)
    closing.change_due(call.work, instance, body.due_at, body.reason)
    return whole(call, instance)


@steer(f"{INSTANCE}/extend")
def extend_instance(call: Call, instance_id: str, body: asked_by_staff.Extension) -> Answer:
    """Give the customer more time: move the end."""
    instance = to_change(call, instance_id)
    closing.extend(call.work, instance, body.expires_at, body.reason)
    return whole(call, instance)


@steer(f"{INSTANCE}/assign")
def assign_instance(call: Call, instance_id: str, body: asked_by_staff.Assignment) -> Answer:
    """Give it to a colleague, or to nobody; whoever is away is stood in for. The note is between staff."""
    instance = to_change(call, instance_id)
    assign_as_asked(call, instance, body)
    return whole(call, instance)


@steer(f"{INSTANCE}/take")
def take_instance(call: Call, instance_id: str) -> Answer:
    """Assign to me."""
    instance = to_change(call, instance_id)
    assigning.take(call.work, instance)
    return whole(call, instance)


@steer(f"{INSTANCE}/conclude", refusals=(*REFUSALS, "open-steps"))
def conclude_instance(call: Call, instance_id: str, body: asked_by_staff.Conclusion) -> Answer:
    """Confirm an outcome once every step is completed; without a message the customer reads the flow's."""
    instance = to_change(call, instance_id)
    closing.conclude(call.work, instance, body.outcome, body.message)
    return whole(call, instance)


@steer(f"{INSTANCE}/revive")
def revive_instance(call: Call, instance_id: str, body: asked_by_staff.Revival) -> Answer:
    """Take up again what was cancelled or expired, where it was."""
    instance = to_change(call, instance_id)
    reopening.revive(call.work, instance, body.reason, body.expires_at)
    return whole(call, instance)


@steer(f"{INSTANCE}/links/<name>")
def link_instance(call: Call, instance_id: str, name: str, body: asked_by_staff.Linking) -> Answer:
    """Link it to something outside, such as a tenancy agreement; what it was linked to by that name is let go."""
    instance = to_change(call, instance_id)
    linking.link(call.work, instance, name, body.value)
    return whole(call, instance)


@steer(f"{INSTANCE}/links/<name>/unlink")
def unlink_instance(call: Call, instance_id: str, name: str, body: asked.Reason) -> Answer:
    """Take a link away; steps that it completed are marked `check_again`. The reason stands in the history."""
    instance = to_change(call, instance_id)
    linking.unlink(call.work, instance, name, body.reason)
    return whole(call, instance)


@steer(f"{INSTANCE}/remind")
def remind_customer(call: Call, instance_id: str) -> Answer:
    """Send the flow's reminder now; the planned ones stay."""
    instance = to_change(call, instance_id)
    firing.remind_now(call.work, instance)
    return whole(call, instance)


def assign_as_asked(call: Call, instance: Instance, body: asked_by_staff.Assignment) -> None:
    """The same for a request and for a case."""
    named = None if body.assignee_id is None else access.colleague_named(call.work, body.assignee_id, "/assignee_id")
    with reading.named(assignee="assignee_id"):
        assigning.assign(call.work, instance, named, body.note)


def _check_currencies(definition: FlowDefinition, body: asked_by_staff.NewInstance) -> None:
    """An amount in another currency than the flow's is a mistake, not so many pounds; what was begun is undone."""
    currencies = payments.amounts_asked(definition)
    wrong = [
        Problem(f"/amounts/{name}/currency", "currency", _("This is paid in %(currency)s", currency=currencies[name]))
        for name, given in body.amounts.items()
        if name in currencies and given.currency != currencies[name]
    ]
    if wrong:
        raise Invalid(wrong)
