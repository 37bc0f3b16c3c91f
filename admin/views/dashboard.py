"""The first page: what waits and for whom; every number leads to the list that explains it (A1)."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import g, render_template, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.guard import StaffView, door
from admin.showing import ORDER_TAGS, frame_for, show, view_at
from flows.clock import clock
from flows.queries import staff


class Dashboard(StaffView):
    name, slug, needs = _l("Dashboard"), "admin", "view"

    @classmethod
    def path(cls) -> str:
        return "/admin"

    @door("/", needs="view")
    def index(self) -> Response:
        figures = staff.figures(g.actor, clock.now())
        orders = [(state, ORDER_TAGS[state].words, figures.orders.get(state, 0)) for state in ORDER_TAGS]
        return show(self, "dashboard.html", figures=figures, orders=orders)

    @door("/navigation", needs="view")
    def navigation(self) -> str:
        """What stands beside every page, with its badges as they are now, for the page that asks."""
        frame_for(view_at(urlsplit(request.referrer or "").path))
        return render_template("navigation.html")
