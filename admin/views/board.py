"""My tasks: pending with me, created by me, related to me, and the boards of departments; list or columns (A6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from flask import g
from werkzeug.wrappers import Response

from admin import bulk_acting, case_page, new_case
from admin.asking import Field, Question, ask
from admin.case_page import PRIORITY_TAGS, action_buttons, state_tag
from admin.commenting import comment as commented
from admin.guard import door
from admin.revealing import RevealingStart
from admin.showing import argument, show
from flows import access
from flows.access import read_as
from flows.actions import assigning, closing, commenting, versions
from flows.clock import clock
from flows.models import Instance, User
from flows.models.instances import PRIORITIES
from flows.queries import boxes, colleagues
from flows.queries.pages import Page
from flows.rules import stages
from flows.rules.errors import Invalid, Refused
from flows.work import Work

COLUMNS = {"todo": "To do", "doing": "In progress", "done": "Done", "cancelled": "Cancelled"}


class CasePages(RevealingStart):
    """What the lists of cases and of tasks share: the page of one, and everything that can be done to it."""

    heading: ClassVar[str] = ""

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
        question = Question(f"Take {ref}?", f"{self.path()}/{ref}", "Assign to me", done="It is yours now.")
        return ask(self, question, self._on(ref, lambda work, one, _typed: assigning.take(work, one)))

    @door("/<ref>/assign", needs="assign", methods=("GET", "POST"))
    def assign(self, ref: str) -> Response:
        instance = self._found(ref)
        options = {one.user.uid: one.user.name for one in colleagues.colleagues(g.actor, clock.now())}
        now_with = instance.assignee.uid if instance.assignee is not None else ""
        question = Question(
            f"Assign {instance.reference}",
            f"{self.path()}/{ref}",
            "Assign",
            done="Assigned.",
            fields=(
                Field("assignee", "Colleague", "select", now_with, options={"": "Nobody", **options}),
                Field("note", "Note", "textarea", hint="Between staff; stands in the history", optional=True),
            ),
        )

        def assign(work: Work, one: Instance, typed: Any) -> None:
            assigning.assign(work, one, _user(work, typed["assignee"]), typed["note"])

        return ask(self, question, self._on(ref, assign))

    @door("/<ref>/priority", needs="create", methods=("GET", "POST"))
    def priority(self, ref: str) -> Response:
        instance = self._found(ref)
        options = {one: one.capitalize() for one in reversed(PRIORITIES)}
        field = Field("priority", "Priority", "radios", instance.priority, options=options)
        question = Question(f"Priority of {ref}", f"{self.path()}/{ref}", "Save", done="Saved.", fields=(field,))
        return ask(
            self,
            question,
            self._on(ref, lambda work, one, typed: commenting.change_priority(work, one, typed["priority"])),
        )

    @door("/<ref>/due", needs="create", methods=("GET", "POST"))
    def due(self, ref: str) -> Response:
        instance = self._found(ref)
        zone = ZoneInfo(instance.time_zone)
        due = f"{instance.due_at.astimezone(zone):%Y-%m-%dT%H:%M}" if instance.due_at else ""
        question = Question(
            f"Due date of {ref}",
            f"{self.path()}/{ref}",
            "Save",
            done="The due date was changed.",
            fields=(
                Field("due_at", "Due", "datetime-local", due, f"Time in {zone.key}; empty means none", optional=True),
                Field("reason", "Reason", optional=True, hint="Stands in the history"),
            ),
        )

        def change(work: Work, one: Instance, typed: Any) -> None:
            closing.change_due(work, one, _moment(typed["due_at"], zone), typed["reason"])

        return ask(self, question, self._on(ref, change))

    def _found(self, ref: str) -> Instance:
        instance = access.instance_to_read(g.actor, ref)
        if instance.state is None:
            raise Refused("No such case or task")
        return instance

    def _on(self, ref: str, verb: Callable[[Work, Instance, Any], None]) -> Callable[[Work, Any], None]:
        self._found(ref)
        return lambda work, typed: verb(work, access.instance_to_change(work, ref), typed)


class Board(CasePages):
    name, slug, needs = "My tasks", "board", "view"
    heading = "My tasks"

    @door("/", needs="view")
    def index(self) -> Response:
        now, actor = clock.now(), g.actor
        departments = colleagues.departments_of(actor)
        tab = argument("tab", *boxes.BOXES, *(one.uid for one in departments)) or "pending"
        filters = asked()
        page = self._page(tab, departments, now, filters)
        return show(
            self,
            "board.html",
            tabs=[*boxes.BOXES.items(), *((one.uid, f"Team: {one.name}") for one in departments)],
            tab=tab,
            counts=boxes.counts(actor),
            look=argument("look", "board") or "list",
            rows=rows_of(page.rows, now),
            page=page,
            columns=COLUMNS,
            filters=filters,
            query={"tab": tab, "look": argument("look", "board"), **query_of(filters)},
            priorities={one: one.capitalize() for one in reversed(PRIORITIES)},
        )

    @staticmethod
    def _page(tab: str, departments: Sequence[Any], now: datetime, filters: boxes.Filters) -> Page[Instance]:
        cursor, size = argument("cursor") or None, 100 if argument("look") == "board" else 25
        department = next((one for one in departments if one.uid == tab), None)
        if department is None:
            return boxes.in_box(g.actor, tab, now, filters, cursor, size)
        return boxes.of_department(g.actor, department.id, now, filters, cursor, size)


def asked() -> boxes.Filters:
    """The filters in the address."""
    return boxes.Filters(
        search=argument("q"),
        priority=argument("priority", *PRIORITIES),
        open=argument("open") == "1",
        overdue=argument("overdue") == "1",
        department=argument("department"),
        flow=argument("flow"),
    )


def query_of(filters: boxes.Filters) -> dict[str, str]:
    return {
        "q": filters.search,
        "priority": filters.priority,
        "open": "1" if filters.open else "",
        "overdue": "1" if filters.overdue else "",
        "department": filters.department,
        "flow": filters.flow,
    }


def rows_of(instances: Sequence[Instance], now: datetime) -> list[dict[str, Any]]:
    """Rows with what the list and the columns show; the actions that lead elsewhere are how a card moves."""
    found = []
    for one in instances:
        definition = versions.definition_of(read_as(g.actor), one)
        buttons = action_buttons(g.actor, one, definition, now)
        found.append(
            {
                "task": one,
                "tag": state_tag(one, definition),
                "column": definition.states[one.state or ""].is_,
                "priority": PRIORITY_TAGS.get(one.priority),
                "overdue": one.is_overdue(now),
                "moves": [
                    (name, label, stages.state_label(definition, definition.actions[name].to or ""))
                    for name, label in buttons.items()
                    if definition.actions[name].to
                ],
                "actions": buttons,
            }
        )
    return found


def _user(work: Work, uid: str) -> User | None:
    return access.colleague_named(work, uid, "/assignee") if uid else None


def _moment(typed: str, zone: ZoneInfo) -> datetime | None:
    if not typed:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("Enter a day and a time, like 2026-11-30T12:00", "/due_at", "datetime") from None
