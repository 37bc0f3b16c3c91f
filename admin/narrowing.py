"""The address of a list: which filters it asks for, in words with a way out of each, and the addresses next to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from flask import g
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from werkzeug.datastructures import MultiDict

from flows.access import clean
from flows.models import SavedView

LONGEST_SEARCH, LONGEST_QUERY = 100, 4000
MOST_SAVED = 6
"""Saved views beside the built-in ones; the others are on a page of their own."""
ME, NOBODY = "me", "none"
DUE_WORDS = {
    "overdue": _l("Overdue"),
    "today": _l("Today"),
    "week": _l("In the next 7 days"),
    "none": _l("No due date"),
}
SHOW_WORDS = {"open": lazy_pgettext("state", "Open"), "closed": _l("Closed")}


class Narrowed:
    """What every list reads from its address; words that mean nothing there count as absent.

    A saved view keeps `text` and is shown by `chips` (X9). `words` says of each filter its label and what there is to
    choose, value to words; None where anything may be typed. `several` are the filters of which many may be chosen.
    `beside` stands in addresses too, the order say, unless it is what is `usual`.
    """

    several: ClassVar[frozenset[str]] = frozenset()
    usual: ClassVar[Mapping[str, str]] = {}
    path: str
    args: MultiDict[str, str]

    @property
    def words(self) -> Mapping[str, tuple[str, Mapping[str, str] | None]]:
        raise NotImplementedError

    @property
    def beside(self) -> Mapping[str, str]:
        return {}

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The filters as they stand in addresses, each value one that means something."""
        found = {name: self._given(name, options) for name, (_, options) in self.words.items()}
        return {name: values for name, values in found.items() if values}

    def _given(self, name: str, options: Mapping[str, str] | None) -> list[str]:
        if options is None:
            text = clean(self.args.get(name, "")).strip()[:LONGEST_SEARCH]
            return [text] if text else []
        given = [value for value in dict.fromkeys(self.args.getlist(name)) if value in options]
        return given if name in self.several else given[:1]

    @property
    def text(self) -> str:
        """The filters and what stands beside them as a query string."""
        return self.address().partition("?")[2]

    def one(self, name: str) -> str:
        return (self.query.get(name) or [""])[0]

    def address(self, **other: Any) -> str:
        """The list with these filters, `other` put in their place; None takes one away."""
        told: dict[str, Any] = {**self.query, **self.beside, **other}
        told = {name: value for name, value in told.items() if value and value != self.usual.get(name)}
        return f"{self.path}?{urlencode(told, doseq=True)}" if told else self.path

    def chips(self) -> list[tuple[str, str]]:
        """(words, address without it) of every filter that is on."""
        found = []
        for name, values in self.query.items():
            label, options = self.words[name]
            for value in values:
                rest = [other for other in values if other != value]
                found.append((f"{label}: {(options or {}).get(value, value)}", self.address(**{name: rest})))
        return found


def arguments_of(query: str) -> MultiDict[str, str]:
    """The arguments of a query string that was kept in a form."""
    return MultiDict(parse_qsl(clean(query)[:LONGEST_QUERY]))


# --- views ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ViewLink:
    """A view as a link: its words, address, how many are in it (None: not counted), and whether it is this page."""

    words: str
    url: str
    count: int | None
    is_current: bool


def saved_links(asked: Narrowed, saved: Sequence[SavedView]) -> list[ViewLink]:
    """Those that were saved, as far as they fit beside the built-in ones."""
    return [
        ViewLink(view.name, f"{asked.path}?{view.query}", None, view.query == asked.text) for view in saved[:MOST_SAVED]
    ]


# --- days -------------------------------------------------------------------------------------------------------


def due_between(due: str, now: datetime, first: date | None = None, last: date | None = None) -> tuple[Any, Any]:
    """From when and before when it is due, for a word of DUE_WORDS; days are those of whoever asks."""
    zone = ZoneInfo(g.actor.time_zone)
    today = now.astimezone(zone).date()
    if due == "overdue":
        return None, now
    if due == "today":
        first, last = today, today
    elif due == "week":
        first, last = today, today + timedelta(days=7)
    elif due == "none":
        first = last = None
    return _start(first, zone), _start(last + timedelta(days=1) if last else None, zone)


def day(text: str) -> date | None:
    """A day between 2000 and 2100: what lies outside is a slip of the keyboard, and no time zone can bend it."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2100 else None


def _start(first: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(first, time(), zone).astimezone(UTC) if first else None
