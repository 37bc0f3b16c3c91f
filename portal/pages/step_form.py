"""The form of a step: filled in, with what is wrong beside each field, or what there is to say when it is over (P5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, request
from sqlalchemy import select
from sqlalchemy.orm import object_session
from werkzeug.wrappers import Response

from flows.access import read_as
from flows.actions import filling, submitting, versions, withholding
from flows.actions.scope import scope_of
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.clock import clock
from flows.events import ENDINGS
from flows.models import Instance, Order, Step, User
from flows.queries import lookups, timeline
from flows.queries import standing as asking
from flows.queries.files import FilesOf, files_of
from flows.rules import answers, timing
from flows.rules.actors import Actor
from flows.rules.errors import BatonError
from flows.rules.expressions import ExpressionProblem, compile_condition
from flows.rules.moves import WITH_ACTOR
from flows.rules.outcomes import completes_by_itself
from flows.words import gettext as _
from portal.forms import text
from portal.pages import step_above, step_conditions, step_pages
from portal.pages.showing import end_of, show
from portal.pages.step_pages import Sheet


@dataclass(frozen=True)
class Place:
    """A step with all that a page about it needs; `rule` is the step as this actor sees it (X20)."""

    instance: Instance
    step: Step
    definition: FlowDefinition
    rule: StepRule
    order: Order | None
    people: Sequence[User] = ()
    """Whom the flow may speak of; kept, so that the session reads none of them twice."""

    @property
    def url(self) -> str:
        return f"/tasks/{self.instance.reference}/steps/{self.step.name}"

    def url_of(self, sheet: Sheet | None) -> str:
        return f"{self.url}/{step_pages.PREFIX}{sheet.name}" if sheet is not None else self.url

    @property
    def done_words(self) -> str:
        """What is said once it is sent; the last step of a flow that ends by itself completes the task (A31)."""
        if self.rule.approval is not None:
            return _("Sent. We review your answers and email you.")
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
    definition = versions.spoken_of(session, instance)
    rule = withholding.rule_for(actor, instance, step, definition.steps[step.name])
    rule = filling.filled(session, actor, instance, definition, rule, clock.now())
    return Place(instance, step, definition, rule, order, people)


def kept_of(actor: Actor, place: Place) -> dict[str, Any]:
    """The answers of earlier attempts under those of the draft: what a page is laid over."""
    step = place.step
    kept = {**(step.answers if step.attempt else {}), **(step.draft or {})}
    return withholding.shown_to(actor, place.instance, step, place.rule, kept)


def takes_answers(instance: Instance, step: Step, now: datetime) -> bool:
    """Whether the customer can answer this step now; the verb asks again when they do."""
    is_open = instance.is_running(now)
    return is_open and step.actor == "customer" and step.state in WITH_ACTOR


def sheets_of(place: Place, values: Mapping[str, Any], now: datetime) -> list[Sheet]:
    """The pages of the step as they are shown with these answers; none for a step without pages."""
    if not place.rule.pages:
        return []
    scope = _scope(place, values, now)
    return step_pages.sheets(place.rule, asked_of(place, values, now), lambda condition: _holds(condition, scope))


def form_page(
    actor: Actor, instance: Instance, step: Step, typed: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None, changed: bool = False, page: str = "",
) -> Response:  # fmt: skip
    """The form, or one page of it; `typed` keeps what was sent, `changed` says that the step moved on meanwhile."""
    place, session, now = place_of(actor, instance, step), read_as(actor), clock.now()
    kept = submitting.values_to_show(session, instance, place.definition, step, now, actor)
    values = dict(typed) if typed is not None else kept
    is_prefilled = typed is None and step.draft is None and not step.attempt
    step_pages.must_exist(place.rule, page)
    shown = sheets_of(place, values, now)
    if shown and typed is None and page not in (one.name for one in shown):
        return redirect(place.url_of(step_pages.to_go_on_with(shown, place.rule, kept_of(actor, place))), 303)
    sheet = _sheet(shown, page, problems or {})
    problems = {name: said for name, said in (problems or {}).items() if sheet is None or _is_on(sheet, name)}
    asked = sheet.fields if sheet is not None else asked_of(place, values, now)
    followed = step_conditions.followed(place.rule, _of_page(place.rule, sheet))
    fields, earlier = place.rule.fields, step_above.earlier(actor, step)
    before = [(fields, one["answers"]) for one in earlier]
    files = files_of(actor, instance, (fields, values), (fields, kept if changed else None), *before)
    return _show(
        "tasks/form.html",
        412 if changed else 422 if problems else 200,
        place,
        names=[name for name in place.rule.fields if name in asked or name in followed],
        followed=followed,
        hidden=followed.keys() - set(asked),
        sheet=sheet,
        where=_("Page %(page)s of %(pages)s", page=shown.index(sheet) + 1, pages=len(shown)) if sheet else "",
        back=_back(place, shown, sheet),
        action=place.url_of(sheet),
        is_last=sheet is None or sheet is shown[-1],
        checks=place.rule.is_checked,
        then=request.values.get("then", ""),
        values=files.dressed(fields, values),
        choices=lookups.choices_of_step(actor, instance, place.definition, step.name, values, now, _searched),
        problems=problems,
        to_check=set(kept) if is_prefilled else set(),
        end=end_of(instance),
        changes=_changes(place, values, kept, files) if changed else None,
        earlier=[{**one, "rows": answer_rows(place.rule, step, one["answers"], files)} for one in earlier],
        **_above(actor, place, shown, typed if changed else None),
    )


def _searched(control: str) -> str | None:
    """What somebody searched for in the choices of a control; None when nobody did."""
    return text(f"{control}-q") or None


def check_page(actor: Actor, instance: Instance, step: Step) -> Response:
    """The answers once more, before they are sent (P7): in clear, as in their form, or nobody could check them."""
    place, now = place_of(actor, instance, step), clock.now()
    values = kept_of(actor, place)
    shown = sheets_of(place, values, now)
    missing = step_pages.unfinished(shown, place.rule, values)
    if step.draft is None or missing is not None:
        return redirect(place.url_of(missing), 303)
    addresses = {name: f"{place.url_of(sheet)}?then=check" for sheet in shown for name in sheet.fields}
    asked = addresses or asked_of(place, values, now)
    files = files_of(actor, instance, (place.rule.fields, values))
    rows = [
        {**row, "url": f"{addresses.get(row['name'], place.url)}#{row['name']}"}
        for row in answer_rows(place.rule, step, values, files, asked, in_clear=True)
    ]
    return _show("tasks/check.html", 200, place, rows=rows, back=place.url_of(shown[-1] if shown else None))


def over_page(
    actor: Actor,
    instance: Instance,
    step: Step,
    error: BatonError | None = None,
    typed: Mapping[str, Any] | None = None,
) -> Response:
    """The step takes no answers (any more): who ended it, when, what was typed, and what can be done now."""
    place = place_of(actor, instance, step)
    fields = place.rule.fields
    files = files_of(actor, instance, (fields, typed), (fields, step.answers))
    history = reversed(timeline.of_instance(actor, instance))
    return _show(
        "tasks/over.html",
        error.status if error else 200,
        place,
        detail=error.detail if error else "",
        ending=next((entry for entry in history if entry.kind in ENDINGS), None),
        typed=answer_rows(place.rule, step, _understood(place, typed, clock.now()), files) if typed else None,
        given=answer_rows(place.rule, step, step.answers, files) if step.attempt else None,
        reviewing=step.state == "pending_approval" and instance.is_open,
    )


def _show(template: str, status: int, place: Place, **words: Any) -> Response:
    known = {"instance": place.instance, "step": place.step, "rule": place.rule, "order": place.order}
    has_files = answers.asks_for_files(place.rule.fields)
    return show(template, status, place=place, has_files=has_files, **known, **words)


def answer_rows(
    rule: StepRule,
    step: Step,
    values: Mapping[str, Any],
    files: FilesOf,
    asked: Collection[str] | None = None,
    in_clear: bool = False,
) -> list[dict[str, Any]]:
    """Questions and answers for `ui.summary_list`: those `asked`, else those that were asked when they were given."""
    conditional, context = rule.conditions_of_pages(), lookups.context_of(step.labels)
    return [
        files.row(name, field, values.get(name), context, in_clear)
        for name, field in rule.fields.items()
        if field.type != "info"
        and (name in asked if asked is not None else name in values or not (field.when or name in conditional))
    ]


def _sheet(shown: list[Sheet], page: str, problems: Mapping[str, str]) -> Sheet | None:
    """The page that was asked for; but where something is wrong on others only, the first of those."""
    if not shown:
        return None
    wrong = [sheet for sheet in shown if any(_is_on(sheet, name) for name in problems)]
    named = next((sheet for sheet in shown if sheet.name == page), shown[0])
    return named if named in wrong or not wrong else wrong[0]


def _of_page(rule: StepRule, sheet: Sheet | None) -> Collection[str]:
    """The questions that may stand on this page, asked or not."""
    if sheet is None:
        return list(rule.fields)
    named = rule.pages[sheet.name].fields if sheet.name in rule.pages else ()
    return [name for name in rule.fields if name in named or name in sheet.fields]


def _is_on(sheet: Sheet, control: str) -> bool:
    """Whether a control (`pets-0-name` of the field `pets`) stands on this page; what has no place stands on all."""
    return not control or control.partition("-")[0] in sheet.fields


def _back(place: Place, shown: list[Sheet], sheet: Sheet | None) -> str:
    earlier = step_pages.before(shown, sheet.name) if sheet is not None else None
    return place.url_of(earlier) if earlier is not None else f"/tasks/{place.instance.reference}"


def _above(actor: Actor, place: Place, shown: list[Sheet], typed: Mapping[str, Any] | None) -> dict[str, Any]:
    """Remarks, and questions that are new."""
    remarks = step_above.changes_asked(place.instance, place.rule, place.step)
    added = step_above.added_since(actor, place.instance, place.step, typed)
    addresses = {name: place.url_of(sheet) for sheet in shown for name in sheet.fields}
    rule = place.rule
    return {
        "remarks": remarks,
        "to_change": step_above.links_to(remarks["fields"], rule, addresses) if remarks else [],
        "added": added,
        "new": step_above.links_to([name for name in added if name in rule.fields], rule, addresses),
    }


def _changes(place: Place, typed: Mapping[str, Any], kept: Mapping[str, Any], files: FilesOf) -> list[dict[str, Any]]:
    """Where what is kept now differs from what was typed."""
    asked, typed = list(place.rule.fields), _understood(place, typed, clock.now())
    mine, theirs = (answer_rows(place.rule, place.step, values, files, asked) for values in (typed, kept))
    pairs = zip(mine, theirs, strict=True)
    return [{**other, "mine": own["value"]} for own, other in pairs if own["value"] != other["value"]]


def asked_of(place: Place, values: Mapping[str, Any], now: datetime) -> list[str]:
    """The questions that are asked with these answers; one that hangs on an answer not yet given stays."""
    fields = place.rule.fields
    if not any(field.when for field in fields.values()):
        return list(fields)
    scope = _scope(place, values, now)
    return [name for name, field in fields.items() if not field.when or _holds(field.when, scope) is not False]


def _scope(place: Place, values: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    session = object_session(place.instance)
    if session is None:
        return {"data": values}
    scope = scope_of(session, place.instance, place.definition, now, submitting.names_in_conditions(place.rule))
    return {**scope, "data": {**scope.get("data", {}), **_understood(place, values, now)}}


def _understood(place: Place, values: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What was typed as the answers that it means, as far as it means any: "Yes" and not "true"."""
    zone = place.instance.time_zone
    context = answers.AnswerContext(today=timing.local_date(now, zone), zone=zone)
    return answers.understood(place.rule.fields, values, context)


def _holds(condition: str, scope: Mapping[str, Any]) -> bool | None:
    """None while what it looks at is unknown, or typed wrong."""
    try:
        return compile_condition(condition).holds(scope)
    except ExpressionProblem:
        return None
