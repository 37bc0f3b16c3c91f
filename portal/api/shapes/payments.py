"""What the API gives about payments."""

from __future__ import annotations

from portal.api.shapes.plain import Links, Moment, Money, Shape


class StepPayment(Shape):
    """What a step costs (`amount` is null while nobody has said), the newest payment for it, and the ways to pay.

    `payment_id` and `state` are null before anybody began to pay. For a bank transfer the person gives `reference`.
    """

    amount: Money | None
    reference: str
    payment_id: str | None
    state: str | None
    providers: list[str]
    bank_details: str


class PaymentBegun(Shape):
    """Open `redirect_url` in a browser; it comes back to `return_url`, which also says how it ended."""

    payment_id: str
    redirect_url: str
    return_url: str


class Payment(Shape):
    """`state` is pending, processing, paid, failed, cancelled, refunding or refunded; `failure` is for people."""

    id: str
    state: str
    instance_id: str
    step: str
    title: str
    amount: Money
    refunded: Money
    provider: str
    reference: str
    failure: str
    created_at: Moment
    paid_at: Moment | None
    refunded_at: Moment | None
    links: Links
    allowed_actions: list[str]
