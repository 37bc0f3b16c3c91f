"""The address of the Task Instances list: which filters, order and view it asks for, and the addresses next to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from admin.narrowing import (
    DUE_WORDS,
    ME,
    NOBODY,
    SHOW_WORDS,
    Narrowed,
    arguments_of,
    day,
    due_between,
)
from flows import catalogue
from flows.actions import versions
from flows.clock import clock
from flows.queries import search
from flows.queries.instances import OVERDUE, SORTS, Agent, Filters
from flows.words import gettext as _

PATH = "/admin/instances/"
STATUS_WORDS = {
    "not_started": _l("Not started"), "in_progress": _l("In progress"), "awaiting_review": _l("Awaiting review"),
    "completed": _l("Completed"), "cancelled": _l("Cancelled"), "expired": _l("Expired"), OVERDUE: _l("Overdue"),
}  # fmt: skip
SOURCE_WORDS = {
    "staff": _l("Admin Assigned"), "customer": _l("Tenant Requested"), "onboarding": _l("Onboarding"),
    "event": _l("System"),
}  # fmt: skip
DUE_OR_BETWEEN = {**DUE_WORDS, "between": _l("Between two days")}
PER_PAGE = ("25", "50", "100")


@dataclass(frozen=True)
class BuiltIn:
    """A view that everybody has: its words, its address, and what it says when nothing is in it."""

    words: str
    query: Mapping[str, str]
    empty: str


BUILT_IN = {
    "open": BuiltIn(_l("All open"), {"show": "open"}, _l("Nothing is open.")),
    "mine": BuiltIn(_l("Mine"), {"agent": ME, "show": "open"}, _l("Nothing is assigned to you.")),
    "review": BuiltIn(
        _l("Awaiting review"), {"status": "awaiting_review"}, _l("Nothing is waiting for review. Well done.")
    ),
    "unassigned": BuiltIn(
        _l("Unassigned"), {"agent": NOBODY, "show": "open"}, _l("Everything is assigned to somebody.")
    ),
    "overdue": BuiltIn(_l("Overdue"), {"status": OVERDUE, "sort": "due"}, _l("Nothing is overdue. Well done.")),
    "unread": BuiltIn(_l("Unread"), {"unread": "1", "show": "open"}, _l("You have read every message.")),
    "completed": BuiltIn(_l("Completed"), {"status": "completed"}, _l("Nothing has been completed yet.")),
}


@dataclass(frozen=True)
class Asked(Narrowed):
    """What an address asks for. Words that mean nothing here count as absent, as everywhere in the back office."""

    args: MultiDict[str, str]
    agents: Sequence[Agent]
    now: datetime = field(default_factory=clock.now)
    path: str = PATH
    several: ClassVar[frozenset[str]] = frozenset({"agent", "status", "flow", "source"})
    usual: ClassVar[Mapping[str, str]] = {"sort": SORTS[0], "per": PER_PAGE[0]}

    @classmethod
    def of_text(cls, query: str, agents: Sequence[Agent]) -> Asked:
        """From a query string that was kept in a form."""
        return cls(arguments_of(query), agents)

    @cached_property
    def words(self) -> Mapping[str, tuple[str, Mapping[str, str] | None]]:
        return {
            "agent": (_("Agent"), self.agent_words), "status": (_("Status"), STATUS_WORDS),
            "flow": (_("Flow"), flow_words()), "source": (_("Source"), SOURCE_WORDS), "due": (_("Due"), DUE_OR_BETWEEN),
            "show": (_("Show"), SHOW_WORDS),
            "unread": (_("Messages"), {"1": _("Unread")}),
            "step": (_("At the step"), step_words()), "review": (_("In review"), step_words()),
            "from": (_("Due from"), None), "until": (_("Due until"), None), "q": (_("Search"), None),
        }  # fmt: skip

    @property
    def beside(self) -> Mapping[str, str]:
        return {"sort": self.sort, "per": str(self.per)}

    def _given(self, name: str, options: Mapping[str, str] | None) -> list[str]:
        if name in ("from", "until"):
            given = self.args.get(name, "")
            return [given] if day(given) else []
        return super()._given(name, options)

    @cached_property
    def agent_words(self) -> dict[str, str]:
        names = {one.uid: one.name if one.is_active else _("%(name)s (left)", name=one.name) for one in self.agents}
        return {ME: _("Me"), NOBODY: _("Unassigned"), **names}

    @cached_property
    def filters(self) -> Filters:
        ids: dict[str, int | None] = {one.uid: one.id for one in self.agents} | {ME: g.actor.user_id, NOBODY: None}
        due, show = self.one("due"), self.one("show")
        start, end = due_between(due, self.now, day(self.one("from")), day(self.one("until")))
        return Filters(
            found=search.instances_meant(g.actor, self.one("q")),
            agents=tuple(dict.fromkeys(ids[value] for value in self.query.get("agent", ()))),
            statuses=tuple(self.query.get("status", ())),
            flows=tuple(self.query.get("flow", ())),
            sources=tuple(self.query.get("source", ())),
            due_from=start,
            due_before=end,
            without_due=due == "none",
            unread=bool(self.one("unread")),
            at_step=self.one("step"),
            in_review=self.one("review"),
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

    def sort_link(self, label: str, name: str) -> dict[str, str]:
        """A column that sorts; asked for again it turns round, but urgency and messages have one direction."""
        up = "descending" if name in ("created", "messages") else "ascending"
        down = {"ascending": "descending", "descending": "ascending"}[up]
        state = {name: up, f"-{name}": down}.get(self.sort, "")
        other = f"-{name}" if self.sort == name and f"-{name}" in SORTS else name
        return {"label": label, "url": self.address(sort=other), "sort": state}


def flow_words() -> dict[str, str]:
    """Flows that go by steps, by title."""
    loaded = [versions.flow_shown(one) for one in catalogue.current().flows.values()]
    found = {one.definition.flow: one.definition.title for one in loaded if one.definition.steps}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def step_words() -> dict[str, str]:
    """The steps of every flow by their names; flows that name one alike share it."""
    loaded = [versions.flow_shown(one) for one in reversed(catalogue.current().flows.values())]
    return {name: step.title for one in loaded for name, step in one.definition.steps.items()}
