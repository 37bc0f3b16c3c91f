"""Payments: a checkout begun from the app, how each stands, and what staff give back (X22)."""

from __future__ import annotations

from functools import partial
from typing import Any

from flows import access, settings
from flows.actions import paying, refunding
from flows.plugin import PassingFault, PermanentFault
from flows.queries import payments
from flows.words import gettext as _
from messaging.payments import desk
from portal.api import asked, asked_by_staff, cursors, draw_payment, shapes
from portal.api.door import BASE, Answer, Call, counted_page, operation
from portal.api.problems import Declined

RETRY_SECONDS = "5"
give_back = partial(
    operation, "POST", who="staff", gives=shapes.Payment, key="required",
    refusals=("not-found", "forbidden", "invalid-transition"),
)  # fmt: skip
"""Declare a verb that returns money, given where it stands."""


def _lead_there(begun: dict[str, Any]) -> dict[str, Any]:
    """Where the payer goes: the provider's page, or ours when nothing is to be paid there any more."""
    try:
        address = desk.lead_to(begun["payment_id"])
    except (PassingFault, PermanentFault):
        said = _("The payment page cannot be reached, so nothing was taken. Try again with the same key")
        raise Declined("unavailable", said, {"Retry-After": RETRY_SECONDS}) from None
    return {**begun, "redirect_url": address or begun["return_url"]}


@operation(
    "POST",
    "/instances/<instance_id>/steps/<key>/payment",
    who="signed_in",
    gives=shapes.PaymentBegun,
    status=201,
    key="required",
    finish=_lead_there,
    refusals=(
        "not-found", "forbidden", "step-locked", "instance-closed", "already-submitted", "payment-needed",
        "payment-pending", "invalid-transition",
    ),
)  # fmt: skip
def begin_payment(call: Call, instance_id: str, key: str) -> Answer:
    """Pay for a step: send the person to `redirect_url`. The same key is the same payment, however often it is sent."""
    instance = access.instance_to_change(call.work, instance_id)
    desk.count(call.work)
    payment = paying.begin(call.work, instance, access.step_of(instance, key))
    begun = shapes.PaymentBegun(
        payment_id=payment.uid, redirect_url="", return_url=settings.current().origin + draw_payment.path_of(payment)
    )
    return Answer(begun, 201, {"Location": f"{BASE}/payments/{payment.uid}"})


@operation("GET", "/payments/<payment_id>", who="signed_in", gives=shapes.Payment, refusals=("not-found",))
def get_payment(call: Call, payment_id: str) -> Answer:
    """How a payment stands. It changes by itself: ask again, or hear `payment.updated`."""
    return Answer(draw_payment.payment(call.actor, access.payment_to_read(call.actor, payment_id)))


@operation("GET", "/payments", who="staff", gives=shapes.CountedPage[shapes.Payment], refusals=("cursor-mismatch",))
def list_payments(call: Call, query: asked_by_staff.PaymentList) -> Answer:
    """Payments of everybody, the newest first."""
    found = payments.listed(call.actor, state=query.state, search=query.q, cursor=cursors.opened(query.cursor),
                            limit=query.limit, count=query.count)  # fmt: skip
    rows = [draw_payment.payment(call.actor, one) for one in found.rows]
    return counted_page(shapes.Payment, rows, found)


@give_back("/payments/<payment_id>/refund")
def refund_payment(call: Call, payment_id: str, body: asked.Reason) -> Answer:
    """Pay the whole amount back to whoever paid it; the reason stands in the audit log."""
    _, payment = access.payment_to_change(call.work, payment_id)
    refunding.refund_by_staff(call.work, payment, body.reason)
    return Answer(draw_payment.payment(call.actor, payment))


@give_back("/payments/<payment_id>/paid_back")
def pay_back_by_hand(call: Call, payment_id: str, body: asked_by_staff.PaidBack) -> Answer:
    """A bank transfer that was to go back has been transferred; the customer is told."""
    instance, payment = access.payment_to_change(call.work, payment_id)
    refunding.paid_back(call.work, instance, payment, body.reference)
    return Answer(draw_payment.payment(call.actor, payment))
