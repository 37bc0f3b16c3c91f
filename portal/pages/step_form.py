"""The form of a step: filled in, with what is wrong beside each field, or what there is to say when it is over (P5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import object_session
from werkzeug.wrappers import Response

from flows.access import read_as
from flows.actions import submitting, versions, withholding
from flows.actions.scope import scope_of
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.clock import clock
from flows.models import Instance, Order, Step, User
from flows.queries import standing as asking
from flows.queries import timeline
from flows.rules import answers
from flows.rules.actors import Actor
from flows.rules.errors import BatonError
from flows.rules.expressions import ExpressionProblem, compile_condition
from flows.rules.moves import WITH_ACTOR
from flows.rules.outcomes import completes_by_itself
from portal.pages.showing import end_of, show

ENDINGS = ("instance_completed", "instance_closed", "instance_cancelled", "instance_expired")


@dataclass(frozen=True)
class Place:
    """A step with all that a page about it needs."""

    instance: Instance
    step: Step
    definition: FlowDefinition
    order: Order | None
    rule: StepRule
    """The step as this customer sees it: without what is for others alone (X20)."""
    people: Sequence[User] = ()
    """Whom the flow may speak of; kept, so that the session reads none of them twice."""

    @property
    def url(self) -> str:
        return f"/tasks/{self.instance.reference}/steps/{self.step.name}"

    @property
    def done_words(self) -> str:
        """What is said once it is sent; the last step of a flow that ends by itself completes the task (A31)."""
        others = (step for step in self.instance.steps if step is not self.step)
        left = any(step.state not in ("completed", "skipped") for step in others)
        if left or not completes_by_itself(self.definition):
            return _("Sent. We have your answers.")
        if self.order is None:
            return _("Completed. Thank you.")
        return _("Completed. We are setting up order %(ref)s.", ref=self.order.reference)


def place_of(actor: Actor, instance: Instance, step: Step) -> Place:
    session = read_as(actor)
    ids = {instance.customer_id, instance.creator_id, instance.assignee_id} - {None}
    people = session.scalars(select(User).where(User.id.in_(ids))).all()
    order = asking.orders_of(actor, [instance]).get(instance.subject or "")
    definition = versions.definition_of(session, instance)
    rule = withholding.rule_for(actor, instance, step, definition.steps[step.name])
    return Place(instance, step, definition, order, rule, people)


def takes_answers(instance: Instance, step: Step, now: datetime) -> bool:
    """Whether the customer can answer this step now; the verb asks again when they do."""
    is_open = instance.is_open and not instance.is_past_expiry(now)
    return is_open and step.actor == "customer" and step.state in WITH_ACTOR


def needs_check(rule: StepRule) -> bool:
    """Whether the answers are shown once more before they are sent (3.3.4); one simple page is its own check."""
    return rule.check == "always" or (rule.check == "auto" and len(rule.pages) > 1)


def form_page(
    actor: Actor, instance: Instance, step: Step, typed: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None, changed: bool = False,
) -> Response:  # fmt: skip
    """The form; `typed` keeps what was sent, `changed` says that the step moved on meanwhile."""
    place, session, now = place_of(actor, instance, step), read_as(actor), clock.now()
    kept = submitting.values_to_show(session, instance, place.definition, step, now, actor)
    values = dict(typed) if typed is not None else kept
    is_prefilled = typed is None and step.draft is None and not step.attempt
    return _show(
        "tasks/form.html",
        412 if changed else 422 if problems else 200,
        place,
        sections=_sections(place, values, now),
        values=values,
        problems=problems or {},
        to_check=set(kept) if is_prefilled else set(),
        end=end_of(instance),
        changes=_changes(place.rule, values, kept) if changed else None,
    )


def check_page(actor: Actor, instance: Instance, step: Step) -> Response:
    """The answers once more, before they are sent (P7)."""
    place = place_of(actor, instance, step)
    return _show("tasks/check.html", 200, place, rows=answer_rows(place.rule, step.draft or {}, f"{place.url}#"))


def over_page(
    actor: Actor,
    instance: Instance,
    step: Step,
    error: BatonError | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    """The step takes no answers (any more): who ended it, when, what was typed, and what can be done now."""
    place = place_of(actor, instance, step)
    history = reversed(timeline.of_instance(actor, instance))
    return _show(
        "tasks/over.html",
        error.status if error else 200,
        place,
        detail=error.detail if error else "",
        ending=next((entry for entry in history if entry.kind in ENDINGS), None),
        typed=answer_rows(place.rule, typed) if typed else None,
        given=answer_rows(place.rule, step.answers) if step.attempt else None,
    )


def _show(template: str, status: int, place: Place, **words: Any) -> Response:
    known = {"instance": place.instance, "step": place.step, "rule": place.rule, "order": place.order}
    return show(template, status, place=place, **known, **words)


def answer_rows(rule: StepRule, values: Mapping[str, Any], change: str = "") -> list[dict[str, str]]:
    """Questions and answers for `ui.summary_list`; `change` is the address of the form, up to the name of the field."""
    asked = {name: field for name, field in rule.fields.items() if field.type != "info"}
    return [
        {"label": field.label, "value": answers.display(field, values.get(name)), "url": change and f"{change}{name}"}
        for name, field in asked.items()
    ]


def _changes(rule: StepRule, typed: Mapping[str, Any], kept: Mapping[str, Any]) -> list[dict[str, str]]:
    """Where what is kept now differs from what was typed."""
    mine, theirs = answer_rows(rule, typed), answer_rows(rule, kept)
    pairs = zip(mine, theirs, strict=True)
    return [{**other, "mine": own["value"]} for own, other in pairs if own["value"] != other["value"]]


def _sections(place: Place, values: Mapping[str, Any], now: datetime) -> list[tuple[str, list[str]]]:
    """The fields of the form under the titles of the step's pages, without those that are known not to be asked."""
    asked, pages = _asked(place, values, now), place.rule.pages.values()
    sections = [(page.title, [name for name in page.fields if name in asked]) for page in pages]
    rest = [name for name in asked if not any(name in page.fields for page in pages)]
    if sections:
        sections[-1][1].extend(rest)
    return sections or [("", rest)]


def _asked(place: Place, values: Mapping[str, Any], now: datetime) -> list[str]:
    fields, session = place.rule.fields, object_session(place.instance)
    if session is None or not any(field.when for field in fields.values()):
        return list(fields)
    scope = scope_of(session, place.instance, place.definition, now)
    scope["data"] = {**scope["data"], **values}
    return [name for name, field in fields.items() if not field.when or _may_hold(field.when, scope)]


def _may_hold(condition: str, scope: Mapping[str, Any]) -> bool:
    """Also while what it looks at is unknown, or typed wrong: then the question stays."""
    try:
        return compile_condition(condition).holds(scope) is not False
    except ExpressionProblem:
        return True
