"""New task instance (A3): a flow, a tenant, what the flow wants to know, amounts, assignee; or a tenant who is invited.

One form, sent to itself: with "search" or "flow" the server shows it again with what follows from the choice, with
"create" one verb is called. Whatever is wrong is said at once, and nothing that was typed is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from flask import flash, g, redirect, request
from werkzeug.wrappers import Response

from admin.asking import once
from admin.assigning import colleague_options
from admin.clocks import moment_typed
from admin.flow_facts import FlowFacts, facts_of
from admin.guard import StaffView
from admin.showing import address, show
from flows import catalogue
from flows.access import clean, read_as
from flows.actions import beginning, onboarding, versions
from flows.actions.beginning import Wish
from flows.actions.receiving import take_form
from flows.catalogue import LoadedFlow
from flows.catalogue.overlay import field_of
from flows.catalogue.ways import Way
from flows.clock import clock
from flows.lookups import Place
from flows.models import Instance
from flows.queries import lookups, startable, tenants
from flows.queries.files import files_of
from flows.queries.tenants import Tenant
from flows.rules import answers, timing
from flows.rules.errors import Invalid, OutOfStep, Problem
from flows.rules.private import fields_at_start
from flows.rules.words import SYMBOLS
from flows.words import gettext as _
from flows.work import Work, unit_of_work

Part = Literal["inputs", "fields"]
PARTS: tuple[Part, ...] = ("inputs", "fields")
PERSON = ("name", "email", "address", "time_zone")
OPEN_ALREADY = "open-already"
"""Not wrong, but worth a second look: the tenant has an open one of this flow that the page did not show yet."""
LINES = ("flow", "q", "customer", "assignee", "message", "due_at", "warned", *PERSON)


@dataclass
class Sheet:
    """What stands in the form: the chosen flow, its parts as they were typed, and what was found.

    `given` are the answers to its questions by the names of their controls; `changed`: a button of a list or of a file
    was pressed; `refused`: control -> why a file was not taken.
    """

    way: Way
    loaded: LoadedFlow | None
    typed: dict[str, str]
    given: Mapping[str, Any] = field(default_factory=dict)
    changed: bool = False
    refused: Mapping[str, str] = field(default_factory=dict)
    amounts: Mapping[str, str] = field(default_factory=dict)
    found: list[Tenant] = field(default_factory=list)
    chosen: Tenant | None = None

    @property
    def facts(self) -> FlowFacts | None:
        zone = self.chosen.time_zone if self.chosen is not None else g.actor.time_zone
        return facts_of(self.loaded.definition, clock.now(), zone) if self.loaded is not None else None

    def asked(self, part: Part) -> dict[str, Any]:
        """What this member of staff is asked for at the start (X20); no file would wait for an invited tenant."""
        if self.loaded is None:
            return {}
        asked = fields_at_start(g.actor, getattr(self.loaded.definition.start, part))
        return asked if self.way == "staff" else {name: one for name, one in asked.items() if one.type != "file"}

    @cached_property
    def questions(self) -> dict[str, Any]:
        """All of that by the names of the controls: `fields-plan`."""
        return {f"{part}-{name}": one for part in PARTS for name, one in self.asked(part).items()}

    def answers_to(self, part: Part) -> dict[str, Any]:
        """The answers by the names of the questions."""
        return {name: self.given[f"{part}-{name}"] for name in self.asked(part) if f"{part}-{name}" in self.given}

    @property
    def open(self) -> tuple[str, ...]:
        """References of what is open of this flow for the chosen tenant already."""
        return self.chosen.open if self.chosen is not None else ()


def new(view: StaffView, way: Way) -> Response:
    """The form; or what its button asks for."""
    sheet = _sheet(way)
    wanted = request.form.get("do", "")
    if request.method != "POST" or wanted not in ("create", "open") or sheet.changed or sheet.refused:
        return _page(view, sheet, sheet.refused, 422 if sheet.refused else 200)
    try:
        with unit_of_work(g.actor) as work:
            then = once(work, lambda: _create(work, view, sheet, wanted == "open"))
    except Invalid as invalid:
        return _page(view, sheet, invalid.by_field(), invalid.status)
    except OutOfStep as late:
        return _page(view, sheet, {"customer" if late.code == OPEN_ALREADY else "flow": late.detail}, late.status)
    flash(_done(view, way, then), "ok")
    return redirect(then, 303)


def flows_to_start(way: Way) -> dict[str, LoadedFlow]:
    """The active flows that may be started in this way, by name and in the order of their titles (C24)."""
    return {loaded.definition.flow: versions.flow_shown(loaded) for loaded in startable.guided(g.actor, way)}


def _sheet(way: Way) -> Sheet:
    """What was sent, or what the address says (`?flow=&customer=`, from the page of a flow or customer)."""
    sent = request.form if request.method == "POST" else request.args
    typed = {name: clean(sent.get(name, "")) for name in LINES}
    served = catalogue.current().flows.get(typed["flow"])
    loaded = versions.flow_shown(served) if served is not None else None
    sheet = Sheet(way, loaded, typed)
    if loaded is not None:
        if request.method == "POST" and request.form.get("shown") == typed["flow"]:
            _read_answers(sheet)
        else:
            sheet.given = answers.prefill(sheet.questions, {}, timing.local_date(clock.now(), g.actor.time_zone))
        asked = beginning.amounts_asked(loaded)
        sheet.amounts = {name: clean(request.form.get(f"amounts-{name}", "")) for name in asked}
    if way == "staff":
        sheet.found = tenants.found(g.actor, typed["q"], typed["flow"], clock.now())
        known = next((one for one in sheet.found if one.uid == typed["customer"]), None)
        sheet.chosen = known or (
            tenants.one(g.actor, typed["customer"], typed["flow"], clock.now()) if typed["customer"] else None
        )
    return sheet


def _read_answers(sheet: Sheet) -> None:
    form = take_form(g.actor, sheet.questions, request.form, request.files)
    changed = answers.pressed(sheet.questions, form)
    sheet.given = changed or answers.from_form(sheet.questions, form)
    sheet.changed, sheet.refused = changed is not None, form.refused


def _create(work: Work, view: StaffView, sheet: Sheet, opened: bool) -> str:
    """Everything that is wrong, whoever finds it, in one Invalid; nothing is created then."""
    unseen = set(sheet.open) - set(sheet.typed["warned"].split())
    if unseen and sheet.chosen is not None and sheet.way == "staff":
        again = _("%(name)s has an open one already. Create another one all the same?", name=sheet.chosen.name)
        raise OutOfStep(again, OPEN_ALREADY)
    problems: list[Problem] = []
    wish = _wish(sheet, problems)
    try:
        created = _begin(work, sheet, wish)
    except Invalid as invalid:
        raise Invalid([*problems, *invalid.problems]) from None
    if problems:
        raise Invalid(problems)
    work.session.flush()
    if isinstance(created, Instance):
        return f"{view.path()}/{created.reference}" if opened else f"{view.path()}/#row-{created.reference}"
    return f"{view.path()}/"


def _begin(work: Work, sheet: Sheet, wish: Wish) -> object:
    if sheet.way == "staff":
        return beginning.start_by_staff(work, sheet.typed["flow"], sheet.typed["customer"], wish)
    given = {name: sheet.typed[name] for name in PERSON}
    return onboarding.invite_tenant(work, given, sheet.typed["flow"], wish)


def _wish(sheet: Sheet, problems: list[Problem]) -> Wish:
    due_at: datetime | None = None
    zone = ZoneInfo(sheet.chosen.time_zone if sheet.chosen is not None else g.actor.time_zone)
    if sheet.way == "staff" and sheet.typed["due_at"].strip():
        try:
            due_at = moment_typed(sheet.typed["due_at"], zone, "/due_at")
        except Invalid as invalid:
            problems += invalid.problems
    return Wish(
        assignee=sheet.typed["assignee"],
        inputs=sheet.answers_to("inputs"),
        fields=sheet.answers_to("fields"),
        amounts=_minor(sheet, problems),
        due_at=due_at,
        message=sheet.typed["message"],
    )


def _minor(sheet: Sheet, problems: list[Problem]) -> dict[str, int | None]:
    """The amounts as they were typed (1,200.50) in minor units; an empty one is left to the verb to ask for."""
    if sheet.loaded is None:
        return {}
    steps = sheet.loaded.definition.steps
    money = {name: field_of({"type": "money", "label": steps[name].title}) for name in sheet.amounts}
    today = timing.local_date(clock.now(), g.actor.time_zone)
    checked = answers.check(money, sheet.amounts, answers.AnswerContext(today))
    problems += [Problem(f"/amounts{one.pointer}", one.code, one.detail) for one in checked.problems]
    return {name: checked.values.get(name) for name in money}


def _page(view: StaffView, sheet: Sheet, problems: Mapping[str, str] | None = None, status: int = 200) -> Response:
    startable = flows_to_start(sheet.way)
    if sheet.loaded is not None and sheet.typed["flow"] not in startable:
        problems = {
            "flow": _("%(title)s cannot be started here", title=sheet.loaded.definition.title),
            **(problems or {}),
        }
    steps = sheet.loaded.definition.steps if sheet.loaded is not None else {}
    asked = beginning.amounts_asked(sheet.loaded) if sheet.loaded is not None else {}
    return show(
        view,
        "instance/new.html",
        status,
        sheet=sheet,
        typed=sheet.typed,
        facts=sheet.facts,
        questions=sheet.questions,
        given=files_of(g.actor, None, (sheet.questions, sheet.given)).dressed(sheet.questions, sheet.given),
        flows={name: loaded.definition.title for name, loaded in startable.items()},
        amounts={
            name: {
                "type": "money",
                "label": steps[name].title,
                "required": True,
                "symbol": SYMBOLS.get(currency, currency),
                "hint": _("In %(currency)s. From 0 to 1,000,000; 0 skips the step", currency=currency),
            }
            for name, currency in asked.items()
        },
        choices=_choices(sheet),
        colleagues=colleague_options(),
        zones={zone: zone for zone in sorted(available_timezones())} if sheet.way == "onboarding" else {},
        problems=problems or {},
        other=address(f"{view.path()}/{'invite' if sheet.way == 'staff' else 'new'}", flow=sheet.typed["flow"]),
    )


def _choices(sheet: Sheet) -> dict[str, lookups.Choices]:
    """What there is to choose from in the questions of the flow, by the names of their controls."""
    if sheet.loaded is None:
        return {}
    zone = sheet.chosen.time_zone if sheet.chosen is not None else g.actor.time_zone
    place, session = Place(clock.now(), zone), read_as(g.actor)
    found: dict[str, lookups.Choices] = {}
    for part in PARTS:  # apart, because a question may look at an answer beside it by its own name
        own = lookups.choices(session, place, sheet.asked(part), sheet.answers_to(part), {}, _searched_in(part))
        found |= {f"{part}-{control}": choices for control, choices in own.items()}
    return found


def _searched_in(part: Part) -> Callable[[str], str | None]:
    """What somebody searched for in the choices of a control; None when nobody did."""
    return lambda control: clean(request.form.get(f"{part}-{control}-q", "")).strip() or None


def _done(view: StaffView, way: Way, then: str) -> str:
    reference = then.removeprefix(f"{view.path()}/").removeprefix("#row-")
    if not reference:
        return _("The invitation is on its way. The request begins when it is accepted.")
    if way == "onboarding":
        return _(
            "%(reference)s was created. They had an account already, so no invitation was needed.", reference=reference
        )
    return _("%(reference)s was created.", reference=reference)
