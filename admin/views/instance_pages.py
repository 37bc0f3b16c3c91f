"""One task instance for staff: its page, its history, attempts side by side, and the form of a step (A4)."""

from __future__ import annotations

from flask import g, request
from werkzeug.wrappers import Response

from admin import instance_attempts, linking, task_page
from admin.guard import door
from admin.instance_page import history_page, instance_page
from admin.past_page import LookingBack
from admin.revealing import Revealing
from admin.talking import Talking
from admin.views.instance_dialogs import InstanceDialogs
from admin.views.new_instances import NewInstances
from flows import access
from flows.clock import clock
from flows.rules.errors import OutOfStep
from flows.words import gettext as _


class InstancePages(NewInstances, InstanceDialogs, Talking, LookingBack, Revealing):
    """Everything below /admin/instances but the list itself."""

    @door("/<ref>", needs="view")
    def one(self, ref: str) -> Response:
        return instance_page(self, ref)

    @door("/<ref>/history", needs="view")
    def history(self, ref: str) -> Response:
        return history_page(self, ref)

    @door("/<ref>/steps/<name>/attempts", needs="view")
    def attempts(self, ref: str, name: str) -> Response:
        return instance_attempts.compare(self, ref, name)

    @door("/<ref>/link/<name>", needs="create", methods=("GET", "POST"))
    def link(self, ref: str, name: str) -> Response:
        return linking.link(self, ref, name)

    @door("/<ref>/unlink/<name>", needs="create", methods=("GET", "POST"))
    def unlink(self, ref: str, name: str) -> Response:
        return linking.unlink(self, ref, name)

    @door("/<ref>/steps/<name>", needs="create", methods=("GET", "POST"), takes_files=True)
    def step(self, ref: str, name: str) -> Response:
        """Staff's own step, or one of the customer's with answers from the customer."""
        instance = access.instance_to_read(g.actor, ref)
        step = access.step_of(instance, name)
        if request.method == "GET" and not task_page.may_answer(instance, step, clock.now()):
            raise OutOfStep(_("This step takes no answers now"), "step-locked")
        return task_page.answering(self, instance, step)
