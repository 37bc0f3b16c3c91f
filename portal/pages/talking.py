"""The conversation about a task, for its customer: the panel beside it, a page of its own, sending and reading (P4)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.wrappers import Response

from flows import access
from flows.access import clean
from flows.actions import conversing, versions
from flows.actions.receiving import take_attachments
from flows.clock import clock
from flows.models import Instance
from flows.queries import conversations, panels
from flows.queries.files import unsent
from flows.queries.panels import NEWEST, NOTHING_TYPED, Asked, Panel, Typed
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.words import gettext as _
from flows.work import unit_of_work
from portal.forms import text
from portal.may import may
from portal.pages.showing import is_fragment, show

pages = Blueprint("talking", __name__)

MOST_DIGITS = 9


def panel_of(instance: Instance, asked: Asked = NEWEST, typed: Typed = NOTHING_TYPED, new_only: bool = False) -> Panel:
    """The panel of the messages about this task."""
    url = f"/tasks/{instance.reference}/messages"
    definition = versions.definition_of(access.read_as(g.actor), instance)
    return panels.panel(g.actor, instance, definition, clock.now(), url, _("Messages"), asked, typed, new_only=new_only)


@pages.get("/messages")
@may("customer")
def listed() -> Response:
    """Every conversation, those with something unread first."""
    return show("tasks/conversations.html", rows=conversations.listed(g.actor))


@pages.get("/navigation")
@may("customer")
def navigation() -> str:
    """What stands at the top of a page, with its badges as they are now, for the page that asks."""
    g.looked_at = urlsplit(request.referrer or "").path
    return render_template("navigation.html")


@pages.get("/tasks/<ref>/messages")
@may("customer")
def messages(ref: str) -> Response:
    """The newest, those before a number, or as a fragment those after one: what a page that stays open asks for."""
    asked = Asked(before=_number("before"), after=_number("after"))
    return _page(_found(ref), asked, new_only=is_fragment() and asked.after is not None)


@pages.post("/tasks/<ref>/messages")
@may("customer", takes_files=True)
def send(ref: str) -> Response:
    """Words, files or both, once; the files first, so that they are kept when something is wrong."""
    _found(ref)
    chosen, refused, is_unfinished = take_attachments(g.actor, request.form, request.files)
    if is_unfinished:
        return _again(ref, chosen, Invalid(""), dict(refused))
    try:
        with unit_of_work(g.actor) as work:
            instance = access.instance_to_change(work, ref)
            conversing.send(
                work, instance, clean(request.form.get("text", "")), client_id=text("client_id"), upload_ids=chosen
            )
            conversing.mark_read(work, instance, _number("seen", request.form.get("seen", "")) or 0)
    except Invalid as wrong:
        return _again(ref, chosen, wrong, wrong.by_field())
    except OutOfStep as late:
        return _again(ref, chosen, late, {"": late.detail})
    return Response(status=204) if is_fragment() else redirect(f"/tasks/{ref}#talk", 303)


@pages.post("/tasks/<ref>/messages/read")
@may("customer")
def read(ref: str) -> Response:
    """Everything up to a number was before their eyes."""
    with unit_of_work(g.actor) as work:
        conversing.mark_read(work, access.instance_to_change(work, ref), _number("seq", text("seq")) or 0)
    return Response(status=204) if is_fragment() else redirect(f"/tasks/{ref}#talk", 303)


def _again(ref: str, chosen: Sequence[str], error: Invalid | OutOfStep, problems: dict[str, str]) -> Response:
    """The page with everything that was typed, and what is wrong with it. Used words need a new id to be sent."""
    typed = Typed(
        clean(request.form.get("text", "")),
        "" if "client_id" in problems else text("client_id")[: conversing.LONGEST_CLIENT_ID],
        problems,
        unsent(g.actor, chosen),
        error.status if problems else 200,
    )
    return _page(_found(ref), typed=typed)


def _page(instance: Instance, asked: Asked = NEWEST, typed: Typed = NOTHING_TYPED, new_only: bool = False) -> Response:
    desk = panel_of(instance, asked, typed, new_only)
    return show("tasks/talk.html", typed.status, instance=instance, desk=desk)


def _found(ref: str) -> Instance:
    instance = access.instance_to_read(g.actor, ref)
    if instance.state is not None:
        raise Refused(_("No such task"))
    return instance


def _number(name: str, given: str | None = None) -> int | None:
    """A number in the address or in a form of ours; anything else counts as absent."""
    words = request.args.get(name, "") if given is None else given
    return int(words) if words.isascii() and words.isdigit() and len(words) <= MOST_DIGITS else None
