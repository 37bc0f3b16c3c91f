"""Cases of a customer: the list, a new one, one with its tasks and comments, what a client may set (P12, B3, B4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, request
from werkzeug.wrappers import Response

from flows import access
from flows.access import read_as
from flows.actions import acting, beginning, commenting, versions
from flows.actions.attaching import ATTACHED
from flows.actions.receiving import take_attachments, take_form
from flows.actions.scope import for_actions
from flows.catalogue import LoadedFlow
from flows.catalogue.schema import Action
from flows.clock import clock
from flows.lookups import Place, place_of
from flows.models import Instance
from flows.queries import allowed, boxes, files, lookups, orders, startable, timeline
from flows.rules import answers, stages
from flows.rules.errors import BatonError, Invalid, OutOfStep, Refused, Stale
from flows.rules.private import fields_at_start
from flows.words import gettext as _
from flows.work import Work, unit_of_work
from portal.forms import once, text
from portal.may import may
from portal.pages.family import below, stage_tag
from portal.pages.showing import address, show
from portal.pages.task_page import history_rows
from portal.wording import flow_of

pages = Blueprint("cases", __name__, url_prefix="/cases")


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
@may("customer", takes_files=True)
def create() -> Response:
    loaded = _chosen()
    if loaded is None:
        return _form(None)
    fields = fields_at_start(g.actor, loaded.definition.start.fields)
    form = take_form(g.actor, fields, request.form, request.files)
    changed = answers.pressed(fields, form)
    given = changed or answers.from_form(fields, form)
    if changed is not None or form.refused or text("_action") == "find":
        return _form(loaded, given, form.refused)

    def act() -> str:
        made = beginning.start_by_customer(work, loaded.definition.flow, text("organisation"), given)
        work.session.flush()
        return f"/cases/{made.reference}"

    try:
        with unit_of_work(g.actor) as work:
            location = once(work, act)
    except (Invalid, OutOfStep) as error:
        return _form(loaded, given, _by_question(error), error.status)
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
@may("customer", takes_files=True)
def comment(ref: str) -> Response:
    """Words, files or both; the files first, so that they are kept when something is wrong."""
    _found(ref)
    chosen, refused, is_unfinished = take_attachments(g.actor, request.form, request.files)
    if is_unfinished:
        return _page(_found(ref), refused, chosen)

    def act() -> str:
        commenting.comment(work, _locked(work, ref), text("text"), upload_ids=chosen)
        return f"/cases/{ref}#comments"

    try:
        with unit_of_work(g.actor) as work:
            location = once(work, act)
    except Invalid as wrong:
        return _page(_found(ref), wrong.by_field(), chosen)
    return redirect(location, 303)


@pages.get("/<ref>/act/<name>")
@may("customer")
def ask(ref: str, name: str) -> Response:
    instance, rule = _rule(ref, name)
    return _ask(instance, name, rule, {})


@pages.post("/<ref>/act/<name>")
@may("customer")
def take(ref: str, name: str) -> Response:
    instance, rule = _rule(ref, name)
    changed = answers.pressed(rule.fields, request.form)
    asked = changed or answers.from_form(rule.fields, request.form)
    if changed is not None or text("_action") == "find":
        return _ask(instance, name, rule, asked)

    def act() -> str:
        acting.act(work, _locked(work, ref), name, comment=text("comment"), asked=asked, version=_version())
        return f"/cases/{ref}"

    try:
        with unit_of_work(g.actor) as work:
            location = once(work, act)
    except (Invalid, OutOfStep, Stale) as error:
        return _ask(_found(ref), name, rule, asked, error)
    if "X-Fragment" in request.headers:
        return Response(status=204)
    flash(_("Done."))
    return redirect(location, 303)


def _page(instance: Instance, problems: Mapping[str, str] | None = None, chosen: Sequence[str] = ()) -> Response:
    """The case; `chosen` are files of a comment that is not sent yet."""
    definition, now = versions.spoken_of(read_as(g.actor), instance), clock.now()
    history = [
        entry for entry in timeline.of_instance(g.actor, instance) if entry.kind not in timeline.SAID_BY_THE_MOVE
    ]
    sent = files.of_case(g.actor, instance, definition, history)
    may = allowed.of_case(g.actor, instance, definition, for_actions(read_as(g.actor), instance, definition, now))
    return show(
        "cases/case.html",
        422 if problems else 200,
        **_row(instance),
        instance=instance,
        definition=definition,
        actions={name: stages.action_label(definition, name) for name in definition.actions if f"act.{name}" in may},
        answers=lookups.asked_at_start(g.actor, instance, definition, now, files.at_hand(sent)),
        attachments=sent,
        attached=ATTACHED["upload_ids"],
        chosen=files.unsent(g.actor, chosen),
        children=below(g.actor, instance, definition, now),
        parent=access.parent_of(g.actor, instance),
        history=history_rows(history, sent),
        problems=problems or {},
        typed=text("text"),
    )


def _rule(ref: str, name: str) -> tuple[Instance, Action]:
    """A case, and an action of its flow that is for customers at all."""
    instance = _found(ref)
    rule = versions.spoken_of(read_as(g.actor), instance).actions.get(name)
    if rule is None or stages.not_for(rule, g.actor, instance.standing) is not None:
        raise Refused(_("There is no such action here"))
    return instance, rule


def _ask(
    instance: Instance, name: str, rule: Action, values: Mapping[str, Any], error: BatonError | None = None
) -> Response:
    definition = versions.spoken_of(read_as(g.actor), instance)
    place = place_of(instance, definition, clock.now())
    return show(
        "cases/act.html",
        error.status if error else 200,
        **_row(instance),
        name=name,
        label=stages.action_label(definition, name),
        rule=rule,
        values=values,
        choices=lookups.choices(read_as(g.actor), place, rule.fields, values, {}, _searched),
        comment=text("comment"),
        problems=_by_question(error) if error is not None else {},
        seen=instance.version,
    )


def _form(
    loaded: LoadedFlow | None,
    values: Mapping[str, Any] | None = None,
    problems: Mapping[str, str] | None = None,
    status: int = 422,
) -> Response:
    """The form with what was typed, and with what is wrong when something is (`status` counts then)."""
    flow = flow_of(loaded) if loaded is not None else None
    fields = fields_at_start(g.actor, flow.start.fields) if flow is not None else {}
    values, place = values or {}, Place(clock.now(), g.actor.time_zone)
    return show(
        "cases/new.html",
        status if problems else 200,
        offered=[flow_of(one) for one in startable.by_hand(g.actor)],
        flow=flow,
        fields=fields,
        has_files=answers.asks_for_files(fields),
        values=files.files_of(g.actor, None, (fields, values)).dressed(fields, values),
        choices=lookups.choices(read_as(g.actor), place, fields, values, {}, _searched),
        mine=[(one.uid, one.name) for one in orders.customers(g.actor)],
        chosen=text("organisation"),
        problems=problems or {},
    )


def _by_question(error: BatonError) -> dict[str, str]:
    """Control -> words; the verb names the part of the request, the form only the question."""
    if isinstance(error, Invalid):
        return {name.removeprefix("fields-"): words for name, words in error.by_field().items()}
    return {"": error.detail}


def _searched(control: str) -> str | None:
    """What somebody searched for in the choices of a control; None when nobody did."""
    return text(f"{control}-q") or None


def _row(instance: Instance) -> dict[str, Any]:
    """A case or task with its stage in the words for customers."""
    return {"task": instance, "tag": stage_tag(g.actor, instance), "your_turn": instance.waiting_on == "customer"}


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


def _version() -> int | None:
    """The version of the case that the page was made from."""
    given = text("version")
    if given and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid(_("This page is damaged. Open it again"), "/version", "malformed")
    return int(given) if given else None
