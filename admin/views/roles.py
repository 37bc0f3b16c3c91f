"""Roles: the matrix of what each one grants (A11)."""

from __future__ import annotations

from typing import Any

from flask import g, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask, go_on
from admin.guard import StaffView, door
from admin.showing import show
from flows.actions import roles
from flows.queries import staff
from flows.rules.actors import PERMISSIONS
from flows.rules.errors import BatonError, Invalid, OutOfStep, Stale
from flows.words import gettext as _
from flows.work import Work, unit_of_work

MEANINGS = {
    "view": _l("Open the back office and see tasks, orders, customers"),
    "create": _l("Start tasks and answer for customers"),
    "review": _l("Approve and return answers"),
    "assign": _l("Say who works on a task"),
    "message": _l("Write to customers and remind them"),
    "cancel": _l("Cancel and close tasks"),
    "orders": _l("Confirm, cancel and extend orders; change products"),
    "flows": _l("See flow files and their mistakes"),
    "users": _l("Look after users, customers, departments and roles"),
    "audit": _l("Read the audit log"),
    "health": _l("See timers, outbox and health; retry and skip incidents"),
}


class Roles(StaffView):
    name, slug, needs = _l("Roles"), "roles", "users"

    @door("/", needs="users", methods=("GET", "POST"))
    def index(self) -> Response:
        if request.method == "GET":
            return self._page()
        ids = [role.id for role in staff.roles(g.actor)]
        matrix = {role_id: request.form.getlist(f"role-{role_id}") for role_id in ids}
        try:
            with unit_of_work(g.actor) as work:
                roles.grant(work, matrix, request.form.get("seen", ""))
        except (Invalid, OutOfStep, Stale) as error:
            return self._page(error)
        return go_on("/admin/roles/", _("Saved. It counts from the next click of everybody."))

    @door("/new", needs="users", methods=("GET", "POST"))
    def add(self) -> Response:
        question = Question(
            _("New role"),
            "/admin/roles/",
            _("Add role"),
            done=_("The role is there. Say what it grants."),
            fields=(Field("name", _("Name"), hint=_("Flows speak of it as role.<name>"), width="w-m"),),
        )

        def act(work: Work, typed: Any) -> None:
            roles.add(work, typed)

        return ask(self, question, act)

    def _page(self, error: BatonError | None = None) -> Response:
        rows = staff.roles(g.actor)
        problems = error.by_field() if isinstance(error, Invalid) else {"": error.detail} if error else {}
        return show(
            self,
            "roles.html",
            error.status if error else 200,
            roles=rows,
            permissions=PERMISSIONS,
            meanings=MEANINGS,
            holders=staff.holders(g.actor),
            seen=roles.as_seen(rows),
            problems=problems,
        )
