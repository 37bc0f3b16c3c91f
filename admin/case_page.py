"""The page of a case or task for staff, and the pages that ask before one of its flow's actions is taken (A6, A7)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import g, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import go_on, once, sent_number
from admin.case_filters import PRIORITY_WORDS
from admin.family import state_tag, with_tags
from admin.guard import StaffView
from admin.instance_page import news_of
from admin.instance_words import PARTY_WORDS, timer_words
from admin.revealing import addresses, with_buttons
from admin.showing import Tag, show, timer_tag
from flows import access
from flows.access import clean, read_as
from flows.actions import acting, versions
from flows.actions.attaching import ATTACHED
from flows.actions.scope import for_actions
from flows.catalogue import FlowDefinition
from flows.clock import clock
from flows.lookups import place_of
from flows.models import Instance
from flows.queries import allowed, durations, family, files, health, lookups, parties, timeline
from flows.rules import answers, stages
from flows.rules import durations as spans
from flows.rules.errors import BatonError, Invalid, OutOfStep, Refused, Stale
from flows.words import gettext as _
from flows.work import Work, unit_of_work

PRIORITY_TAGS = {"urgent": Tag(_l("Urgent"), "warn"), "high": Tag(_l("High"), "info"), "low": Tag(_l("Low"), "plain")}


def everything(view: StaffView, instance: Instance, now: datetime) -> dict[str, Any]:
    """What the page shows, in a constant number of statements."""
    actor = g.actor
    newest = parties.know_with_version(actor, instance)
    definition = versions.spoken_of(read_as(actor), instance)
    may = allowed.of_case(actor, instance, definition, for_actions(read_as(actor), instance, definition, now))
    history = timeline.of_instance(actor, instance)
    sent = files.of_case(actor, instance, definition, history)
    spent = spans.per_stage(
        definition.start_state or "", instance.created_at, durations.moves_in(history), instance.closed_at or now
    )
    return {
        "task": instance,
        "newest_version": newest,
        "definition": definition,
        "tag": state_tag(instance, definition),
        "priority": PRIORITY_TAGS.get(instance.priority),
        "actions": {name: stages.action_label(definition, name) for name in definition.actions if f"act.{name}" in may},
        "may": may,
        "answers": with_buttons(
            lookups.asked_at_start(actor, instance, definition, now, files.at_hand(sent)),
            addresses(view.path(), instance, None, definition.start.questions),
        ),
        "attachments": sent,
        "attached": ATTACHED["upload_ids"],
        "files_of": lambda entry: files.of_entry(entry, sent),
        "children": with_tags(actor, family.children(actor, instance, definition), now),
        "parent": access.parent_of(actor, instance),
        "timers": health.timers_of(actor, instance),
        "priorities": PRIORITY_WORDS,
        "timer_words": timer_words,
        "timer_tag": lambda timer: timer_tag(timer, now),
        "history": [entry for entry in history if entry.kind not in timeline.SAID_BY_THE_MOVE],
        "spent": [(stages.state_label(definition, state), spans.in_words(seconds)) for state, seconds in spent.items()],
        "parties": [
            (PARTY_WORDS[party], spans.in_words(seconds))
            for party, seconds in spans.per_party(
                instance.waited, instance.waiting_on, instance.waiting_since, now
            ).items()
        ],
    }


def act_page(view: StaffView, ref: str, name: str) -> Response:
    """GET asks what the action needs; POST takes it once, and keeps everything that was typed when it is refused."""
    instance = access.instance_to_read(g.actor, ref)
    definition = versions.spoken_of(read_as(g.actor), instance)
    if name not in definition.actions:
        raise Refused(_("There is no such action here"))
    fields = definition.actions[name].fields
    changed = answers.pressed(fields, request.form)
    typed = changed or answers.from_form(fields, request.form)
    if request.method == "GET" or changed is not None or request.form.get("_action") == "find":
        return _ask(view, instance, definition, name, typed)
    try:
        with unit_of_work(g.actor) as work:
            then = once(work, lambda: _act(view, work, ref, name, typed))
    except (Invalid, OutOfStep, Stale) as error:
        instance = access.instance_to_read(g.actor, ref)
        return _ask(view, instance, definition, name, typed, error)
    return go_on(then, _("%(action)s: done.", action=stages.action_label(definition, name)))


def _act(view: StaffView, work: Work, ref: str, name: str, typed: dict[str, Any]) -> str:
    instance = access.instance_to_change(work, ref)
    acting.act(
        work, instance, name, comment=clean(request.form.get("comment", "")), asked=typed, version=version_seen()
    )
    return f"{view.path()}/{ref}"


def _ask(
    view: StaffView,
    instance: Instance,
    definition: FlowDefinition,
    name: str,
    values: Mapping[str, Any],
    error: BatonError | None = None,
) -> Response:
    rule = definition.actions[name]
    problems: dict[str, str] = {}
    if isinstance(error, Invalid):
        problems = {pointer.removeprefix("fields-"): words for pointer, words in error.by_field().items()}
    elif error is not None:
        problems = {"": error.detail}
    now = clock.now()
    offered = stages.offered(
        definition, instance.state or "", g.actor, instance.standing,
        for_actions(read_as(g.actor), instance, definition, now),
    )  # fmt: skip
    if name not in offered and error is None:
        problems = {"": _why_not(instance, definition, name)}
    seq = sent_number("seq") if isinstance(error, Stale | OutOfStep) else None
    place = place_of(instance, definition, now, names_emails=True)
    return show(
        view,
        "act.html",
        error.status if error else 200,
        is_possible=name in offered,
        seq=instance.event_seq if seq is None else seq,
        news=news_of(instance.reference, seq) if seq is not None else (),
        task=instance,
        tag=state_tag(instance, definition),
        name=name,
        rule=rule,
        label=stages.action_label(definition, name),
        leads_to=stages.state_label(definition, rule.to) if rule.to else None,
        values=values,
        comment=request.form.get("comment", ""),
        choices=lookups.choices(read_as(g.actor), place, rule.fields, values, {}, _searched),
        problems=problems,
        back=f"{view.path()}/{instance.reference}",
        # After a refusal the page knows what is there now, so that a second try is a decision and no accident.
        seen=instance.version if error is None or isinstance(error, Stale) else request.form.get("version", ""),
    )


def _why_not(instance: Instance, definition: FlowDefinition, name: str) -> str:
    """Why a button of an older list leads nowhere now."""
    rule = definition.actions[name]
    refusal = stages.out_of_stage(definition, name, instance.state or "")
    return refusal or stages.not_for(rule, g.actor, instance.standing) or _("This is not possible any more")


def version_seen() -> int | None:
    """The version of the case or task that the page was made from."""
    given = request.form.get("version", "")
    if given and not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Invalid(_("This page is damaged. Open it again"), "/version", "malformed")
    return int(given) if given else None


def _searched(control: str) -> str | None:
    return clean(request.form.get(f"{control}-q", "")).strip() or None
