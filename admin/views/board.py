"""My tasks: pending with me, created by me, related to me, and the boards of departments; list or columns (A6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import g, request
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from admin import assigning, bulk_acting, case_page, clocks, new_case
from admin.asking import Field, Question, ask
from admin.case_filters import BOX_WORDS, LOOKS, PRIORITY_WORDS, Asked
from admin.case_page import PRIORITY_TAGS
from admin.commenting import comment as commented
from admin.family import state_tag
from admin.guard import door
from admin.narrowing import MOST_SAVED, ViewLink, arguments_of, saved_links
from admin.past_page import LookingBack
from admin.revealing import RevealingStart
from admin.showing import argument, show
from admin.views.saved_views import SavedViews
from flows import access
from flows.access import read_as
from flows.actions import commenting, versions
from flows.actions.scope import for_actions
from flows.clock import clock
from flows.models import Department, Instance
from flows.queries import allowed, boxes, colleagues, saved_views
from flows.queries.pages import Page
from flows.rules import stages
from flows.rules.errors import Refused
from flows.words import gettext as _
from flows.work import Work

COLUMNS = {"todo": _l("To do"), "doing": _l("In progress"), "done": _l("Done"), "cancelled": _l("Cancelled")}


class CasePages(SavedViews, LookingBack, RevealingStart):
    """What the lists of cases and of tasks share: the page of one, and everything that can be done to it."""

    @door("/new", needs="create", methods=("GET", "POST"), takes_files=True)
    def new(self) -> Response:
        return new_case.page(self)

    @door("/bulk/<name>", needs="view", methods=("GET", "POST"))
    def bulk(self, name: str) -> Response:
        return bulk_acting.page(self, name)

    @door("/<ref>", needs="view")
    def one(self, ref: str) -> Response:
        instance = self._found(ref)
        return show(self, "case.html", **case_page.everything(self, instance, clock.now()))

    @door("/<ref>/act/<name>", needs="view", methods=("GET", "POST"))
    def act(self, ref: str, name: str) -> Response:
        """Who may is decided by the flow: an assignee needs no other permission than to see it."""
        self._found(ref)
        return case_page.act_page(self, ref, name)

    @door("/<ref>/comment", needs="message", methods=("POST",), takes_files=True)
    def comment(self, ref: str) -> Response:
        self._found(ref)
        return commented(self, ref)

    @door("/<ref>/take", needs="view", methods=("GET", "POST"))
    def take(self, ref: str) -> Response:
        """From the queue of their department every member may take, whatever their role grants."""
        self._found(ref)
        return assigning.take(self, ref)

    @door("/<ref>/assign", needs="assign", methods=("GET", "POST"))
    def assign(self, ref: str) -> Response:
        self._found(ref)
        return assigning.assign(self, ref)

    @door("/<ref>/unassign", needs="assign", methods=("GET", "POST"))
    def unassign(self, ref: str) -> Response:
        self._found(ref)
        return assigning.unassign(self, ref)

    @door("/<ref>/priority", needs="create", methods=("GET", "POST"))
    def priority(self, ref: str) -> Response:
        instance = self._found(ref)
        field = Field("priority", _("Priority"), "radios", instance.priority, options=PRIORITY_WORDS)
        question = Question(
            _("Priority of %(ref)s", ref=ref), f"{self.path()}/{ref}", _("Save"), done=_("Saved."), fields=(field,)
        )

        def change(work: Work, typed: Any) -> None:
            commenting.change_priority(work, access.instance_to_change(work, ref), typed["priority"])

        return ask(self, question, change)

    @door("/<ref>/due", needs="create", methods=("GET", "POST"))
    def due(self, ref: str) -> Response:
        self._found(ref)
        return clocks.change_due(self, ref)

    def _found(self, ref: str) -> Instance:
        instance = access.instance_to_read(g.actor, ref)
        if instance.state is None:
            raise Refused(_("No such case or task"))
        return instance

    def asked_of(self, query: str) -> Asked:
        return self.asked(arguments_of(query))

    def asked(self, args: MultiDict[str, str]) -> Asked:
        """What an address asks of this list."""
        raise NotImplementedError

    @staticmethod
    def departments() -> Sequence[Department]:
        """All of them, asked for once a page."""
        if "departments" not in g:
            g.departments = colleagues.every_department(g.actor)
        found: Sequence[Department] = g.departments
        return found

    def listed(self, asked: Asked, template: str, page: Page[Instance], views: list[ViewLink], **more: Any) -> Response:
        """A list with its views, filters and what can be done with the chosen ones."""
        saved = saved_views.of_page(g.actor, self.slug)
        rows = rows_of(page.rows, clock.now())
        return show(
            self,
            template,
            asked=asked,
            page=page,
            rows=rows,
            views=[*views, *saved_links(asked, saved)],
            more_views=len(saved) > MOST_SAVED,
            actions={name: words for row in rows for name, words in row["actions"].items()},
            **more,
        )


class Board(CasePages):
    name, slug, needs = _l("My tasks"), "board", "view"

    @door("/", needs="view")
    def index(self) -> Response:
        asked, departments = self.asked(request.args), _own(self.departments())
        counts = boxes.counts(g.actor, departments)
        plain = not asked.query
        views = [
            ViewLink(words, asked.plain(tab=tab), counts[tab], plain and tab == asked.tab)
            for tab, words in asked.tabs.items()
        ]
        page = self._page(asked, departments)
        return self.listed(asked, "board.html", page, views, columns=COLUMNS, looks=LOOKS)

    def asked(self, args: MultiDict[str, str]) -> Asked:
        every = self.departments()
        tabs = {**BOX_WORDS, **{one.uid: _("Team: %(name)s", name=one.name) for one in _own(every)}}
        return Asked(f"{self.path()}/", args, {one.uid: one.name for one in every}, tabs)

    @staticmethod
    def _page(asked: Asked, departments: Sequence[Department]) -> Page[Instance]:
        cursor, size = argument("cursor") or None, 100 if asked.look == "board" else 25
        department = next((one for one in departments if one.uid == asked.tab), None)
        if department is None:
            return boxes.in_box(g.actor, asked.tab, clock.now(), asked.filters, cursor, size)
        return boxes.of_department(g.actor, department.id, clock.now(), asked.filters, cursor, size)


def _own(departments: Sequence[Department]) -> list[Department]:
    """Those whose board this person has: their own, and those that they manage (B10)."""
    return [one for one in departments if one.id in g.actor.departments | g.actor.manages]


def rows_of(instances: Sequence[Instance], now: datetime) -> list[dict[str, Any]]:
    """Rows with what the list and the columns show; the actions of the flow are how a card moves."""
    found = []
    for one in instances:
        definition = versions.in_lists(read_as(g.actor), one)
        may = allowed.of_case(g.actor, one, definition, for_actions(read_as(g.actor), one, definition, now))
        rules = {name: rule for name, rule in definition.actions.items() if f"act.{name}" in may}
        found.append(
            {
                "task": one,
                "tag": state_tag(one, definition),
                "column": definition.states[one.state or ""].is_,
                "priority": PRIORITY_TAGS.get(one.priority),
                "overdue": one.is_overdue(now),
                "actions": {name: stages.action_label(definition, name) for name in rules},
                "column_of": {name: definition.states[rule.to].is_ for name, rule in rules.items() if rule.to},
                "leads_to": {name: stages.state_label(definition, rule.to) for name, rule in rules.items() if rule.to},
                "may_take": "take" in may,
            }
        )
    return found
