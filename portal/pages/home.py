"""The start page: what is to do, what we are doing, what was done (P2)."""

from __future__ import annotations

from flask import Blueprint, g
from werkzeug.wrappers import Response

from flows.access import read_as
from flows.actions import versions
from flows.clock import clock
from flows.queries import grid
from flows.queries import standing as asking
from flows.rules.actors import Actor
from portal.may import may
from portal.pages import tasks
from portal.pages.navigation import my_standing
from portal.pages.showing import SOON_DAYS, cancels_its_order, days_left, show

pages = Blueprint("home", __name__)

MOST_SHOWN = 5


@pages.get("/")
@may("customer")
def start() -> Response:
    actor: Actor = g.actor
    now, standing = clock.now(), my_standing(actor)
    to_do = asking.soonest(actor, now, MOST_SHOWN) if standing.to_do else []
    with_us = grid.tasks(actor, now, grid.Filters(turn="with_us"), limit=MOST_SHOWN).rows
    done = grid.tasks(actor, now, grid.Filters(turn="done"), limit=MOST_SHOWN).rows
    orders = asking.orders_of(actor, [*to_do, *with_us, *done])
    first = to_do[0] if to_do else None
    left = days_left(first, now) if first is not None else None
    return show(
        "home.html",
        to_do=tasks.list_rows(to_do, orders, now),
        with_us=tasks.list_rows(with_us, orders, now),
        done=tasks.list_rows(done, orders, now),
        totals=grid.totals(actor, now) if standing.for_company else None,
        count=standing.to_do,
        first=first if left is not None and left <= SOON_DAYS else None,
        order_at_risk=orders.get(first.subject or "")
        if first is not None and cancels_its_order(versions.definition_of(read_as(actor), first))
        else None,
        first_name=actor.name.split(" ")[0],
    )
