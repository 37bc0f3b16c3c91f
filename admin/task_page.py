"""The page of a task for staff, and the form with which they answer a step, their own or one of the customer's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import g, redirect, request
from werkzeug.wrappers import Response

from admin import linking, payments
from admin.asking import go_on, once, sent_number
from admin.guard import StaffView
from admin.instance_words import PARTY_WORDS
from admin.revealing import addresses, with_buttons
from admin.showing import effect_tag, show, step_words, task_tag, timer_tag
from flows import access
from flows.access import clean, read_as
from flows.actions import filling, helping, receiving, submitting, versions, withholding
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.clock import clock
from flows.models import Instance, Step
from flows.queries import allowed, grid, health, lookups, parties, standing, timeline
from flows.queries.files import FilesOf, files_of, sent_with
from flows.rules import answers, private
from flows.rules.errors import Invalid, OutOfStep, Stale
from flows.rules.moves import WITH_ACTOR
from flows.words import gettext as _
from flows.work import Work, unit_of_work


def everything(instance: Instance, now: datetime) -> dict[str, Any]:
    """What the page shows, in a constant number of statements."""
    actor = g.actor
    definition = versions.spoken_of(read_as(actor), instance)
    can = allowed.of_instance(actor, instance, definition, now)
    files = files_of(actor, instance, *((definition.steps[one.name].fields, one.answers) for one in instance.steps))
    newest = parties.know_with_version(actor, instance)
    cards = payments.cards_of(actor, instance, definition, now)
    return {
        "task": instance,
        "newest_version": newest,
        "tag": task_tag(instance, now),
        "order": standing.orders_of(actor, [instance]).get(instance.subject or ""),
        "steps": [
            {
                **_step_row(instance, step, _rule(definition, instance, step), files, now),
                "payment": cards.get(step.name),
            }
            for step in instance.steps
        ],
        **payments.words(),
        "files": sent_with(actor, instance, definition),
        "links": linking.rows(instance, definition, now),
        "timers": health.timers_of(actor, instance),
        "timer_tag": lambda timer: timer_tag(timer, now),
        "effects": health.effects_of_instance(actor, instance),
        "effect_tag": effect_tag,
        "may_complete": grid.needs_action(instance, now)
        and actor.may("create")
        and any(step.actor == "customer" and may_answer(instance, step, now) for step in instance.steps),
        "may_extend": "extend" in can,
        "may_remind": "remind" in can,
        "history": timeline.of_instance(actor, instance),
    }


def may_answer(instance: Instance, step: Step, now: datetime) -> bool:
    """Whether the step takes answers from people now; the verb asks again."""
    alive = instance.is_running(now)
    by_answers = versions.spoken_of(read_as(g.actor), instance).steps[step.name].payment is None
    return alive and by_answers and step.actor != "system" and step.state in WITH_ACTOR


def answering(view: StaffView, instance: Instance, step: Step) -> Response:
    """GET shows the form, POST sends it; a customer's step needs the tick that the answers are the customer's."""
    reference, name = instance.reference, step.name
    rule = _rule(versions.spoken_of(read_as(g.actor), instance), instance, step)
    if request.method == "GET":
        address = f"{view.path()}/{reference}/steps/{name}"
        in_a_dialog = "X-Fragment" in request.headers and request.path != address
        # A step with files is a page: that is where uploads.js is.
        return redirect(address, 303) if in_a_dialog and has_files(rule) else _form(view, instance, step)
    form = receiving.take_form(g.actor, rule.fields, request.form, request.files)
    changed = answers.pressed(rule.fields, form)
    typed = changed or answers.from_form(rule.fields, form)
    if changed is not None or form.refused or request.form.get("_action") == "find":
        status = 422 if form.refused else 200
        return _form(view, access.instance_to_read(g.actor, reference), step, typed, form.refused, status)
    try:
        with unit_of_work(g.actor) as work:
            then = once(work, lambda: _submit(work, view, reference, name, typed))
    except (Invalid, OutOfStep, Stale) as error:
        problems = error.by_field() if isinstance(error, Invalid) else {"": error.detail}
        instance = access.instance_to_read(g.actor, reference)
        return _form(view, instance, access.step_of(instance, name), typed, problems, error.status)
    return go_on(
        then,
        _("%(title)s was sent.", title=rule.title)
        if rule.actor == "customer"
        else _("%(title)s is saved.", title=rule.title),
    )


def has_files(rule: StepRule) -> bool:
    return answers.asks_for_files(rule.fields)


def _submit(work: Work, view: StaffView, reference: str, name: str, typed: Mapping[str, Any]) -> str:
    instance = access.instance_to_change(work, reference)
    step = access.step_of(instance, name)
    version = sent_number("version")
    if step.actor == "customer":
        helping.submit_for_customer(
            work, instance, step, typed, version=version, stated=request.form.get("stated") == "1"
        )
    else:
        access.require(work.actor, "create")
        submitting.submit(work, instance, step, typed, version=version)
    return f"{view.path()}/{instance.reference}"


def _form(
    view: StaffView,
    instance: Instance,
    step: Step,
    typed: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    session = read_as(g.actor)
    definition = versions.spoken_of(session, instance)
    rule = _rule(definition, instance, step)
    kept = submitting.values_to_show(session, instance, definition, step, clock.now(), g.actor)
    values = typed if typed is not None else kept
    return show(
        view,
        "step.html",
        status,
        task=instance,
        step=step,
        rule=rule,
        has_files=has_files(rule),
        values=files_of(g.actor, instance, (rule.fields, values)).dressed(rule.fields, values),
        choices=lookups.choices_of_step(g.actor, instance, definition, step.name, values, clock.now(), _searched),
        keeps_private=step.actor == "customer" and bool(private.places(rule.fields, step.answers | (step.draft or {}))),
        problems=problems or {},
        back=f"{view.path()}/{instance.reference}",
        action=f"{view.path()}/{instance.reference}/steps/{step.name}",
    )


def _searched(control: str) -> str | None:
    """What somebody searched for in the choices of a control; None when nobody did."""
    return clean(request.form.get(f"{control}-q", "")).strip() or None


def _rule(definition: FlowDefinition, instance: Instance, step: Step) -> StepRule:
    """The step as this member of staff sees it (X20)."""
    rule = withholding.rule_for(g.actor, instance, step, definition.steps[step.name])
    return filling.filled(read_as(g.actor), g.actor, instance, definition, rule, clock.now())


def _step_row(instance: Instance, step: Step, rule: StepRule, files: FilesOf, now: datetime) -> dict[str, Any]:
    context = lookups.context_of(step.labels)
    given = [
        files.row(name, field, step.answers.get(name), context)
        for name, field in rule.fields.items()
        if field.type != "info"
    ]
    return {
        "step": step,
        "title": rule.title,
        "who": PARTY_WORDS[step.actor],
        "state": step_words(step.state),
        "answers": with_buttons(given, addresses("/admin/tasks", instance, step, rule.fields)) if step.attempt else [],
        "may_answer": may_answer(instance, step, now) and g.actor.may("create"),
        "draft": step.draft is not None,
        "has_files": has_files(rule),
    }
