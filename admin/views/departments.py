"""Departments with their members and managers (B10)."""

from __future__ import annotations

from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
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
from flows.words import gettext as _
from flows.work import Work

LABELS = {"name": _l("Name"), "is_active": _l("State")}
NARROWINGS = {
    "active": Narrowing(
        _l("State"), {"yes": _l("Active"), "no": _l("Turned off")}, lambda word: Department.is_active.is_(word == "yes")
    ),
}


class Departments(Sheet):
    name, slug, needs = _l("Departments"), "departments", "users"
    table = Department
    new_words = _l("New department")
    search_words = _l("Name")
    column_list = ("name", "is_active")
    column_labels = LABELS
    column_sortable_list = ("name",)
    column_searchable_list = ("name",)
    column_default_sort = BY_NAME
    narrowings = NARROWINGS

    def cell(self, row: Department, column: str) -> Any:
        if column == "is_active":
            return Tag(_("Active"), "ok") if row.is_active else Tag(_("Turned off"), "plain")
        return super().cell(row, column)

    @door("/new", needs="users", methods=("GET", "POST"))
    def add(self) -> Response:
        question = Question(
            _("New department"),
            f"{self.url}/",
            _("Add department"),
            fields=(Field("name", _("Name")),),
            done=_("The department is there."),
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
        department, _members = staff.department(g.actor, uid)
        question = Question(
            _("Change %(name)s", name=department.name),
            f"{self.url}/{uid}",
            _("Save"),
            done=_("Saved."),
            fields=(
                Field("name", _("Name"), value=department.name),
                Field(
                    "is_active",
                    _("Active"),
                    "checkbox",
                    department.is_active,
                    _("Flows give nothing to a department that is not"),
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
        department, _members = staff.department(g.actor, uid)
        question = Question(
            _("Add somebody to %(name)s", name=department.name),
            f"{self.url}/{uid}",
            _("Save"),
            done=_("Saved."),
            fields=(
                Field("email", _("Email of the colleague"), "email"),
                Field(
                    "is_manager",
                    _("Manages this department"),
                    "checkbox",
                    False,
                    _("Managers see and update all that is there"),
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
            raise Refused(_("No such member"))
        title, button, tone = MEMBER[what]
        email = found.user.email
        question = Question(
            title.format(name=found.user.name, department=department.name),
            f"{self.url}/{uid}",
            button,
            tone=tone,
            done=_("Saved."),
        )

        def act(work: Work, _typed: Any) -> None:
            if what == "remove":
                departments.remove_member(work, uid, person)
            else:
                departments.put_member(work, uid, email, what == "promote")

        return ask(self, question, act)


MEMBER = {
    "remove": (_l("Remove {name} from {department}?"), _l("Remove"), "bad"),
    "promote": (_l("Make {name} a manager of {department}?"), _l("Make manager"), "go"),
    "demote": (_l("Make {name} a plain member of {department}?"), _l("Make member"), "go"),
}
"""Title, button, tone."""
