"""What flows may do to a payment of their own: pay it back."""

from __future__ import annotations

from flows.plugin import Context, action


@action("payments.refund")
def refund(ctx: Context, payment: str) -> None:
    """Pay the whole of a payment back to whoever paid it, by the way it came (X22); once, however often it is asked."""
    ctx.payments.refund(payment)
