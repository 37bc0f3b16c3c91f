"""The page of a task for staff, and the form with which they answer a step, their own or one of the customer's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from admin.asking import go_on, once
from admin.guard import StaffView
from admin.revealing import addresses, with_buttons
from admin.showing import effect_tag, show, step_words, task_tag, timer_tag
from flows import access
from flows.access import read_as
from flows.actions import helping, submitting, versions, withholding
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.clock import clock
from flows.models import Instance, Step
from flows.queries import grid, health, staff, standing, timeline
from flows.rules import answers, private
from flows.rules.errors import Invalid, OutOfStep, Stale
from flows.rules.moves import WITH_ACTOR
from flows.work import Work, unit_of_work

WHO = {"customer": "Customer", "staff": "Staff", "system": "System"}


def everything(instance: Instance, now: datetime) -> dict[str, Any]:
    """What the page shows, in a constant number of statements."""
    actor = g.actor
    definition = versions.definition_of(read_as(actor), instance)
    alive = instance.is_open and not instance.is_past_expiry(now)
    staff.know_parties(actor, instance)
    return {
        "task": instance,
        "tag": task_tag(instance, now),
        "order": standing.orders_of(actor, [instance]).get(instance.subject or ""),
        "steps": [_step_row(instance, step, _rule(definition, instance, step), now) for step in instance.steps],
        "timers": health.timers_of(actor, instance),
        "timer_tag": lambda timer: timer_tag(timer, now),
        "effects": health.effects_of_instance(actor, instance),
        "effect_tag": effect_tag,
        "may_complete": grid.needs_action(instance, now) and actor.may("create"),
        "may_extend": alive and instance.expires_at is not None and actor.may("orders"),
        "may_remind": alive and bool(definition.timers) and actor.may("message"),
        "history": timeline.of_instance(actor, instance),
    }


def may_answer(instance: Instance, step: Step, now: datetime) -> bool:
    """Whether the step takes answers from people now; the verb asks again."""
    alive = instance.is_open and not instance.is_past_expiry(now)
    return alive and step.actor != "system" and step.state in WITH_ACTOR


def answering(view: StaffView, instance: Instance, step: Step) -> Response:
    """GET shows the form, POST sends it; a customer's step needs the tick that the answers are the customer's."""
    reference, name = instance.reference, step.name
    if request.method == "GET":
        return _form(view, instance, step)
    rule = _rule(versions.definition_of(read_as(g.actor), instance), instance, step)
    typed = answers.from_form(rule.fields, request.form)
    try:
        with unit_of_work(g.actor) as work:
            then = once(work, lambda: _submit(work, reference, name, typed))
    except (Invalid, OutOfStep, Stale) as error:
        problems = error.by_field() if isinstance(error, Invalid) else {"": error.detail}
        instance = access.instance_to_read(g.actor, reference)
        return _form(view, instance, access.step_of(instance, name), typed, problems, error.status)
    return go_on(then, f"{rule.title} was sent.")


def _submit(work: Work, reference: str, name: str, typed: Mapping[str, Any]) -> str:
    instance = access.instance_to_change(work, reference)
    step = access.step_of(instance, name)
    version = _version()
    if step.actor == "customer":
        helping.submit_for_customer(
            work, instance, step, typed, version=version, stated=request.form.get("stated") == "1"
        )
    else:
        access.require(work.actor, "create")
        submitting.submit(work, instance, step, typed, version=version)
    return f"/admin/tasks/{reference}"


def _form(
    view: StaffView,
    instance: Instance,
    step: Step,
    typed: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    session = read_as(g.actor)
    definition = versions.definition_of(session, instance)
    rule, kept = (
        _rule(definition, instance, step),
        submitting.values_to_show(session, instance, definition, step, clock.now(), g.actor),
    )
    return show(
        view,
        "step.html",
        status,
        task=instance,
        step=step,
        rule=rule,
        values=typed if typed is not None else kept,
        keeps_private=step.actor == "customer" and bool(private.places(rule.fields, step.answers | (step.draft or {}))),
        problems=problems or {},
        action=f"/admin/tasks/{instance.reference}/steps/{step.name}",
    )


def _rule(definition: FlowDefinition, instance: Instance, step: Step) -> StepRule:
    """The step as this member of staff sees it (X20)."""
    return withholding.rule_for(g.actor, instance, step, definition.steps[step.name])


def _step_row(instance: Instance, step: Step, rule: StepRule, now: datetime) -> dict[str, Any]:
    given = [
        {"name": name, "label": field.label, "value": answers.display(field, step.answers.get(name))}
        for name, field in rule.fields.items()
        if field.type != "info"
    ]
    return {
        "step": step,
        "title": rule.title,
        "who": WHO[step.actor],
        "state": step_words(step.state),
        "answers": with_buttons(given, addresses("/admin/tasks", instance, step, rule)) if step.attempt else [],
        "may_answer": may_answer(instance, step, now) and g.actor.may("create"),
        "draft": step.draft is not None,
    }


def _version() -> int | None:
    """The version of the step that the page was made from."""
    given = request.form.get("version", "")
    if given and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid("This page is damaged. Open it again", "/version", "malformed")
    return int(given) if given else None
