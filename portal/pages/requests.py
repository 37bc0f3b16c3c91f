"""What a customer may ask for: the catalogue, and the page that says what it takes and starts it (P11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, g, redirect, request
from werkzeug.wrappers import Response

from flows.access import read_as
from flows.actions import beginning, planning
from flows.actions.receiving import take_form
from flows.catalogue import FlowDefinition, LoadedFlow
from flows.clock import clock
from flows.lookups import Place
from flows.models import Organisation
from flows.queries import lookups, startable
from flows.queries.files import files_of
from flows.rules import answers
from flows.rules.errors import Invalid
from flows.rules.expressions import ExpressionProblem, compile_condition
from flows.rules.private import fields_at_start
from flows.rules.words import span_in_words
from flows.words import gettext as _
from flows.work import Work, unit_of_work
from portal.forms import once, text
from portal.may import may
from portal.pages.showing import show
from portal.wording import flow_of

pages = Blueprint("requests", __name__)

FOR = "_for"
"""The field that says for which organisation; no question of a flow can have such a name."""


@pages.get("/requests")
@may("customer")
def catalogue() -> Response:
    search = request.args.get("q", "").strip()
    found = [flow_of(loaded) for loaded in startable.requestable(g.actor, search)]
    found.sort(key=lambda flow: (_group(flow), flow.title.casefold()))
    groups = [(words, [*flows]) for words, flows in groupby(found, key=_group)]
    return show("requests/list.html", groups=groups, search=search)


@pages.get("/requests/<name>")
@may("customer")
def start_page(name: str) -> Response:
    return _page(startable.startable(g.actor, name, "customer"))


@pages.post("/requests/<name>")
@may("customer", takes_files=True)
def start(name: str) -> Response:
    """[[Start now]]: one request, however often the button is pressed; the form's own buttons only show it again."""
    loaded = startable.startable(g.actor, name, "customer")
    fields = fields_at_start(g.actor, loaded.definition.start.fields)
    form = take_form(g.actor, fields, request.form, request.files)
    changed = answers.pressed(fields, form)
    typed = changed or answers.from_form(fields, form)
    if changed is not None or form.refused or text("_action") == "find":
        return _page(loaded, typed, form.refused)
    try:
        with unit_of_work(g.actor) as work:
            location = once(work, lambda: _start(work, name, typed))
    except Invalid as invalid:
        if invalid.code == "idempotency-mismatch":
            return redirect("/tasks", 303)
        return _page(loaded, typed, _by_question(invalid))
    flash(_("We have your request. This is its page; we keep you posted."))
    return redirect(location, 303)


def _start(work: Work, name: str, typed: Mapping[str, Any]) -> str:
    instance = beginning.start_by_customer(work, name, text(FOR), typed)
    work.session.flush()
    return f"/tasks/{instance.reference}"


def _page(
    loaded: LoadedFlow, typed: Mapping[str, Any] | None = None, problems: Mapping[str, str] | None = None
) -> Response:
    flow, mine = flow_of(loaded), startable.for_whom(g.actor)
    chosen = text(FOR) or (mine[0].uid if len(mine) == 1 else "")
    now, zone = clock.now(), _zone(mine)
    fields = _asked(flow, typed or {})
    values = typed if typed is not None else answers.prefill(fields, {"now": now.isoformat()})
    return show(
        "requests/start.html",
        422 if problems else 200,
        flow=flow,
        takes=_what_it_takes(flow, now, zone),
        open_ones=startable.open_ones(g.actor, flow.flow),
        fields=fields,
        has_files=answers.asks_for_files(fields),
        values=files_of(g.actor, None, (fields, values)).dressed(fields, values),
        choices=lookups.choices(read_as(g.actor), Place(now, zone), fields, values, {}, _searched),
        problems=problems or {},
        organisations=[(one.uid, one.name) for one in mine],
        chosen=chosen,
        for_field=FOR,
    )


@dataclass(frozen=True)
class Takes:
    """What somebody should know before they start."""

    asked_now: int
    steps_for_you: int
    steps_for_us: int
    is_reviewed: bool
    pays: bool
    span: str
    due_at: datetime | None


def _what_it_takes(flow: FlowDefinition, now: datetime, zone: str) -> Takes:
    steps = list(flow.steps.values())
    return Takes(
        asked_now=sum(field.type != "info" for field in fields_at_start(g.actor, flow.start.fields).values()),
        steps_for_you=sum(step.actor == "customer" for step in steps),
        steps_for_us=sum(step.actor == "staff" for step in steps),
        is_reviewed=any(step.approval for step in steps if step.actor == "customer"),
        pays=any(step.payment for step in steps if step.actor == "customer"),
        span=span_in_words(flow.deadline.after) if flow.deadline else "",
        due_at=planning.moment_of(flow.deadline, now, zone),
    )


def _zone(mine: Sequence[Organisation]) -> str:
    """Where the customer is; somebody who acts for several chooses later for which."""
    zone: str = mine[0].time_zone if len(mine) == 1 else g.actor.time_zone
    return zone


def _searched(control: str) -> str | None:
    """What somebody searched for in the choices of a control; None when nobody did."""
    return text(f"{control}-q") or None


def _group(flow: FlowDefinition) -> str:
    return flow.type or _("Other requests")


def _by_question(invalid: Invalid) -> dict[str, str]:
    """Form field -> words; the verb names the part of the request, the form only the question."""
    found = {name.removeprefix("fields-"): words for name, words in invalid.by_field().items()}
    return {FOR if name == "organisation" else name: words for name, words in found.items()}


def _asked(flow: FlowDefinition, typed: Mapping[str, Any]) -> dict[str, Any]:
    """The questions that are asked first, without those that are known not to be; unknown is asked."""
    mine = fields_at_start(g.actor, flow.start.fields)
    return {name: field for name, field in mine.items() if not field.when or _may_hold(field.when, typed)}


def _may_hold(condition: str, typed: Mapping[str, Any]) -> bool:
    try:
        return compile_condition(condition).holds({"data": dict(typed)}) is not False
    except ExpressionProblem:
        return True
