"""Cases of a customer: the list, a new one, one with its tasks and comments, what a client may set (P12, B3, B4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, g, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from flows import access
from flows.access import read_as
from flows.actions import acting, beginning, commenting, versions
from flows.actions.scope import for_actions
from flows.catalogue import FlowDefinition, LoadedFlow
from flows.clock import clock
from flows.lookups import Place
from flows.models import Instance
from flows.queries import allowed, boxes, lookups, orders, startable, timeline
from flows.rules import answers, stages
from flows.rules.errors import BatonError, Invalid, OutOfStep, Refused, Stale
from flows.rules.private import fields_at_start
from flows.work import Work, unit_of_work
from portal.forms import once, text
from portal.may import may
from portal.pages.showing import Tag, address, show
from portal.pages.task_page import history_rows

pages = Blueprint("cases", __name__, url_prefix="/cases")

TONES = {"todo": "info", "doing": "info", "done": "ok", "cancelled": "plain"}


@pages.get("")
@may("customer")
def listed() -> Response:
    now, args = clock.now(), request.args
    query = {"q": args.get("q", ""), "show": args.get("show", "")}
    filters = boxes.Filters(search=query["q"], open=query["show"] != "all")
    page = boxes.cases(g.actor, now, filters, args.get("cursor"))
    return show(
        "cases/list.html",
        rows=[_row(one) for one in page.rows],
        query=query,
        address=address,
        cursor=args.get("cursor"),
        next_cursor=page.next_cursor,
        may_start=bool(startable.by_hand(g.actor)),
    )


@pages.get("/new")
@may("customer")
def new() -> Response:
    return _form(_chosen())


@pages.post("/new")
@may("customer")
def create() -> Response:
    loaded = _chosen()
    if loaded is None or text("_action") == "find":
        return _form(loaded)
    given = answers.from_form(fields_at_start(g.actor, loaded.definition.start.fields), request.form)

    def act() -> str:
        made = beginning.start_by_customer(work, loaded.definition.flow, text("organisation"), given)
        work.session.flush()
        return f"/cases/{made.reference}"

    try:
        with unit_of_work(g.actor) as work:
            location = once(work, act)
    except (Invalid, OutOfStep) as error:
        return _form(loaded, error)
    flash(_("Sent. We have your request."))
    return redirect(location, 303)


@pages.get("/<ref>")
@may("signed_in")
def one(ref: str) -> Response:
    """Links in mails are the same for everybody; staff have a page of their own."""
    if g.actor.is_staff:
        instance = access.instance_to_read(g.actor, ref)
        return redirect(f"/admin/{'cases' if instance.prefix == 'CA' else 'board'}/{instance.reference}", 303)
    return _page(_found(ref))


@pages.post("/<ref>/comment")
@may("customer")
def comment(ref: str) -> Response:
    words = text("text")

    def act() -> str:
        commenting.comment(work, _locked(work, ref), words)
        return f"/cases/{ref}#comments"

    try:
        with unit_of_work(g.actor) as work:
            location = once(work, act)
    except Invalid as wrong:
        return _page(_found(ref), wrong, words)
    return redirect(location, 303)


@pages.get("/<ref>/act/<name>")
@may("customer")
def ask(ref: str, name: str) -> Response:
    return _ask(_found(ref), name)


@pages.post("/<ref>/act/<name>")
@may("customer")
def take(ref: str, name: str) -> Response:
    asked = _asked(ref, name)

    def act() -> str:
        acting.act(work, _locked(work, ref), name, comment=text("comment"), asked=asked, version=_version())
        return f"/cases/{ref}"

    try:
        with unit_of_work(g.actor) as work:
            location = once(work, act)
    except (Invalid, OutOfStep, Stale) as error:
        return _ask(_found(ref), name, error)
    if "X-Fragment" in request.headers:
        return Response(status=204)
    flash(_("Done."))
    return redirect(location, 303)


def _page(instance: Instance, error: Invalid | None = None, typed: str = "") -> Response:
    definition, now = versions.definition_of(read_as(g.actor), instance), clock.now()
    history = [
        entry for entry in timeline.of_instance(g.actor, instance) if entry.kind not in timeline.SAID_BY_THE_MOVE
    ]
    may = allowed.of_case(g.actor, instance, definition, for_actions(read_as(g.actor), instance, definition, now))
    return show(
        "cases/case.html",
        error.status if error else 200,
        **_row(instance),
        instance=instance,
        definition=definition,
        actions={name: stages.action_label(definition, name) for name in definition.actions if f"act.{name}" in may},
        answers=lookups.asked_at_start(g.actor, instance, definition, now),
        children=[_row(child) for child in boxes.children(g.actor, instance)],
        history=history_rows(history),
        problems=error.by_field() if error else {},
        typed=typed,
    )


def _ask(instance: Instance, name: str, error: BatonError | None = None) -> Response:
    definition = versions.definition_of(read_as(g.actor), instance)
    rule = definition.actions.get(name)
    if rule is None or stages.not_for(rule, g.actor, instance.standing) is not None:
        raise Refused(_("There is no such action here"))
    problems: Mapping[str, str] = {"": error.detail} if error is not None else {}
    if isinstance(error, Invalid):
        problems = {key.removeprefix("fields-"): words for key, words in error.by_field().items()}
    return show(
        "cases/act.html",
        error.status if error else 200,
        **_row(instance),
        name=name,
        label=stages.action_label(definition, name),
        rule=rule,
        values=answers.from_form(rule.fields, request.form),
        comment=text("comment"),
        problems=problems,
        seen=instance.version,
    )


def _form(loaded: LoadedFlow | None, error: BatonError | None = None) -> Response:
    offered = startable.by_hand(g.actor)
    problems: Mapping[str, str] = {"": error.detail} if error is not None else {}
    if isinstance(error, Invalid):
        problems = {key.removeprefix("fields-"): words for key, words in error.by_field().items()}
    fields = fields_at_start(g.actor, loaded.definition.start.fields) if loaded is not None else {}
    values = answers.from_form(fields, request.form)
    place = Place(clock.now(), g.actor.time_zone)
    return show(
        "cases/new.html",
        error.status if error else 200,
        offered=offered,
        loaded=loaded,
        fields={name: field for name, field in fields.items() if field.type != "file"},
        values=values,
        choices=lookups.choices(read_as(g.actor), place, fields, values, {}, lambda name: text(f"{name}-q") or None),
        mine=[(one.uid, one.name) for one in orders.customers(g.actor)],
        chosen=text("organisation"),
        problems=problems,
    )


def _row(instance: Instance) -> dict[str, Any]:
    """A case or task with its stage in the words for customers."""
    definition: FlowDefinition = versions.definition_of(read_as(g.actor), instance)
    state = instance.state or ""
    words = stages.state_label(definition, state, for_customer=True)
    return {
        "task": instance,
        "tag": Tag(words, TONES[definition.states[state].is_]),
        "your_turn": instance.waiting_on == "customer",
    }


def _chosen() -> LoadedFlow | None:
    wanted, offered = request.values.get("flow", ""), startable.by_hand(g.actor)
    if not wanted and len(offered) == 1:
        return offered[0]
    return next((one for one in offered if one.definition.flow == wanted), None)


def _found(ref: str) -> Instance:
    instance = access.instance_to_read(g.actor, ref)
    if instance.state is None:
        raise Refused(_("No such case"))
    return instance


def _locked(work: Work, ref: str) -> Instance:
    instance = access.instance_to_change(work, ref)
    if instance.state is None:
        raise Refused(_("No such case"))
    return instance


def _asked(ref: str, name: str) -> dict[str, Any]:
    definition = versions.definition_of(read_as(g.actor), _found(ref))
    rule = definition.actions.get(name)
    return answers.from_form(rule.fields, request.form) if rule is not None else {}


def _version() -> int | None:
    """The version of the case that the page was made from."""
    given = text("version")
    if given and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid(_("This page is damaged. Open it again"), "/version", "malformed")
    return int(given) if given else None
