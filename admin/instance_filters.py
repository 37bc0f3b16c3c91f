"""The address of the Task Instances list: which filters, order and view it asks for, and the addresses next to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from flask import g
from werkzeug.datastructures import MultiDict

from flows import catalogue
from flows.access import clean
from flows.clock import clock
from flows.models.instances import SOURCES, STATUSES
from flows.queries import search
from flows.queries.instances import OVERDUE, SORTS, Agent, Filters

PATH = "/admin/instances/"
LONGEST_SEARCH, LONGEST_QUERY = 100, 4000
STATUS_WORDS = {name: name.replace("_", " ").capitalize() for name in (*STATUSES, OVERDUE)}
DUE_WORDS = {
    "overdue": "Overdue",
    "today": "Today",
    "week": "In the next 7 days",
    "none": "No due date",
    "between": "Between two days",
}
SHOW_WORDS = {"open": "Open", "closed": "Closed"}
PER_PAGE = ("25", "50", "100")
ME, NOBODY = "me", "none"


@dataclass(frozen=True)
class BuiltIn:
    """A view that everybody has: its words, its address, and what it says when nothing is in it."""

    words: str
    query: Mapping[str, str]
    empty: str


BUILT_IN = {
    "open": BuiltIn("All open", {"show": "open"}, "Nothing is open."),
    "mine": BuiltIn("Mine", {"agent": ME, "show": "open"}, "Nothing is assigned to you."),
    "review": BuiltIn("Awaiting review", {"status": "awaiting_review"}, "Nothing is waiting for review. Well done."),
    "unassigned": BuiltIn("Unassigned", {"agent": NOBODY, "show": "open"}, "Everything is assigned to somebody."),
    "overdue": BuiltIn("Overdue", {"status": OVERDUE, "sort": "due"}, "Nothing is overdue. Well done."),
    "completed": BuiltIn("Completed", {"status": "completed"}, "Nothing has been completed yet."),
}


@dataclass(frozen=True)
class Asked:
    """What an address asks for. Words that mean nothing here count as absent, as everywhere in the back office."""

    args: MultiDict[str, str]
    agents: Sequence[Agent]
    now: datetime = field(default_factory=clock.now)

    @classmethod
    def of_text(cls, query: str, agents: Sequence[Agent]) -> Asked:
        """From a query string that was kept in a form."""
        return cls(MultiDict(parse_qsl(clean(query)[:LONGEST_QUERY])), agents)

    @cached_property
    def query(self) -> dict[str, list[str]]:
        """The filters as they stand in addresses, each value one that means something."""
        choices: dict[str, Sequence[str] | Mapping[str, str]] = {
            "agent": self.agent_words, "status": STATUS_WORDS, "flow": flow_words(), "source": SOURCES,
            "due": DUE_WORDS, "show": SHOW_WORDS,
        }  # fmt: skip
        several = {"agent", "status", "flow", "source"}
        found = {}
        for name, options in choices.items():
            given = [value for value in dict.fromkeys(self.args.getlist(name)) if value in options]
            found[name] = given if name in several else given[:1]
        text = clean(self.args.get("q", "")).strip()[:LONGEST_SEARCH]
        days = {name: self.args.get(name, "") for name in ("from", "until")}
        found |= {name: [day] if _day(day) else [] for name, day in days.items()}
        found["q"] = [text] if text else []
        return {name: values for name, values in found.items() if values}

    @cached_property
    def agent_words(self) -> dict[str, str]:
        names = {one.uid: one.name if one.is_active else f"{one.name} (left)" for one in self.agents}
        return {ME: "Me", NOBODY: "Unassigned", **names}

    @cached_property
    def filters(self) -> Filters:
        ids: dict[str, int | None] = {one.uid: one.id for one in self.agents} | {ME: g.actor.user_id, NOBODY: None}
        due, show = self.one("due"), self.one("show")
        start, end = self._bounds(due)
        return Filters(
            found=search.instances_meant(g.actor, self.one("q")),
            agents=tuple(dict.fromkeys(ids[value] for value in self.query.get("agent", ()))),
            statuses=tuple(self.query.get("status", ())),
            flows=tuple(self.query.get("flow", ())),
            sources=tuple(self.query.get("source", ())),
            due_from=start,
            due_before=end,
            without_due=due == "none",
            is_open=True if due == "overdue" else (show == "open") if show else None,
        )

    @cached_property
    def sort(self) -> str:
        given = self.args.get("sort", "")
        return given if given in SORTS else SORTS[0]

    @cached_property
    def per(self) -> int:
        given = self.args.get("per", "")
        return int(given if given in PER_PAGE else PER_PAGE[0])

    @cached_property
    def view(self) -> str:
        """The name of the built-in view that this is; empty when it is none."""
        mine = self.query | ({"sort": [self.sort]} if self.sort != SORTS[0] else {})
        return next((name for name, view in BUILT_IN.items() if mine == {k: [v] for k, v in view.query.items()}), "")

    @property
    def text(self) -> str:
        """The filters and the order as a query string."""
        return self.address().partition("?")[2]

    def one(self, name: str) -> str:
        return (self.query.get(name) or [""])[0]

    def address(self, **other: Any) -> str:
        """The list with these filters and this order, `other` put in their place; None takes one away."""
        told: dict[str, Any] = {**self.query, "sort": self.sort, "per": str(self.per), **other}
        usual = {"sort": SORTS[0], "per": PER_PAGE[0]}
        told = {name: value for name, value in told.items() if value and value != usual.get(name)}
        return f"{PATH}?{urlencode(told, doseq=True)}" if told else PATH

    def sort_link(self, label: str, name: str) -> dict[str, str]:
        """A column that sorts; asked for again it turns round, except urgency, which has one direction."""
        up = "descending" if name == "created" else "ascending"
        down = {"ascending": "descending", "descending": "ascending"}[up]
        state = {name: up, f"-{name}": down}.get(self.sort, "")
        other = f"-{name}" if self.sort == name and f"-{name}" in SORTS else name
        return {"label": label, "url": self.address(sort=other), "sort": state}

    def chips(self) -> list[tuple[str, str]]:
        """(words, address without it) of every filter that is on."""
        words: dict[str, tuple[str, Mapping[str, str]]] = {
            "agent": ("Agent", self.agent_words), "status": ("Status", STATUS_WORDS), "flow": ("Flow", flow_words()),
            "source": ("Source", SOURCES), "due": ("Due", DUE_WORDS), "show": ("Show", SHOW_WORDS),
        }  # fmt: skip
        labels = {"q": "Search", "from": "Due from", "until": "Due until"}
        found = []
        for name, values in self.query.items():
            for value in values:
                label, options = words.get(name) or (labels[name], {})
                rest = [other for other in values if other != value]
                found.append((f"{label}: {options.get(value, value)}", self.address(**{name: rest})))
        return found

    def _bounds(self, due: str) -> tuple[datetime | None, datetime | None]:
        """From when and before when it is due; days are those of whoever asks."""
        zone = ZoneInfo(g.actor.time_zone)
        today = self.now.astimezone(zone).date()
        first, last = _day(self.one("from")), _day(self.one("until"))
        if due == "overdue":
            return None, self.now
        if due == "today":
            first, last = today, today
        elif due == "week":
            first, last = today, today + timedelta(days=7)
        elif due == "none":
            first = last = None
        return _start(first, zone), _start(last + timedelta(days=1) if last else None, zone)


def flow_words() -> dict[str, str]:
    """Flows that go by steps, by title."""
    loaded = catalogue.current().flows.values()
    found = {one.definition.flow: one.definition.title for one in loaded if one.definition.steps}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _day(text: str) -> date | None:
    """A day between 2000 and 2100: what lies outside is a slip of the keyboard, and no time zone can bend it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None


def _start(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone).astimezone(UTC) if day else None
