"""What the flow does in the engineers' diary."""

from __future__ import annotations

from baton_gas_safety import diary
from flows.plugin import Context, action


@action("gas_safety.book")
def book(ctx: Context, slot: str, ref: str) -> None:
    """The engineer comes then. The key of the effect makes a repeat harmless."""
    diary.book(slot, ctx.key, ref)


@action("gas_safety.free")
def free(_ctx: Context, slot: str) -> None:
    """Nobody comes after all."""
    diary.free(slot)


@action("gas_safety.certify")
def certify(_ctx: Context, ref: str, home: str, checked_on: str) -> None:
    """The home is safe; the housing system reads it from the diary."""
    diary.certify(ref, home, checked_on)
