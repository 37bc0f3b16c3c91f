"""What a move-in does in the housing management system."""

from __future__ import annotations

from datetime import date

from flows.plugin import Context, PermanentFault, action


@action("housing.activate_tenancy")
def activate_tenancy(ctx: Context, agreement: str, move_in: str) -> None:
    """The tenancy begins on the day of `move_in` (YYYY-MM-DD). The key of the effect makes a repeat harmless."""
    try:
        day = date.fromisoformat(move_in)
    except ValueError:
        raise PermanentFault(f"The move-in date is {move_in!r}, which is no day; correct it, then retry") from None
    ctx.agreements.activate(agreement, day, ctx.key)
