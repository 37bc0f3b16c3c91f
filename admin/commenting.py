"""A comment on a case or task by staff, with files or without; refused, everything that was typed is still there."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, request
from werkzeug.wrappers import Response

from admin import case_page
from admin.asking import go_on, once
from admin.guard import StaffView
from admin.showing import show
from flows import access
from flows.access import clean
from flows.actions import commenting
from flows.actions.receiving import take_attachments
from flows.clock import clock
from flows.queries.files import unsent
from flows.rules.errors import Invalid
from flows.words import gettext as _
from flows.work import Work, unit_of_work


def comment(view: StaffView, ref: str) -> Response:
    """The files first, then the comment with them, once."""
    chosen, refused, is_unfinished = take_attachments(g.actor, request.form, request.files)
    if is_unfinished:
        return _again(view, ref, chosen, refused)

    def add(work: Work) -> str:
        words, internal = clean(request.form.get("text", "")), request.form.get("internal") == "1"
        commenting.comment(work, access.instance_to_change(work, ref), words, internal, chosen)
        return f"{view.path()}/{ref}"

    try:
        with unit_of_work(g.actor) as work:
            then = once(work, lambda: add(work))
    except Invalid as wrong:
        return _again(view, ref, chosen, wrong.by_field())
    return go_on(then, _("The comment was added."))


def _again(view: StaffView, ref: str, chosen: list[str], problems: Mapping[str, str]) -> Response:
    instance = access.instance_to_read(g.actor, ref)
    return show(
        view,
        "case.html",
        422 if problems else 200,
        **case_page.everything(view, instance, clock.now()),
        problems=problems,
        typed=clean(request.form.get("text", "")),
        internal=request.form.get("internal") == "1",
        chosen=unsent(g.actor, chosen),
    )
