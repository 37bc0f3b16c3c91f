"""One action on several cases or tasks: who is left out is said before, and what was refused afterwards (X8)."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request
from werkzeug.wrappers import Response

from admin.family import state_tag
from admin.showing import show
from admin.views.saved_views import SavedViews
from flows import access
from flows.access import clean, read_as
from flows.actions import acting, versions
from flows.catalogue.schema import Action
from flows.clock import clock
from flows.lookups import place_of
from flows.models import Instance
from flows.queries import lookups
from flows.rules import answers, stages
from flows.rules.errors import BatonError, Invalid, Refused
from flows.words import gettext as _
from flows.work import unit_of_work

MOST_AT_ONCE = 100


def page(view: SavedViews, name: str) -> Response:
    """GET and the search ask what the action needs; POST with `go` takes it on each, in a work of its own."""
    back = view.asked_of(request.values.get("of", "")).address()
    chosen = [clean(one) for one in dict.fromkeys(request.values.getlist("ref"))][:MOST_AT_ONCE]
    rows = [one for one in _read(chosen) if one.state is not None]
    fitting = [one for one in rows if (rule := _rule(one, name)) is not None and one.state in rule.from_]
    if not rows:
        flash(_("Tick at least one row first."), "warn")
        return redirect(back, 303)
    if not fitting:
        flash(_("None of the chosen ones allows this now. They may have moved on."), "warn")
        return redirect(back, 303)
    rule = _rule(fitting[0], name)
    assert rule is not None
    changed = answers.pressed(rule.fields, request.form)
    typed = changed or answers.from_form(rule.fields, request.form)
    problems: dict[str, str] = {}
    if request.form.get("_action") == "go" and changed is None:
        problems = _problems(rule, request.form.get("comment", ""))
        if not problems:
            return _take_all(back, [one.reference for one in fitting], name, typed)
    definition = versions.spoken_of(read_as(g.actor), fitting[0])
    place = place_of(fitting[0], definition, clock.now(), names_emails=True)
    return show(
        view,
        "bulk_act.html",
        422 if problems else 200,
        name=name,
        label=stages.action_label(definition, name),
        rule=rule,
        rows=[(one, state_tag(one, versions.in_lists(read_as(g.actor), one))) for one in fitting],
        left_out=len(rows) - len(fitting),
        values=typed,
        comment=request.form.get("comment", ""),
        choices=lookups.choices(read_as(g.actor), place, rule.fields, typed, {}, _searched),
        problems=problems,
        back=back,
        of=request.values.get("of", ""),
    )


def _take_all(back: str, references: list[str], name: str, typed: dict[str, Any]) -> Response:
    """Each in a work of its own: one that is refused holds up no other, and is named with its reason."""
    done, refused = 0, []
    for reference in references:
        try:
            with unit_of_work(g.actor) as work:
                instance = access.instance_to_change(work, reference)
                acting.act(work, instance, name, comment=clean(request.form.get("comment", "")), asked=typed)
            done += 1
        except BatonError as error:
            refused.append(f"{reference}: {error.detail}")
    if done:
        flash(_("Done for %(done)s of %(many)s.", done=done, many=len(references)), "ok")
    for line in refused[:20]:
        flash(line, "warn")
    return redirect(back, 303)


def _read(references: list[str]) -> list[Instance]:
    found = []
    for reference in references:
        try:
            found.append(access.instance_to_read(g.actor, reference))
        except Refused:
            continue  # gone, or never there: what is left is shown before anything is done
    return found


def _rule(instance: Instance, name: str) -> Action | None:
    return versions.spoken_of(read_as(g.actor), instance).actions.get(name)


def _problems(rule: Action, comment: str) -> dict[str, str]:
    """What is wrong for all of them alike; the verb asks everything again for each."""
    missing = rule.comment == "required" and not comment.strip()
    return Invalid(_("Say why, in a comment"), "/comment", "required").by_field() if missing else {}


def _searched(control: str) -> str | None:
    return clean(request.form.get(f"{control}-q", "")).strip() or None
