"""What customers see at the top of every page; the one statement that counts its badges is made once a request."""

from __future__ import annotations

from typing import NamedTuple

from flask import g, request

from flows.clock import clock
from flows.queries import standing as asking
from flows.queries import startable
from flows.queries.standing import Standing
from flows.rules.actors import Actor
from flows.words import gettext as _


class Entry(NamedTuple):
    """Words, address (None: a heading), how many wait there, whether this is the page."""

    label: str
    url: str | None
    badge: int
    current: bool


def my_standing(actor: Actor) -> Standing:
    """How things stand for this person, as of this request."""
    if "standing" not in g:
        g.standing = asking.standing(actor, clock.now())
    standing: Standing = g.standing
    return standing


def entries(actor: Actor) -> list[Entry]:
    """The sections of the portal for a customer; households have no shop."""
    if actor.is_staff:
        return [Entry(_("Back office"), "/admin/", 0, False)]
    standing = my_standing(actor)
    shop = [
        (_("Shop"), "/shop", 0, ("/shop",)),
        (_("Basket"), "/basket", standing.in_basket, ("/basket", "/checkout")),
        (_("Orders"), "/orders", 0, ("/orders",)),
    ]
    tasks = _("Task System") if standing.for_company else _("Tasks")
    places = [
        (_("Home"), "/", 0, ()),
        (tasks, "/tasks", standing.to_do, ("/tasks",)),
        (_("Messages"), "/messages", standing.unread, ("/messages",)),
        *([(_("Cases"), "/cases", 0, ("/cases",))] if startable.raises_cases() else []),
        *([(_("Requests"), "/requests", 0, ("/requests",))] if standing.may_request else []),
        *(shop if standing.for_company else []),
    ]
    return [Entry(words, url, badge, _is_here(url, areas)) for words, url, badge, areas in places]


def _is_here(url: str, areas: tuple[str, ...]) -> bool:
    path = g.get("looked_at", request.path)
    return path == url or f"{path}/".startswith(tuple(f"{area}/" for area in areas))
