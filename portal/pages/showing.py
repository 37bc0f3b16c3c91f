"""How our pages are shown: whole or as the fragment a dialog asks for, and the words and tones of states."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import current_app, flash, g, redirect, render_template, request
from werkzeug.wrappers import Response

from flows import access
from flows.catalogue import FlowDefinition
from flows.clock import clock
from flows.models import Instance, Order
from flows.queries import grid
from flows.queries.orders import STATE_LABELS
from flows.rules.errors import Invalid
from flows.rules.statuses import is_overdue
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work, unit_of_work
from portal.forms import once

SOON_DAYS = 7
GRID_WORDS = {
    "Pending": N_("Pending"), "Completed": N_("Completed"), "Expired": N_("Expired"), "Cancelled": N_("Cancelled"),
}  # fmt: skip
"""The statuses of the Task System as people read them (A22)."""


class Tag(NamedTuple):
    """A status as people read it, and the tone of `ui.tag`."""

    words: str
    tone: str = ""


def is_fragment() -> bool:
    """Whether baton.js asks for the main part alone."""
    return "X-Fragment" in request.headers


def show(template: str, status: int = 200, **words: Any) -> Response:
    """A page in its frame, or its main part alone: then nothing is asked for a frame that nobody sees."""
    if is_fragment():
        g.frame = {}
    layout = "fragment.html" if is_fragment() else "base.html"
    html = render_template(
        template, layout=layout, fragment=is_fragment(), now=clock.now(), zone=ZoneInfo(g.actor.time_zone), **words
    )
    return current_app.make_response((html, status, {"Vary": "X-Fragment"}))


def done_with(
    ref: str, act: Callable[[Work, Instance], str], page: Callable[[Instance, dict[str, str]], Response], words: str
) -> Response:
    """A form about a request: done once, then on to where `act` says with `words`; else `page` with what is wrong."""
    try:
        with unit_of_work(g.actor) as work:
            location = once(work, lambda: act(work, access.instance_to_change(work, ref)))
    except Invalid as invalid:
        return page(access.instance_to_read(g.actor, ref), invalid.by_field())
    flash(words)
    return redirect(location, 303)


def address(path: str, **query: Any) -> str:
    """A path with those of the query's values that say something."""
    told = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(told, doseq=True)}" if told else path


def end_of(instance: Instance) -> datetime | None:
    """The moment that matters to the customer: when it expires, else when it is due."""
    return instance.expires_at or instance.due_at


def days_left(instance: Instance, now: datetime) -> int | None:
    """Calendar days until the end, where the reader is; None without an end."""
    end, zone = end_of(instance), ZoneInfo(g.actor.time_zone)
    return (end.astimezone(zone).date() - now.astimezone(zone).date()).days if end else None


def grid_tag(instance: Instance, now: datetime) -> Tag:
    """The one word of the Task System."""
    status = grid.grid_status(instance, now)
    return Tag(_(GRID_WORDS[status]), {"Pending": "info", "Completed": "ok", "Expired": "warn"}.get(status, "plain"))


def task_tag(instance: Instance, now: datetime, handed_back: bool = False) -> Tag:
    """How it stands, in the words for customers (SCREENS.md section 2).

    `handed_back`: a step of theirs was returned or reopened. Being overdue stands beside it: see `overdue_tag`.
    """
    if not instance.is_running(now):
        if instance.status == "completed":
            return Tag(_("Closed"), "plain") if instance.outcome_kind == "negative" else Tag(_("Completed"), "ok")
        return Tag(_("Cancelled"), "plain") if instance.status == "cancelled" else Tag(_("Expired"), "plain")
    if instance.status == "awaiting_review":
        return Tag(_("Being reviewed"))
    if handed_back:
        return Tag(_("Changes needed"), "bad")
    if instance.waiting_on != "customer":
        return Tag(_("With us"))
    return Tag(_("Not started"), "info") if instance.status == "not_started" else Tag(_("In progress"), "info")


def overdue_tag(instance: Instance, now: datetime) -> Tag | None:
    """Past its due date and still running (C22); a badge beside the status, which it never hides (Q20)."""
    if is_overdue(instance.status, instance.due_at, now) and not instance.is_past_expiry(now):
        return Tag(_("Overdue"), "bad")
    return None


def due_tag(instance: Instance, now: datetime, handed_back: bool = False) -> Tag:
    """For a list of things to do: what is most pressing about it, in one tag."""
    if late := overdue_tag(instance, now):
        return late
    left = days_left(instance, now)
    if handed_back or left is None or left < 0 or left > SOON_DAYS or not grid.needs_action(instance, now):
        return task_tag(instance, now, handed_back)
    words = {0: _("Due today"), 1: _("Due tomorrow")}
    return Tag(words.get(left, _("Due in %(days)s days", days=left)), "warn" if left <= 3 else "info")


def order_tag(order: Order) -> Tag:
    tones = {
        "awaiting_details": "warn",
        "provisioning": "info",
        "failed": "info",
        "completed": "ok",
        "cancelled": "plain",
    }
    return Tag(_(STATE_LABELS[order.state]), tones.get(order.state, ""))


def cancels_its_order(definition: FlowDefinition) -> bool:
    """Whether the order is cancelled when the task of this flow expires."""
    return any(getattr(effect, "call", "") == "orders.cancel" for effect in definition.effects_for("expired"))
