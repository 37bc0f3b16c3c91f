"""Flows: which are served, with what is wrong with them, and which files are not, with the place to mend; read-only."""

from __future__ import annotations

from flask import g
from werkzeug.wrappers import Response

from admin.guard import StaffView, door
from admin.showing import show
from flows import catalogue
from flows.queries import versions_in_use
from flows.rules.errors import Refused


class Flows(StaffView):
    name, slug, needs = "Flows", "flows", "flows"

    @door("/", needs="flows")
    def index(self) -> Response:
        loaded = catalogue.current()
        return show(
            self,
            "flows.html",
            flows=list(loaded.flows.values()),
            broken=loaded.broken,
            use=versions_in_use.of_flows(g.actor),
        )

    @door("/<name>", needs="flows")
    def one(self, name: str) -> Response:
        flow = catalogue.current().flows.get(name)
        if flow is None:
            raise Refused("No such flow")
        return show(self, "flow.html", flow=flow, versions=versions_in_use.of_flow(g.actor, name))
