"""Answering a step: as a page or in the dialog "Task completion", saved on the way, sent once (A24 to A29)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, request
from werkzeug.wrappers import Response

from flows import access
from flows.access import read_as
from flows.actions import noticing, submitting, versions
from flows.actions.receiving import TakenForm, take_form
from flows.clock import clock
from flows.models import Instance, Step
from flows.rules import answers
from flows.rules.errors import Invalid, OutOfStep, Problem, Stale
from flows.words import gettext as _
from flows.work import Work, unit_of_work
from portal.forms import brings_files, once, text
from portal.may import may
from portal.pages import step_pages
from portal.pages.pay import pay_page, pays
from portal.pages.showing import is_fragment, show
from portal.pages.step_form import (
    Place,
    check_page,
    form_page,
    kept_of,
    over_page,
    place_of,
    sheets_of,
    takes_answers,
)

pages = Blueprint("steps", __name__, url_prefix="/tasks/<ref>/steps/<name>")


@pages.get("")
@pages.get("/page-<page>")
@may("customer")
def form(ref: str, name: str, page: str = "") -> Response:
    """The form; of a step with pages one of them, the one to go on with where none is named.

    A step that is done by paying is at its own address; in the dialog it says what is to be paid.
    """
    instance, step = _read(ref, name)
    if pays(g.actor, instance, step):
        return pay_page(g.actor, instance, step) if is_fragment() else redirect(f"{_url(ref, name)}/pay", 303)
    if not takes_answers(instance, step, clock.now()):
        return _closed(g.actor, instance, step)
    return form_page(g.actor, instance, step, page=page)


@pages.post("")
@pages.post("/page-<page>")
@may("customer", takes_files=True)
def send(ref: str, name: str, page: str = "") -> Response:
    """Keep the answers, change the form, go on to the next page, show them once more, or send: what the button says."""
    form = _sent_form(ref, name)
    if form.refused or any(control.startswith(("add-", "remove-")) for control in form):
        return _changed(ref, name, form, page)
    if text("_action") == "draft":
        return _keep(ref, name, form, page)
    if text("_action") == "find":
        return _find(ref, name, form, page)
    typed: dict[str, Any] = {}
    try:
        with unit_of_work(g.actor) as work:
            instance, step, typed = _take(work, ref, name, form, page)
            place = place_of(g.actor, instance, step)
            onward, wrong = _keep_page(work, place, typed, page)
            if not onward:
                location = once(work, lambda: _submit(work, instance, step, typed))
    except (Invalid, OutOfStep, Stale) as error:
        return _refused(error, ref, name, typed, page)
    if wrong:
        return _refused(Invalid(wrong), ref, name, typed, page)
    if not onward:
        return _sent(location, place.done_words)
    return check_page(g.actor, *_read(ref, name)) if is_fragment() else redirect(onward, 303)


@pages.get("/check")
@may("customer")
def check(ref: str, name: str) -> Response:
    instance, step = _read(ref, name)
    if not takes_answers(instance, step, clock.now()):
        return _closed(g.actor, instance, step)
    if pays(g.actor, instance, step):
        return redirect(_url(ref, name), 303)
    return check_page(g.actor, instance, step)


@pages.post("/check")
@may("customer")
def send_checked(ref: str, name: str) -> Response:
    """Send the draft that was just shown."""
    typed: dict[str, Any] = {}
    try:
        with unit_of_work(g.actor) as work:
            instance, step = _locked(work, ref, name)
            place = place_of(g.actor, instance, step)
            typed, done = kept_of(g.actor, place), place.done_words
            location = once(work, lambda: _submit(work, instance, step, typed))
    except (Invalid, OutOfStep, Stale) as error:
        return _refused(error, ref, name, typed)
    return _sent(location, done)


@pages.route("/draft", methods=["PUT", "POST"])
@pages.route("/page-<page>/draft", methods=["PUT", "POST"])
@may("customer")
def draft(ref: str, name: str, page: str = "") -> tuple[str, int]:
    """Saved while typing (X14); right or wrong, so that nothing is lost."""
    with unit_of_work(g.actor) as work:
        instance, step, typed = _take(work, ref, name, TakenForm(dict(request.form.lists())), page)
        submitting.save_draft(work, instance, step, typed, _version())
    return "", 204


def _sent_form(ref: str, name: str) -> TakenForm:
    """What was sent, its files taken in first: they are kept when the answers are refused."""
    fields: Mapping[str, Any] = {}
    if brings_files():
        instance, step = _read(ref, name)
        if takes_answers(instance, step, clock.now()):
            fields = versions.spoken_of(read_as(g.actor), instance).steps[step.name].fields
    return take_form(g.actor, fields, request.form, request.files)


def _changed(ref: str, name: str, form: TakenForm, page: str) -> Response:
    """The form again with one entry or file more or less; what is typed is kept, also as a draft."""
    typed: dict[str, Any] = {}
    try:
        with unit_of_work(g.actor) as work:
            instance, step, typed = _take(work, ref, name, form, page)
            submitting.save_draft(work, instance, step, typed, _version())
    except (Invalid, OutOfStep, Stale) as error:
        return _refused(error, ref, name, typed, page)
    return form_page(g.actor, *_read(ref, name), typed, form.refused, page=page)


def _keep(ref: str, name: str, form: TakenForm, page: str) -> Response:
    """Save and come back later."""
    typed: dict[str, Any] = {}
    try:
        with unit_of_work(g.actor) as work:
            instance, step, typed = _take(work, ref, name, form, page)
            submitting.save_draft(work, instance, step, typed, _version())
    except (OutOfStep, Stale) as error:
        return _refused(error, ref, name, typed, page)
    if is_fragment():
        return show("tasks/saved.html", instance=instance)
    flash(_("Saved as a draft. Nothing is sent until you send it."))
    return redirect(f"/tasks/{instance.reference}", 303)


def _find(ref: str, name: str, form: TakenForm, page: str) -> Response:
    """The form again with everything that was typed, and what was searched for to choose from; nothing is kept yet."""
    instance, step = _read(ref, name)
    if not takes_answers(instance, step, clock.now()):
        return _closed(g.actor, instance, step)
    return form_page(g.actor, instance, step, _typed(instance, step, form, page, clock.now()), page=page)


def _url(ref: str, name: str) -> str:
    return f"/tasks/{ref}/steps/{name}"


def _submit(work: Work, instance: Instance, step: Step, typed: Mapping[str, Any]) -> str:
    submitting.submit(work, instance, step, typed, version=_version())
    noticing.see_all_of(work, instance.id)
    ended = not instance.is_open and instance.order_uid is None
    return f"/tasks/{instance.reference}/outcome" if ended else f"/tasks/{instance.reference}"


def _keep_page(work: Work, place: Place, typed: Mapping[str, Any], page: str) -> tuple[str, list[Problem]]:
    """Keep what was typed, right or wrong; gives the address to go on to and what is wrong before one may.

    No address: it is to be sent at once. Each page is checked on its own, and the whole before it is shown once more.
    """
    shown = sheets_of(place, typed, work.now) if page else []
    following, checking = step_pages.after(shown, page), place.rule.is_checked
    if page and text("then") == "check":
        following = step_pages.unfinished(shown, place.rule, typed)
    if following is None and not checking:
        return "", []
    submitting.check_turn(work, place.instance, place.step, _version())
    checked = submitting.check(work, place.instance, place.definition, place.step, typed)
    own = next((sheet.fields for sheet in shown if sheet.name == page), None)
    wrong = [one for one in checked.problems if own is None or one.pointer.strip("/").partition("/")[0] in own]
    submitting.save_draft(work, place.instance, place.step, typed, _version())
    return place.url_of(following) if following is not None else f"{place.url}/check", wrong


def _sent(location: str, done: str) -> Response:
    """The dialog closes on 204 and says so itself; a page goes on to the task."""
    if is_fragment():
        return Response(status=204)
    flash(done)
    return redirect(location, 303)


def _refused(
    error: Invalid | OutOfStep | Stale, ref: str, name: str, typed: Mapping[str, Any], page: str = ""
) -> Response:
    """The form again with everything that was typed, or the page that says why it is too late."""
    instance, step = _read(ref, name)
    if error.code == "payment-needed":
        return redirect(f"/tasks/{instance.reference}/steps/{name}/pay", 303)
    if isinstance(error, OutOfStep):
        return over_page(g.actor, instance, step, error, typed)
    if error.code == "idempotency-mismatch":
        sent = OutOfStep(_("Answers were already sent from this page"))
        return over_page(g.actor, instance, step, sent, typed)
    if isinstance(error, Invalid):
        return form_page(g.actor, instance, step, typed, error.by_field(), page=page)
    return form_page(g.actor, instance, step, typed, changed=True, page=page)


def _closed(actor: Any, instance: Instance, step: Step) -> Response:
    """Answers given before are shown; what was never the customer's to answer says why."""
    if step.attempt or not instance.is_running(clock.now()):
        return over_page(actor, instance, step)
    raise OutOfStep(_("This step cannot start yet: something else comes first."), "step-locked")


def _read(ref: str, name: str) -> tuple[Instance, Step]:
    instance = access.instance_to_read(g.actor, ref)
    return instance, access.step_of(instance, name)


def _locked(work: Work, ref: str, name: str) -> tuple[Instance, Step]:
    instance = access.instance_to_change(work, ref)
    return instance, access.step_of(instance, name)


def _take(work: Work, ref: str, name: str, form: TakenForm, page: str) -> tuple[Instance, Step, dict[str, Any]]:
    """The step, locked, and the answers in the form that was sent."""
    instance, step = _locked(work, ref, name)
    return instance, step, _typed(instance, step, form, page, work.now)


def _typed(instance: Instance, step: Step, form: TakenForm, page: str, now: datetime) -> dict[str, Any]:
    """The answers in a form, with the entry or file that a button adds or takes; a page is laid over what is kept."""
    place = place_of(g.actor, instance, step)
    typed = answers.pressed(place.rule.fields, form) or answers.from_form(place.rule.fields, form)
    if not page:
        return typed
    step_pages.must_exist(place.rule, page)
    kept = kept_of(g.actor, place)
    sheet = next((one for one in sheets_of(place, {**kept, **typed}, now) if one.name == page), None)
    own = sheet.fields if sheet is not None else place.rule.pages[page].fields if page in place.rule.pages else ()
    return step_pages.laid_over(place.rule, own, kept, typed)


def _version() -> int | None:
    """The version of the step that the page was made from."""
    given = text("version")
    if given and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid(_("This page is damaged. Open it again"), "/version", "malformed")
    return int(given) if given else None
