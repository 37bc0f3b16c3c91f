"""How many there are, up to two hundred: many counts in one statement, each of which stops when it has seen enough."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, Subquery, func, literal_column, select

from flows.access import read_as
from flows.rules.actors import Actor

ENOUGH = 200
"""Whoever has more waiting needs no exact number, and the page costs the same however many there are."""


class Tally(int):
    """A number that reads "200+" when counting stopped there."""

    def __str__(self) -> str:
        return f"{ENOUGH}+" if self > ENOUGH else super().__str__()

    __format__ = object.__format__


def count(actor: Actor, queries: Mapping[str, Select[Any]]) -> dict[str, Tally]:
    """How many rows each query has, by its name, in one statement; none for no queries."""
    if not queries:
        return {}
    counted = [select(func.count()).select_from(_some(query)).scalar_subquery() for query in queries.values()]
    row = read_as(actor).execute(select(*counted)).one()
    return {name: Tally(number) for name, number in zip(queries, row, strict=True)}


def _some(query: Select[Any]) -> Subquery:
    return query.with_only_columns(literal_column("1"), maintain_column_froms=True).limit(ENOUGH + 1).subquery()
