"""A customer cancels their own request, where its flow lets them and nobody of ours has begun (Q29)."""

from __future__ import annotations

from flask import Blueprint, g
from werkzeug.wrappers import Response

from flows import access
from flows.access import read_as
from flows.actions import closing, versions
from flows.clock import clock
from flows.models import Instance
from flows.queries import allowed
from flows.rules.errors import OutOfStep
from flows.words import gettext as _
from flows.work import Work
from portal.forms import text
from portal.may import may
from portal.pages.showing import done_with, show

pages = Blueprint("cancelling", __name__, url_prefix="/tasks/<ref>/cancel")


@pages.get("")
@may("customer")
def ask(ref: str) -> Response:
    instance = access.instance_to_read(g.actor, ref)
    definition = versions.spoken_of(read_as(g.actor), instance)
    if "cancel" not in allowed.of_instance(g.actor, instance, definition, clock.now()):
        raise OutOfStep(
            _("%(ref)s cannot be cancelled here. Contact us if you want it cancelled", ref=instance.reference)
        )
    return _page(instance)


@pages.post("")
@may("customer")
def cancel(ref: str) -> Response:
    return done_with(ref, _cancel, _page, _("The request was cancelled."))


def _cancel(work: Work, instance: Instance) -> str:
    closing.cancel_request(work, instance, text("reason"))
    return f"/tasks/{instance.reference}/outcome"


def _page(instance: Instance, problems: dict[str, str] | None = None) -> Response:
    return show(
        "tasks/cancel.html", 422 if problems else 200, instance=instance, problems=problems or {}, typed=text("reason")
    )
