"""The outcome of a request: chosen once every visible step is completed, with words that may be edited (C42 to C45)."""

from __future__ import annotations

from flask import g, request
from werkzeug.wrappers import Response

from admin.asking import go_on, once, sent_number
from admin.guard import StaffView
from admin.instance_page import OUTCOME, Kept, instance_page
from flows import access
from flows.access import clean
from flows.actions import closing
from flows.rules.errors import Invalid, OutOfStep, Stale
from flows.words import gettext as _
from flows.work import Work, unit_of_work


def conclude(view: StaffView, ref: str) -> Response:
    """POST confirms; or shows the words of another outcome, or what the customer will see, with nothing done yet."""
    if request.method != "POST":
        return instance_page(view, ref)
    typed = {"outcome": clean(request.form.get("outcome", "")), "message": clean(request.form.get("message", ""))}
    wanted = request.form.get("do")
    if wanted == "words":
        return instance_page(view, ref, Kept(OUTCOME, {"outcome": typed["outcome"]}))
    if wanted == "preview":
        return instance_page(view, ref, Kept(OUTCOME, typed))
    try:
        with unit_of_work(g.actor) as work:
            then = once(work, lambda: _conclude(work, view, ref, typed["outcome"], typed["message"]))
    except Invalid as invalid:
        return instance_page(view, ref, Kept(OUTCOME, typed, invalid.by_field(), invalid.status))
    except (OutOfStep, Stale) as error:
        return instance_page(view, ref, Kept(OUTCOME, typed, {"": error.detail}, error.status, sent_number("seq")))
    return go_on(then, _("The outcome is confirmed. The customer is told."))


def _conclude(work: Work, view: StaffView, ref: str, outcome: str, message: str) -> str:
    instance = access.instance_to_change(work, ref)
    closing.conclude(work, instance, outcome, message, version=sent_number("version"))
    return f"{view.path()}/{instance.reference}"
