"""Paying for a step from the app: a checkout begun, and how a payment stands (X22)."""

from __future__ import annotations

from typing import Any

from flows import access
from flows.actions import paying
from flows.plugin import PassingFault, PermanentFault
from messaging.payments import desk
from portal.api import draw_payment, shapes
from portal.api.door import BASE, Answer, Call, operation
from portal.api.problems import Declined

RETRY_SECONDS = "5"


def _lead_there(begun: dict[str, Any]) -> dict[str, Any]:
    """Where the payer goes: the provider's page, or ours when nothing is to be paid there any more."""
    try:
        address = desk.lead_to(begun["payment_id"])
    except (PassingFault, PermanentFault):
        said = "The payment page cannot be reached, so nothing was taken. Try again with the same key"
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
    begun = shapes.PaymentBegun(payment_id=payment.uid, redirect_url="", return_url=draw_payment.page_of(payment))
    return Answer(begun, 201, {"Location": f"{BASE}/payments/{payment.uid}"})


@operation("GET", "/payments/<payment_id>", who="signed_in", gives=shapes.Payment, refusals=("not-found",))
def get_payment(call: Call, payment_id: str) -> Answer:
    """How a payment stands. It changes by itself: ask again, or hear `payment.updated`."""
    return Answer(draw_payment.payment(access.payment_to_read(call.actor, payment_id)))
