"""The address of a list of cases and tasks: box, shape and filters, for the boards and for the list of all (A6, A7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, ClassVar

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from admin.narrowing import DUE_WORDS, ME, NOBODY, SHOW_WORDS, Narrowed, due_between
from flows import catalogue
from flows.actions import versions
from flows.clock import clock
from flows.queries import boxes
from flows.rules import stages
from flows.words import gettext as _

BOX_WORDS = {"pending": _l("Pending with me"), "created": _l("Created by me"), "related": _l("Related to me")}
PRIORITY_WORDS = {"urgent": _l("Urgent"), "high": _l("High"), "normal": _l("Normal"), "low": _l("Low")}
KIND_WORDS = {"case": _l("Cases"), "task": _l("Tasks")}
AGENT_WORDS = {ME: _l("Me"), NOBODY: _l("Unassigned")}
LOOKS = {"list": _l("List"), "board": _l("Board")}
ON_THE_BOARD = timedelta(days=30)
"""What ended longer ago is in the list, no longer on the board."""


@dataclass(frozen=True)
class Asked(Narrowed):
    """What an address asks for. `tabs` are the boxes and departments of a board, none for the list of all."""

    path: str
    args: MultiDict[str, str]
    departments: Mapping[str, str]
    tabs: Mapping[str, str]
    several: ClassVar[frozenset[str]] = frozenset({"state", "department", "priority"})
    usual: ClassVar[Mapping[str, str]] = {"tab": boxes.BOXES[0], "look": next(iter(LOOKS))}

    @cached_property
    def words(self) -> Mapping[str, tuple[str, Mapping[str, str] | None]]:
        return {
            "state": (_("Stage"), state_words()), "department": (_("Department"), self.departments),
            "priority": (_("Priority"), PRIORITY_WORDS), "due": (_("Due"), DUE_WORDS),
            "agent": (_("Assigned to"), AGENT_WORDS), "kind": (_("Kind"), KIND_WORDS),
            "show": (_("Show"), SHOW_WORDS), "q": (_("Search"), None),
        }  # fmt: skip

    @property
    def beside(self) -> Mapping[str, str]:
        return {"tab": self.tab, "look": self.look} if self.tabs else {}

    @property
    def tab(self) -> str:
        given = self.args.get("tab", "")
        return given if given in self.tabs else self.usual["tab"]

    @property
    def look(self) -> str:
        given = self.args.get("look", "")
        return given if self.tabs and given in LOOKS else self.usual["look"]

    @cached_property
    def filters(self) -> boxes.Filters:
        now, due, show, agent = clock.now(), self.one("due"), self.one("show"), self.one("agent")
        start, end = due_between(due, now)
        return boxes.Filters(
            search=self.one("q"),
            states=tuple(self.query.get("state", ())),
            priorities=tuple(self.query.get("priority", ())),
            departments=tuple(self.query.get("department", ())),
            assignees=(g.actor.user_id if agent == ME else None,) if agent else (),
            kind=self.one("kind"),
            open=show == "open",
            overdue=due == "overdue",
            closed=show == "closed",
            closed_since=now - ON_THE_BOARD if self.look == "board" else None,
            due_from=start,
            due_before=end,
            without_due=due == "none",
        )

    def plain(self, **other: Any) -> str:
        """The list without any filter, in this box and shape or another."""
        return self.address(**dict.fromkeys(self.query), **other)

    def bar(self) -> list[dict[str, Any]]:
        """The filters, for `ui.filter_bar`."""
        several = [
            {"name": name, "label": label, "type": "multi", "options": options, "value": self.query.get(name, [])}
            for name, (label, options) in self.words.items()
            if name in self.several
        ]
        one_of = [
            {"name": name, "label": self.words[name][0], "type": "select", "options": self.words[name][1],
             "value": self.one(name)}
            for name in ("due", "agent", "show")
        ]  # fmt: skip
        search = {"name": "q", "label": _("Search"), "type": "search", "value": self.one("q")}
        return [search, *several, *one_of]


def state_words() -> dict[str, str]:
    """The stages of every flow that is driven by hand; flows that name one alike share it."""
    return {
        state: stages.state_label(loaded.definition, state)
        for loaded in map(versions.flow_shown, reversed(catalogue.current().flows.values()))
        for state in loaded.definition.states
    }
