"""What flows may do to an order: finalise it with the details given, provision it, cancel it whole."""

from __future__ import annotations

from flows.plugin import Context, action


@action("orders.finalise")
def finalise(ctx: Context, order: str, **details: str) -> None:
    """Store the collected details on the order and release it (A30). Any flow may pass details under its own names."""
    ctx.orders.finalise(order, details)


@action("orders.provision")
def provision(ctx: Context, order: str) -> None:
    """Set up what was bought, through the provider of each product (A32)."""
    ctx.orders.provision(order)


@action("orders.cancel")
def cancel(ctx: Context, order: str, reason: str) -> None:
    """Cancel the whole order, whatever the mix of products (A7, A8). `reason` is shown to the buyer."""
    ctx.orders.cancel(order, reason)
