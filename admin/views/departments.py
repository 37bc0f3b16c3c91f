"""Departments with their members and managers (B10)."""

from __future__ import annotations

from typing import Any

from flask import g
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.guard import door
from admin.sheets import BY_NAME, Narrowing, Sheet
from admin.showing import Tag, show
from flows.actions import departments
from flows.actions.changing import fingerprint, values_of
from flows.models import Department
from flows.queries import staff
from flows.rules.errors import Refused
from flows.work import Work

LABELS = {"is_active": "State"}
NARROWINGS = {
    "active": Narrowing(
        "State", {"yes": "Active", "no": "Turned off"}, lambda word: Department.is_active.is_(word == "yes")
    ),
}


class Departments(Sheet):
    name, slug, needs = "Departments", "departments", "users"
    table = Department
    new_words = "New department"
    search_words = "Name"
    column_list = ("name", "is_active")
    column_labels = LABELS
    column_sortable_list = ("name",)
    column_searchable_list = ("name",)
    column_default_sort = BY_NAME
    narrowings = NARROWINGS

    def cell(self, row: Department, column: str) -> Any:
        if column == "is_active":
            return Tag("Active", "ok") if row.is_active else Tag("Turned off", "plain")
        return super().cell(row, column)

    @door("/new", needs="users", methods=("GET", "POST"))
    def add(self) -> Response:
        question = Question(
            "New department",
            f"{self.url}/",
            "Add department",
            fields=(Field("name", "Name"),),
            done="The department is there.",
        )

        def act(work: Work, typed: Any) -> str:
            return f"{self.url}/{departments.add(work, typed).uid}"

        return ask(self, question, act)

    @door("/<uid>", needs="users")
    def one(self, uid: str) -> Response:
        department, members = staff.department(g.actor, uid)
        return show(self, "department.html", department=department, members=members)

    @door("/<uid>/edit", needs="users", methods=("GET", "POST"))
    def edit(self, uid: str) -> Response:
        department, _ = staff.department(g.actor, uid)
        question = Question(
            f"Change {department.name}",
            f"{self.url}/{uid}",
            "Save",
            done="Saved.",
            fields=(
                Field("name", "Name", value=department.name),
                Field(
                    "is_active",
                    "Active",
                    "checkbox",
                    department.is_active,
                    "Flows give nothing to a department that is not",
                    optional=True,
                ),
            ),
            seen=fingerprint(values_of(department, ("name", "is_active"))),
        )

        def act(work: Work, typed: Any) -> None:
            departments.amend(work, uid, typed, typed["seen"])

        return ask(self, question, act)

    @door("/<uid>/people", needs="users", methods=("GET", "POST"))
    def put(self, uid: str) -> Response:
        """Add somebody; for somebody who is there it says whether they manage."""
        department, _ = staff.department(g.actor, uid)
        question = Question(
            f"Add somebody to {department.name}",
            f"{self.url}/{uid}",
            "Save",
            done="Saved.",
            fields=(
                Field("email", "Email of the colleague", "email"),
                Field(
                    "is_manager",
                    "Manages this department",
                    "checkbox",
                    False,
                    "Managers see and update all that is there",
                    optional=True,
                ),
            ),
        )

        def act(work: Work, typed: Any) -> None:
            departments.put_member(work, uid, typed["email"], typed["is_manager"] == "1")

        return ask(self, question, act)

    @door("/<uid>/people/<person>/<any('remove', 'promote', 'demote'):what>", needs="users", methods=("GET", "POST"))
    def member(self, uid: str, person: str, what: str) -> Response:
        department, members = staff.department(g.actor, uid)
        found = next((one for one in members if one.user.uid == person), None)
        if found is None:
            raise Refused("No such member")
        title, button, tone = MEMBER[what]
        email = found.user.email
        question = Question(
            title.format(name=found.user.name, department=department.name),
            f"{self.url}/{uid}",
            button,
            tone=tone,
            done="Saved.",
        )

        def act(work: Work, _typed: Any) -> None:
            if what == "remove":
                departments.remove_member(work, uid, person)
            else:
                departments.put_member(work, uid, email, what == "promote")

        return ask(self, question, act)


MEMBER = {
    "remove": ("Remove {name} from {department}?", "Remove", "bad"),
    "promote": ("Make {name} a manager of {department}?", "Make manager", "go"),
    "demote": ("Make {name} a plain member of {department}?", "Make member", "go"),
}
"""Title, button, tone."""
