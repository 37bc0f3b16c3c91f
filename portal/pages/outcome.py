"""How a request ended, for ever at the same address; what the customer says about it; a copy to keep (P10, Q28)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, g, redirect, request
from werkzeug.wrappers import Response

from flows import access
from flows.access import read_as
from flows.actions import noticing, rating, reopening, versions
from flows.catalogue import FlowDefinition
from flows.clock import clock
from flows.events import ENDINGS
from flows.models import Instance
from flows.queries import allowed, timeline
from flows.queries import standing as asking
from flows.rules import ratings
from flows.rules.actors import Actor
from flows.rules.errors import Invalid, Refused
from flows.words import gettext as _
from flows.work import Work
from portal.forms import text
from portal.may import may
from portal.pages import given
from portal.pages.showing import done_with, show, task_tag

pages = Blueprint("outcome", __name__, url_prefix="/tasks/<ref>")


@pages.get("/outcome")
@may("customer")
def ended(ref: str) -> Response:
    """Safe to bookmark: a request that runs, or runs again, is shown as it stands."""
    instance = access.instance_to_read(g.actor, ref)
    if instance.is_running(clock.now()):
        return redirect(f"/tasks/{instance.reference}", 303)
    return _page(instance)


@pages.post("/rating")
@may("customer")
def rate(ref: str) -> Response:
    return done_with(ref, _rate, _page, _("Thank you for telling us."))


@pages.post("/reopen_request")
@may("customer")
def ask_to_reopen(ref: str) -> Response:
    return done_with(ref, _ask_to_reopen, _page, _("We have your question, and will look at the request again."))


@pages.get("/copy")
@may("customer")
def copy(ref: str) -> Response:
    """The whole request on one page for printing or keeping; its steps may still go on."""
    instance, now = access.instance_to_read(g.actor, ref), clock.now()
    definition = versions.spoken_of(read_as(g.actor), instance)
    steps = given.by_step(g.actor, instance, definition, now)
    return show(
        "tasks/copy.html",
        instance=instance,
        tag=task_tag(instance, now),
        steps=steps,
        has_files=given.has_files(steps),
        order=asking.orders_of(g.actor, [instance]).get(instance.subject or ""),
    )


@pages.get("/copy.pdf")
@may("customer")
def copy_as_pdf(ref: str) -> Response:
    """The same as a file."""
    instance, now = access.instance_to_read(g.actor, ref), clock.now()
    if instance.state is not None:
        raise Refused(_("No such task"))
    headers = {"Content-Disposition": f'attachment; filename="{instance.reference}.pdf"'}
    return Response(pdf_of(g.actor, instance, now), mimetype="application/pdf", headers=headers)


def pdf_of(actor: Actor, instance: Instance, now: datetime) -> bytes:
    """The request as a PDF, as far as the actor may read it; also for the API."""
    from portal import pdf  # few ask for one, and what draws it takes a quarter of a second and eight megabytes

    definition = versions.spoken_of(read_as(actor), instance)
    steps = given.by_step(actor, instance, definition, now)
    brand = current_app.config["BATON"].brand
    title = versions.said_of(read_as(actor), instance, "title")
    return pdf.copy_of(instance, title, task_tag(instance, now).words, steps, brand, now, actor.time_zone)


def _ask_to_reopen(work: Work, instance: Instance) -> str:
    reopening.ask(work, instance, text("reason"))
    return f"/tasks/{instance.reference}/outcome"


def _rate(work: Work, instance: Instance) -> str:
    score = text("score")
    if not (score.isascii() and score.isdigit() and len(score) < 4):
        raise Invalid(_("Choose how satisfied you were"), "/score", "required")
    rating.rate(work, instance, int(score), text("comment"))
    noticing.see_all_of(work, instance.id)
    return f"/tasks/{instance.reference}/outcome#rating"


def _page(instance: Instance, problems: dict[str, str] | None = None) -> Response:
    now = clock.now()
    definition = versions.spoken_of(read_as(g.actor), instance)
    steps = given.by_step(g.actor, instance, definition, now)
    ending = next((one for one in reversed(timeline.of_instance(g.actor, instance)) if one.kind in ENDINGS), None)
    return show(
        "tasks/outcome.html",
        422 if problems else 200,
        instance=instance,
        heading=_heading(instance),
        ending=ending,
        reason=ending.facts.get("reason", "") if ending is not None else "",
        steps=steps,
        has_files=given.has_files(steps),
        order=asking.orders_of(g.actor, [instance]).get(instance.subject or ""),
        problems=problems or {},
        may_ask="ask_to_reopen" in allowed.of_instance(g.actor, instance, definition, now),
        **_rating(instance, definition, now),
    )


def _heading(instance: Instance) -> tuple[str, str, str]:
    """Words, tone and icon of the panel; only what came to a good end wears the tick, and no end is red."""
    if instance.status == "completed" and instance.outcome_kind != "negative":
        return _("Request completed"), "ok", "done"
    if instance.status == "completed":
        return _("Request closed"), "", "info"
    if instance.status == "cancelled":
        return _("Request cancelled"), "", "cross"
    return _("The time for this is over"), "", "clock"


def _rating(instance: Instance, definition: FlowDefinition, now: datetime) -> dict[str, Any]:
    """The question, as long as it may be answered or changed; and what was answered."""
    rule = definition.rating
    if rule is None or not ratings.is_asked(instance.status, rule):
        return {"scale": None}
    words = dict(words_of_scale(rule.scale))
    return {
        "scale": list(words.items()),
        "hint": _("1 is very dissatisfied, 10 is very satisfied.") if rule.scale == 10 else "",
        "may_rate": "rate" in allowed.of_instance(g.actor, instance, definition, now),
        "rated": words.get(str(instance.rating), "") if instance.rated_at is not None else "",
        "score": request.form.get("score", "") or str(instance.rating or ""),
        "comment": request.form.get("comment", instance.rating_comment),
        "until": instance.rated_at + ratings.CHANGEABLE if instance.rated_at is not None else None,
    }


def words_of_scale(scale: int) -> list[tuple[str, str]]:
    """Score and words, the best first; ten steps have no words of their own."""
    named = {
        3: [_("Satisfied"), _("Neither satisfied nor dissatisfied"), _("Dissatisfied")],
        5: [
            _("Very satisfied"), _("Satisfied"), _("Neither satisfied nor dissatisfied"), _("Dissatisfied"),
            _("Very dissatisfied"),
        ],
    }  # fmt: skip
    words = named.get(scale, [str(score) for score in range(scale, 0, -1)])
    return [(str(scale - n), said) for n, said in enumerate(words)]
