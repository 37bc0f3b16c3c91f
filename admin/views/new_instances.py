"""Two ways in for staff: a new instance for a tenant, and a tenant who is invited to go through one (A3)."""

from __future__ import annotations

from werkzeug.wrappers import Response

from admin import new_instance
from admin.guard import StaffView, door


class NewInstances(StaffView):
    """The doors /new and /invite."""

    @door("/new", needs="create", methods=("GET", "POST"), takes_files=True)
    def new(self) -> Response:
        return new_instance.new(self, "staff")

    @door("/invite", needs="create", methods=("GET", "POST"))
    def invite(self) -> Response:
        return new_instance.new(self, "onboarding")
