"""Answering a step: as a page or in the dialog "Task completion", saved on the way, sent once (A24 to A29)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, g, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from flows import access
from flows.actions import noticing, submitting, versions, withholding
from flows.clock import clock
from flows.models import Instance, Step
from flows.rules import answers
from flows.rules.errors import Invalid, OutOfStep, Stale
from flows.work import Work, unit_of_work
from portal.forms import once, text
from portal.may import may
from portal.pages.showing import is_fragment, show
from portal.pages.step_form import check_page, form_page, needs_check, over_page, place_of, takes_answers

pages = Blueprint("steps", __name__, url_prefix="/tasks/<ref>/steps/<name>")


@pages.get("")
@may("customer")
def form(ref: str, name: str) -> Response:
    instance, step = _read(ref, name)
    page = form_page if takes_answers(instance, step, clock.now()) else _closed
    return page(g.actor, instance, step)


@pages.post("")
@may("customer")
def send(ref: str, name: str) -> Response:
    """Keep the answers as a draft, show them once more, or send them: what the button says."""
    if text("_action") == "draft":
        return _keep(ref, name)
    typed: dict[str, Any] = {}
    try:
        with unit_of_work(g.actor) as work:
            instance, step, typed = _take(work, ref, name)
            rule = versions.definition_of(work.session, instance).steps[name]
            checking = needs_check(rule)
            if checking:
                _keep_checked(work, instance, step, typed)
            else:
                done = place_of(g.actor, instance, step).done_words
                location = once(work, lambda: _submit(work, instance, step, typed))
    except (Invalid, OutOfStep, Stale) as error:
        return _refused(error, ref, name, typed)
    if checking:
        return check_page(g.actor, *_read(ref, name)) if is_fragment() else redirect(f"{request.path}/check", 303)
    return _sent(location, done)


@pages.get("/check")
@may("customer")
def check(ref: str, name: str) -> Response:
    instance, step = _read(ref, name)
    if not takes_answers(instance, step, clock.now()):
        return _closed(g.actor, instance, step)
    if step.draft is None:
        return redirect(f"/tasks/{instance.reference}/steps/{name}", 303)
    return check_page(g.actor, instance, step)


@pages.post("/check")
@may("customer")
def send_checked(ref: str, name: str) -> Response:
    """Send the draft that was just shown."""
    typed: dict[str, Any] = {}
    try:
        with unit_of_work(g.actor) as work:
            instance, step = _locked(work, ref, name)
            typed = submitting.draft_of(work.session, g.actor, instance, step)
            done = place_of(g.actor, instance, step).done_words
            location = once(work, lambda: _submit(work, instance, step, typed))
    except (Invalid, OutOfStep, Stale) as error:
        return _refused(error, ref, name, typed)
    return _sent(location, done)


@pages.route("/draft", methods=["PUT", "POST"])
@may("customer")
def draft(ref: str, name: str) -> tuple[str, int]:
    """Saved while typing (X14); right or wrong, so that nothing is lost."""
    with unit_of_work(g.actor) as work:
        instance, step, typed = _take(work, ref, name)
        submitting.save_draft(work, instance, step, typed, _version())
    return "", 204


def _keep(ref: str, name: str) -> Response:
    """Save and come back later."""
    typed: dict[str, Any] = {}
    try:
        with unit_of_work(g.actor) as work:
            instance, step, typed = _take(work, ref, name)
            submitting.save_draft(work, instance, step, typed, _version())
    except (OutOfStep, Stale) as error:
        return _refused(error, ref, name, typed)
    if is_fragment():
        return show("tasks/saved.html", instance=instance)
    flash(_("Saved as a draft. Nothing is sent until you send it."))
    return redirect(f"/tasks/{instance.reference}", 303)


def _submit(work: Work, instance: Instance, step: Step, typed: Mapping[str, Any]) -> str:
    submitting.submit(work, instance, step, typed, version=_version())
    noticing.see_all_of(work, instance.id)
    return f"/tasks/{instance.reference}"


def _keep_checked(work: Work, instance: Instance, step: Step, typed: Mapping[str, Any]) -> None:
    """Keep what will be shown for checking; Invalid when it could not be sent as it is."""
    submitting.check_turn(work, instance, step, _version())
    checked = submitting.check(work, instance, versions.definition_of(work.session, instance), step, typed)
    if checked.problems:
        raise Invalid(checked.problems)
    submitting.save_draft(work, instance, step, typed, _version())


def _sent(location: str, done: str) -> Response:
    """The dialog closes on 204 and says so itself; a page goes on to the task."""
    if is_fragment():
        return Response(status=204)
    flash(done)
    return redirect(location, 303)


def _refused(error: Invalid | OutOfStep | Stale, ref: str, name: str, typed: Mapping[str, Any]) -> Response:
    """The form again with everything that was typed, or the page that says why it is too late."""
    instance, step = _read(ref, name)
    if isinstance(error, OutOfStep):
        return over_page(g.actor, instance, step, error, typed)
    if error.code == "idempotency-mismatch":
        sent = OutOfStep(_("Answers were already sent from this page"))
        return over_page(g.actor, instance, step, sent, typed)
    if isinstance(error, Invalid):
        return form_page(g.actor, instance, step, typed, error.by_field())
    return form_page(g.actor, instance, step, typed, changed=True)


def _closed(actor: Any, instance: Instance, step: Step) -> Response:
    """Answers given before are shown; what was never the customer's to answer says why."""
    if step.attempt or not instance.is_open or instance.is_past_expiry(clock.now()):
        return over_page(actor, instance, step)
    raise OutOfStep(_("This step cannot start yet: something else comes first."), "step-locked")


def _read(ref: str, name: str) -> tuple[Instance, Step]:
    instance = access.instance_to_read(g.actor, ref)
    return instance, access.step_of(instance, name)


def _locked(work: Work, ref: str, name: str) -> tuple[Instance, Step]:
    instance = access.instance_to_change(work, ref)
    return instance, access.step_of(instance, name)


def _take(work: Work, ref: str, name: str) -> tuple[Instance, Step, dict[str, Any]]:
    """The step, locked, and the answers in the form that was sent."""
    instance, step = _locked(work, ref, name)
    rule = withholding.rule_for(g.actor, instance, step, versions.definition_of(work.session, instance).steps[name])
    return instance, step, answers.from_form(rule.fields, request.form)


def _version() -> int | None:
    """The version of the step that the page was made from."""
    given = text("version")
    if given and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid(_("This page is damaged. Open it again"), "/version", "malformed")
    return int(given) if given else None
