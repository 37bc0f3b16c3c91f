"""A new case or task by staff: what its flow asks, for a customer or for the house, or as a task on a case (B7, A6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from admin.asking import go_on, once
from admin.case_filters import PRIORITY_WORDS
from admin.guard import StaffView
from admin.showing import show
from flows import access
from flows.access import clean, read_as
from flows.actions import beginning, versions
from flows.actions.beginning import Wish
from flows.actions.receiving import take_form
from flows.catalogue import LoadedFlow
from flows.clock import clock
from flows.lookups import Place
from flows.models import Instance, Organisation
from flows.queries import colleagues, lookups, startable
from flows.queries.files import files_of
from flows.rules import answers
from flows.rules.errors import Invalid, OutOfStep
from flows.rules.private import fields_at_start
from flows.words import gettext as _
from flows.work import Work, unit_of_work

MOST_FOUND = 20


def page(view: StaffView) -> Response:
    """GET shows the form of the chosen flow; POST searches a customer, or begins it once."""
    loaded = _chosen()
    if loaded is None:
        offered = _offered()
        return show(view, "new_case.html", flows=offered, loaded=None, problems={}, form=request.values)
    if request.method == "GET":
        return _form(view, loaded, {})
    fields = fields_at_start(g.actor, loaded.definition.start.fields)
    form = take_form(g.actor, fields, request.form, request.files)
    changed = answers.pressed(fields, form)
    typed = changed or answers.from_form(fields, form)
    if changed is not None or form.refused or request.form.get("_action") in ("find", "customer"):
        return _form(view, loaded, typed, form.refused)
    try:
        with unit_of_work(g.actor) as work:
            then = once(work, lambda: _begin(work, loaded, typed))
    except Invalid as wrong:
        problems = {name.removeprefix("fields-"): words for name, words in wrong.by_field().items()}
        return _form(view, loaded, typed, problems)
    except OutOfStep as late:
        return _form(view, loaded, typed, {"": late.detail}, late.status)
    return go_on(then, _("%(title)s was created.", title=loaded.definition.title))


def _offered() -> list[LoadedFlow]:
    return [versions.flow_shown(one) for one in startable.by_hand(g.actor)]


def _chosen() -> LoadedFlow | None:
    wanted, offered = request.values.get("flow", ""), _offered()
    if not wanted and len(offered) == 1:
        return offered[0]
    return next((one for one in offered if one.definition.flow == wanted), None)


def _begin(work: Work, loaded: LoadedFlow, typed: Mapping[str, Any]) -> str:
    form = request.form
    wish = Wish(
        assignee=clean(form.get("assignee", "")),
        fields=typed,
        parent=clean(form.get("parent", "")),
        is_internal=form.get("internal") == "1",
        priority=form.get("priority", "normal"),
    )
    made = beginning.start_by_staff(work, loaded.definition.flow, clean(form.get("customer", "")), wish)
    work.session.flush()
    return made.staff_page


def _form(
    view: StaffView,
    loaded: LoadedFlow,
    values: Mapping[str, Any],
    problems: Mapping[str, str] | None = None,
    status: int = 422,
) -> Response:
    """The form with what was typed, and with what is wrong when something is (`status` counts then)."""
    start, actor = loaded.definition.start, g.actor
    asked = fields_at_start(actor, start.fields)
    parent = request.values.get("parent", "")
    return show(
        view,
        "new_case.html",
        status if problems else 200,
        flows=_offered(),
        loaded=loaded,
        fields=asked,
        has_files=answers.asks_for_files(asked),
        values=files_of(actor, None, (asked, values)).dressed(asked, values),
        choices=lookups.choices(
            read_as(actor), Place(clock.now(), actor.time_zone, names_emails=True), asked, values, {}, _searched
        ),
        customers=_customers(),
        needs_customer=start.customer and not parent,
        parent=_parent(parent),
        assignees={one.user.uid: one.user.name for one in colleagues.colleagues(actor, clock.now())},
        priorities=PRIORITY_WORDS,
        problems=problems or {},
        form=request.values,
    )


def _parent(reference: str) -> Instance | None:
    return access.instance_to_read(g.actor, reference) if reference else None


def _customers() -> list[Organisation]:
    """What fits the words that were searched for; the one that is chosen stays among them."""
    query, chosen = clean(request.values.get("customer-q", "")).strip(), clean(request.values.get("customer", ""))
    visible = access.visible_organisations(g.actor)
    found: list[Organisation] = []
    if query:
        named = Organisation.name.icontains(query[:100], autoescape=True)
        found = list(read_as(g.actor).scalars(visible.where(named).limit(MOST_FOUND)))
    if chosen and all(one.uid != chosen for one in found):
        found += read_as(g.actor).scalars(visible.where(Organisation.uid == chosen))
    return found


def _searched(control: str) -> str | None:
    return clean(request.form.get(f"{control}-q", "")).strip() or None
