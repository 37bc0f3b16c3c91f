"""The first page: what waits and for whom; every number leads to the list that explains it (A1)."""

from __future__ import annotations

from flask import g
from werkzeug.wrappers import Response

from admin.guard import StaffView, door
from admin.showing import ORDER_TAGS, show
from flows.clock import clock
from flows.queries import staff


class Dashboard(StaffView):
    name, slug, needs = "Dashboard", "admin", "view"

    @classmethod
    def path(cls) -> str:
        return "/admin"

    @door("/", needs="view")
    def index(self) -> Response:
        figures = staff.figures(g.actor, clock.now())
        orders = [(state, ORDER_TAGS[state].words, figures.orders.get(state, 0)) for state in ORDER_TAGS]
        return show(self, "dashboard.html", figures=figures, orders=orders)
