"""A plugin for tests: lookups that are large, small, away, broken and odd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.plugin import LookupContext, Option, PassingFault, lookup

asked: list[tuple[str, str]] = []
"""(lookup, query) of every question, for tests that count them."""


@lookup("test.streets")
def streets(ctx: LookupContext, query: str) -> Sequence[Option]:
    """Thirty; without `one`, so a value is searched for."""
    asked.append(("streets", query))
    found = [Option(f"s{n:02}", f"Street {n:02}", "Leeds") for n in range(30)]
    return [one for one in found if query.lower() in one.label.lower() or query == one.value][:21]


def area(ctx: LookupContext, value: str) -> Option | None:
    return Option(value, value.capitalize()) if value in {"north", "south"} | ctx.chosen else None


@lookup("test.areas", one=area)
def areas(ctx: LookupContext, query: str) -> Sequence[Option]:
    assert ctx.zone == "Europe/London"
    return [Option("north", "North"), Option("south", "South")]


@lookup("test.estates")
def estates(ctx: LookupContext, query: str) -> Sequence[Option]:
    """Many requests may be linked to one estate."""
    return [Option("est_1", "Foundry Court")]


@lookup("test.away")
def away(ctx: LookupContext, query: str) -> Sequence[Option]:
    asked.append(("away", query))
    raise PassingFault("the other side does not answer")


@lookup("test.broken")
def broken(ctx: LookupContext, query: str) -> Sequence[Option]:
    raise ZeroDivisionError


@lookup("test.odd")
def odd(ctx: LookupContext, query: str) -> Any:
    return [("no", "option")]
