"""Task instances for staff (C4)."""

from __future__ import annotations

from flask import redirect
from werkzeug.wrappers import Response

from admin.guard import StaffView, door
from admin.showing import address, argument
from admin.views.instance_pages import InstancePages


class Instances(InstancePages, StaffView):
    name, slug, needs = "Task instances", "instances", "view"

    @door("/", needs="view")
    def index(self) -> Response:
        """The Task System lists them."""
        return redirect(address("/admin/tasks/", q=argument("q")), 303)
