"""What the Task Instances list shows: tags, per cent, links of its views, and the lines of its file (A2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import g
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select

from admin.instance_filters import BUILT_IN, DUE_OR_BETWEEN, PATH, SOURCE_WORDS, STATUS_WORDS, Asked, flow_words
from admin.narrowing import ViewLink, saved_links
from admin.showing import Tag, title_of
from flows.models import Instance, SavedView
from flows.queries import instances
from flows.queries.pages import MOST_A_PAGE
from flows.words import gettext as _

STATUS_TONES = {"in_progress": "info", "awaiting_review": "warn", "completed": "plain", "cancelled": "plain",
                "expired": "plain"}  # fmt: skip
MOST_EXPORTED = 10_000
EXPORTED = (
    _l("Reference"), _l("Request"), _l("Customer"), _l("Address"), _l("Assigned To"), _l("Status"), _l("Overdue"),
    _l("Progress %"), _l("Due Date"), _l("Source"), _l("Created"), _l("Rating"),
)  # fmt: skip


def columns(asked: Asked) -> list[str | dict[str, str]]:
    """The nine columns, in their order, between the one to choose rows by and the one with their menus (C5 to C13)."""
    return [
        _("Request"),
        _("Assigned To"),
        asked.sort_link(_("Status"), "urgency"),
        asked.sort_link(_("Progress"), "progress"),
        asked.sort_link(_("Due Date"), "due"),
        _("Source"),
        asked.sort_link(_("Created"), "created"),
        _("Rating"),
        asked.sort_link(_("Messages"), "messages"),
    ]


def filter_bar(asked: Asked) -> list[dict[str, Any]]:
    """The filters, for `ui.filter_bar`."""
    several = {
        "agent": (_("Agent"), asked.agent_words),
        "status": (_("Status"), STATUS_WORDS),
        "flow": (_("Flow"), flow_words()),
        "source": (_("Source"), SOURCE_WORDS),
    }
    return [
        {"name": "q", "label": _("Name, email, address or TI-number"), "type": "search", "value": asked.one("q")},
        *(
            {"name": name, "label": label, "type": "multi", "options": options, "value": asked.query.get(name, [])}
            for name, (label, options) in several.items()
        ),
        {"name": "unread", "label": _("Unread messages"), "type": "check", "value": asked.one("unread")},
        {"name": "due", "label": _("Due"), "type": "select", "options": DUE_OR_BETWEEN, "value": asked.one("due")},
    ]  # fmt: skip


def counted(asked: Asked) -> dict[str, Select[Any]]:
    """What the page counts besides what the navigation does: the views, and what these filters fit."""
    filters = {name: view for name, view in instances.views(g.actor).items() if name not in ("review", "completed")}
    filters["matching"] = asked.filters
    return {name: instances.fitting(g.actor, asked.now, one) for name, one in filters.items()}


def nothing(asked: Asked) -> str:
    """What an empty list says."""
    if asked.view:
        return BUILT_IN[asked.view].empty
    return _("No request fits.") if asked.query else _("There are no requests.")


# --- rows -------------------------------------------------------------------------------------------------------


def status_tags(instance: Instance, now: datetime) -> list[Tag]:
    """The status, and beside it whether it is overdue (C17 to C22)."""
    if instance.is_open and instance.is_past_expiry(now):
        return [Tag(_("Expired"), "plain")]
    words = STATUS_WORDS[instance.status]
    if instance.status == "completed" and instance.outcome_kind == "negative":
        words = _("Closed")
    tags = [Tag(words, STATUS_TONES.get(instance.status, ""))]
    return [*tags, Tag(_("Overdue"), "bad")] if instance.is_overdue(now) else tags


def percent(instance: Instance) -> int:
    """Steps completed of those that are visible, in whole per cent (C8, Q19)."""
    done = instance.steps_done * 100 // instance.steps_total if instance.steps_total else 100
    return min(done, 99) if instance.may_grow else done


def waiting(instance: Instance, now: datetime) -> str:
    """For how long a review has been waited for: "3 h waiting"; empty when none is."""
    if instance.status != "awaiting_review" or instance.waiting_since is None:
        return ""
    hours = int((now - instance.waiting_since).total_seconds() // 3600)
    if hours >= 48:
        return _("%(days)s d waiting", days=hours // 24)
    return _("%(hours)s h waiting", hours=hours) if hours else _("Just now")


def lines(asked: Asked, chosen: Sequence[int]) -> Iterator[tuple[object, ...]]:
    """The rows of the file: the chosen ones, else everything that fits, the newest ten thousand (X25)."""
    if chosen:
        yield from (_line(one, asked.now) for one in instances.chosen(g.actor, chosen))
        return
    cursor: str | None = None
    for _part in range(MOST_EXPORTED // MOST_A_PAGE):
        page = instances.listed(g.actor, asked.now, asked.filters, cursor, asked.sort, MOST_A_PAGE)
        yield from (_line(one, asked.now) for one in page.rows)
        cursor = page.next_cursor
        if cursor is None:
            return


def _line(one: Instance, now: datetime) -> tuple[object, ...]:
    first, *more = status_tags(one, now)
    return (
        one.reference, title_of(one), one.customer_name, one.customer_address,
        one.assignee.name if one.assignee else _("Unassigned"), first.words, _("Yes") if more else "",
        percent(one), one.due_at.isoformat() if one.due_at else "",
        SOURCE_WORDS[one.source], one.created_at.isoformat(), one.rating or "",
    )  # fmt: skip


# --- views ------------------------------------------------------------------------------------------------------


def view_links(asked: Asked, tallies: Mapping[str, int], saved: Sequence[SavedView]) -> list[ViewLink]:
    """The built-in views with what is in them, then those that were saved."""
    tallies = {**tallies, "review": tallies["instances"]}  # the navigation counts the same
    built_in = [
        ViewLink(view.words, f"{PATH}?{urlencode(view.query)}", tallies.get(name), asked.view == name)
        for name, view in BUILT_IN.items()
    ]
    return built_in + saved_links(asked, saved)
