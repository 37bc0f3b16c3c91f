"""Cases: what customers and colleagues raised, with their tasks (A7)."""

from __future__ import annotations

from flask import g
from werkzeug.wrappers import Response

from admin.guard import door
from admin.showing import argument, show
from admin.views.board import CasePages, asked, query_of, rows_of
from flows.clock import clock
from flows.models.instances import PRIORITIES
from flows.queries import boxes, colleagues


class Cases(CasePages):
    name, slug, needs = "Cases", "cases", "view"
    heading = "Cases"

    @door("/", needs="view")
    def index(self) -> Response:
        now, filters = clock.now(), asked()
        page = boxes.cases(g.actor, now, filters, argument("cursor") or None)
        return show(
            self,
            "cases.html",
            rows=rows_of(page.rows, now),
            page=page,
            filters=filters,
            query=query_of(filters),
            priorities={one: one.capitalize() for one in reversed(PRIORITIES)},
            departments={one.uid: one.name for one in colleagues.every_department(g.actor)},
        )
