"""When an order may still be cancelled: asked by the verb, and by every door that shows the button."""

from __future__ import annotations


def is_cancellable(state: str, is_finalised: bool, by_staff: bool) -> bool:
    """Until it is being set up. Staff may also end one that failed before it was finalised: nothing else would."""
    return state in ("placed", "awaiting_details") or (by_staff and state == "failed" and not is_finalised)
