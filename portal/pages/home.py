"""The start page: what is to do, what we are doing, what was done lately, and the one thing that presses (P2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, g
from werkzeug.wrappers import Response

from flows.access import read_as
from flows.actions import versions
from flows.clock import clock
from flows.queries import grid, turns
from flows.rules.actors import Actor
from portal.may import may
from portal.pages.navigation import my_standing
from portal.pages.showing import SOON_DAYS, cancels_its_order, days_left, end_of, show
from portal.pages.task_rows import list_rows, rating_link

pages = Blueprint("home", __name__)


@pages.get("/")
@may("customer")
def start() -> Response:
    actor: Actor = g.actor
    now, standing, lists = clock.now(), my_standing(actor), turns.at_home(actor, clock.now())
    rows = {row["instance"].id: row for row in list_rows(actor, lists.everything, now)}
    to_do, with_us, done = (
        [rows[one.id] for one in part] for part in (lists.to_do, lists.with_us, lists.done)
    )  # fmt: skip
    return show(
        "home.html",
        to_do=to_do,
        with_us=with_us,
        done=[{**row, "rate": rating_link(actor, row["instance"], now)} for row in done],
        totals=grid.totals(actor, now) if standing.for_company else None,
        count=standing.to_do,
        important=_important(actor, to_do, with_us, now),
        first_name=actor.name.split(" ")[0],
    )


def _important(
    actor: Actor, to_do: Sequence[dict[str, Any]], with_us: Sequence[dict[str, Any]], now: datetime
) -> dict[str, Any] | None:
    """At most one thing: what ends within a week or is over already, else what we asked to have changed."""
    soon = [row for row in to_do if (left := days_left(row["instance"], now)) is not None and left <= SOON_DAYS]
    row = next(iter([*soon, *(row for row in [*to_do, *with_us] if row["changes"])]), None)
    if row is None:
        return None
    definition = versions.in_lists(read_as(actor), row["instance"])
    return {
        **row,
        "end": end_of(row["instance"]) if row in soon else None,
        "order": row["order"] if cancels_its_order(definition) else None,
    }
