"""How pages of the back office are shown: the frame with its navigation, tags with their tones, addresses, moments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask import current_app, g, render_template, request
from flask_admin import Admin
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import Select
from werkzeug.wrappers import Response

from admin.guard import StaffView
from flows.access import read_as
from flows.actions import versions
from flows.clock import clock
from flows.models import Effect, Instance, Order, OrderLine, Timer
from flows.queries import grid, staff, tallies
from flows.queries.tallies import Tally
from flows.rules.actors import Actor
from flows.rules.words import date_in_words, duration_in_words, short_date
from flows.words import gettext as _
from flows.words import ngettext


class Tag(NamedTuple):
    """A state as staff read it, and the tone of `ui.tag`."""

    words: str
    tone: str = ""


class Group(NamedTuple):
    """A part of the navigation: its words (none for the first) and its views."""

    label: str
    views: tuple[StaffView, ...]


ORDER_TAGS = {
    "placed": Tag(_l("Placed")),
    "awaiting_details": Tag(_l("Details needed"), "warn"),
    "provisioning": Tag(_l("Being set up"), "info"),
    "completed": Tag(_l("Completed"), "ok"),
    "cancelled": Tag(_l("Cancelled"), "plain"),
    "failed": Tag(_l("Failed"), "bad"),
}
LINE_TAGS = {
    "waiting": Tag(_l("Waiting")),
    "requested": Tag(_l("Requested"), "info"),
    "provisioned": Tag(_l("Set up"), "ok"),
    "cancelled": Tag(_l("Cancelled"), "plain"),
}
EFFECT_TAGS = {
    "pending": Tag(_l("Pending"), "info"),
    "done": Tag(_l("Done"), "ok"),
    "incident": Tag(_l("Incident"), "bad"),
    "skipped": Tag(_l("Skipped"), "plain"),
}
EFFECT_KINDS = {
    "email": _l("Mail"), "push": _l("Push"), "call": _l("Call"), "webhook": _l("Webhook"), "check": _l("File check"),
    "refund": _l("Refund"), "checkout": _l("Payment"), "start": _l("Start of a part"), "hear": _l("Word of a part"),
    "end": _l("End of a part"),
}  # fmt: skip
UNREAD = "?unread=1&show=open"
"""What the list of task instances is asked for those with unread messages."""
GRID_TAGS = {
    "Pending": Tag(_l("Pending"), "info"),
    "Completed": Tag(_l("Completed"), "ok"),
    "Expired": Tag(_l("Expired"), "warn"),
    "Cancelled": Tag(_l("Cancelled"), "plain"),
}
TIMER_ENDINGS = {"fired": _l("Fired"), "missed": _l("Missed"), "cancelled": _l("Cancelled")}
STEP_WORDS = {
    "locked": _l("Locked"), "open": lazy_pgettext("state", "Open"), "pending_approval": _l("Awaiting review"),
    "returned": _l("Changes needed"), "reopened": _l("Reopened"), "completed": _l("Completed"),
    "skipped": _l("Skipped"),
}  # fmt: skip


def show(view: StaffView, template: str, status: int = 200, **words: Any) -> Response:
    """A page in the frame of the back office, or its main part alone for a dialog or a live region."""
    fragment = "X-Fragment" in request.headers
    frame_for(view, bare=fragment)
    html = render_template(
        f"back/{template}",
        layout="fragment.html" if fragment else "base.html",
        fragment=fragment,
        view=view,
        actor=g.actor,
        now=clock.now(),
        zone=ZoneInfo(g.actor.time_zone),
        here=request.full_path.removesuffix("?"),
        address=address,
        ago=ago,
        long_day=date_in_words,
        short_day=short_date,
        **words,
    )
    return current_app.make_response((html, status, {"Vary": "X-Fragment"}))


def frame_for(view: StaffView | None, bare: bool = False) -> None:
    """Turn the frame that the application gives every page into that of the back office."""
    if bare:
        g.frame = {}
        return
    context: dict[str, Any] = {}
    current_app.update_template_context(context)
    frame = context["frame"]
    frame.side = frame.staff = True
    frame.brand, frame.home = _("%(brand)s staff", brand=frame.brand), "/admin/"
    frame.nav = navigation(g.actor, view)
    frame.unread = badges(g.actor)["messages"]
    frame.nav_url = "/admin/navigation" if g.actor.may("view") else ""
    frame.links = [*frame.links, *personal_links()]


def navigation(actor: Actor, here: StaffView | None) -> list[tuple[str, str | None, int, bool]]:
    """(words, address or None for a heading, badge, current) of every view that the actor may open."""
    entries: list[tuple[str, str | None, int, bool]] = []
    waiting = badges(actor)
    for group in current_app.extensions["back_office"]:
        views = [view for view in group.views if view.is_accessible() and not view.personal]
        if views and group.label:
            entries.append((group.label, None, 0, False))
        for view in views:
            entries.append((view.name, f"{view.url}/", waiting.get(view.slug, 0), view is here))
            if view.slug == "instances":
                entries.append((_("Unread messages"), f"{view.url}/{UNREAD}", waiting["messages"], False))
    return entries


def view_at(path: str) -> StaffView | None:
    """The view that a page belongs to, by its address."""
    views = [view for group in current_app.extensions["back_office"] for view in group.views]
    found = [view for view in views if f"{path}/".startswith(f"{view.url}/")]
    return max(found, key=lambda view: len(view.url), default=None)


def badges(actor: Actor, more: Mapping[str, Select[Any]] | None = None) -> Mapping[str, Tally]:
    """What the navigation counts, and what else a page has to count, in one statement; asked once a page."""
    if "tallies" not in g:
        g.tallies = tallies.count(actor, {**staff.badges(actor, clock.now()), **(more or {})})
    counted: Mapping[str, Tally] = g.tallies
    return counted


def personal_links() -> list[tuple[str, str]]:
    """(words, address) of the views about whoever asks: they stand in the person's own menu."""
    views = [view for group in current_app.extensions["back_office"] for view in group.views]
    return [(view.name, f"{view.url}/") for view in views if view.personal and view.is_accessible()]


def groups_of(admin: Admin, groups: Iterable[Group]) -> list[Group]:
    """Register the views with Flask-Admin and keep their order."""
    found = list(groups)
    for group in found:
        for view in group.views:
            if view is not admin.index_view:
                admin.add_view(view)
    return found


def address(path: str, **query: Any) -> str:
    """A path with those of the query's values that say something."""
    told = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(told, doseq=True)}" if told else path


def argument(name: str, *words: str) -> str:
    """A word of the address; one that is none of `words` (when there are any) counts as absent."""
    given = request.args.get(name, "")
    return given if not words or given in words else ""


def ago(moment: datetime, now: datetime) -> str:
    """How long it is since then: "20 seconds ago", "3 hours ago"."""
    passed = max(now - moment, timedelta())
    seconds = int(passed.total_seconds())
    if seconds < 60:
        return ngettext("%(num)s second ago", "%(num)s seconds ago", seconds)
    return _("%(span)s ago", span=duration_in_words(passed))


def title_of(instance: Instance) -> str:
    """What it is called, in the language of whoever looks."""
    return versions.said_of(read_as(g.actor), instance, "title")


def task_tag(instance: Instance, now: datetime) -> Tag:
    """The one word of the Task System (A22)."""
    return GRID_TAGS[grid.grid_status(instance, now)]


def order_tag(order: Order) -> Tag:
    return ORDER_TAGS[order.state]


def line_tag(line: OrderLine) -> Tag:
    return LINE_TAGS[line.state]


def effect_tag(effect: Effect) -> Tag:
    return EFFECT_TAGS[effect.state]


def timer_tag(timer: Timer, now: datetime) -> Tag:
    if timer.ending is not None:
        return Tag(TIMER_ENDINGS[timer.ending], "ok" if timer.ending == "fired" else "plain")
    return Tag(_("Late"), "bad") if timer.due_at <= now - staff.LATE else Tag(_("Planned"), "info")


def step_words(state: str) -> str:
    return STEP_WORDS[state]


def moment_of(iso: str) -> datetime | None:
    """A moment that was kept as text; None when it is none."""
    try:
        moment = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
