"""Cases: what customers and colleagues raised, with their tasks (A7)."""

from __future__ import annotations

from flask import g, request
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from admin.case_filters import Asked
from admin.guard import door
from admin.narrowing import ViewLink
from admin.showing import address, argument
from admin.views.board import CasePages
from flows.clock import clock
from flows.queries import boxes

BUILT_IN = (
    (_l("All open"), {"show": "open"}),
    (_l("Cases"), {"kind": "case", "show": "open"}),
    (_l("Tasks"), {"kind": "task", "show": "open"}),
    (_l("Unassigned"), {"agent": "none", "show": "open"}),
    (_l("Overdue"), {"due": "overdue"}),
    (_l("Closed"), {"show": "closed"}),
)


class Cases(CasePages):
    name, slug, needs = _l("Cases"), "cases", "view"

    @door("/", needs="view")
    def index(self) -> Response:
        asked = self.asked(request.args)
        page = boxes.cases(g.actor, clock.now(), asked.filters, argument("cursor") or None)
        mine = {name: values[0] for name, values in asked.query.items()}
        views = [ViewLink(words, address(asked.path, **query), None, mine == query) for words, query in BUILT_IN]
        return self.listed(asked, "cases.html", page, views)

    def asked(self, args: MultiDict[str, str]) -> Asked:
        departments = {one.uid: one.name for one in self.departments()}
        return Asked(f"{self.path()}/", args, departments, {})
