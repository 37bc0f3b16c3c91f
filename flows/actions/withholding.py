"""Answers of a step as one actor has them: what they see, what they may give, and what stays as it was (X20).

A question with `visible_to` is not there for others; a sensitive answer is in clear for the party whose step it is and
for nobody else. What an actor does not see they cannot change: the earlier answer stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flows.actions import sealing
from flows.catalogue.schema import Step as StepRule
from flows.models import Instance, Step
from flows.rules import answers, private
from flows.rules.actors import Actor
from flows.rules.answers import AnswerContext, Checked
from flows.rules.answers.shapes import is_blank
from flows.rules.errors import Refused
from flows.rules.people import in_words
from flows.words import gettext as _


def seen(actor: Actor, instance: Instance, step: Step, rule: StepRule) -> dict[str, Any]:
    """The questions of a step that this actor sees."""
    return private.fields_for(actor, rule.fields, instance.standing, step.actor)


def rule_for(actor: Actor, instance: Instance, step: Step, rule: StepRule) -> StepRule:
    """The step as this actor sees it: for doors that draw or read a form."""
    fields = seen(actor, instance, step, rule)
    return rule if _is_all(fields, rule) else rule.model_copy(update={"fields": fields})


def latest(step: Step, rule: StepRule) -> dict[str, Any]:
    """The draft over the answers that were accepted before, in clear: for verbs, never for a page."""
    return sealing.opened(rule.fields, {**step.answers, **(step.draft or {})})


def shown_to(
    actor: Actor | None, instance: Instance, step: Step, rule: StepRule, values: Mapping[str, Any]
) -> dict[str, Any]:
    """Stored values for the form of this actor, without what they do not see. Nobody named reads nothing private.

    Sensitive ones are opened for the party whose step it is. In the form of somebody else they are left empty, and what
    is sent empty stays as it is.
    """
    fields = rule.fields if actor is None else seen(actor, instance, step, rule)
    if actor is not None and is_theirs(actor, step):
        return _narrowed(fields, sealing.opened(rule.fields, values))
    return {name: value for name, value in _narrowed(fields, values).items() if not private.is_private(fields[name])}


def read_by(
    actor: Actor, instance: Instance, step: Step, rule: StepRule, values: Mapping[str, Any], in_form: bool
) -> tuple[dict[str, Any], list[str]]:
    """Stored values as this actor reads them, and JSON pointers to the private ones, which are null.

    `in_form`: it is the form in which their own party gives them, so nothing is hidden.
    """
    fields = seen(actor, instance, step, rule)
    if in_form and is_theirs(actor, step):
        return _narrowed(fields, sealing.opened(rule.fields, values)), []
    narrowed = _narrowed(fields, values)
    return private.masked(fields, narrowed, None), private.places(fields, narrowed)


def is_theirs(actor: Actor, step: Step) -> bool:
    """Whether it is this actor's party that gives the answers."""
    return actor.is_system or actor.kind == step.actor


def check(
    actor: Actor, instance: Instance, step: Step, rule: StepRule, raw: Any, context: AnswerContext, partial: bool
) -> Checked:
    """Check what an actor gives against the questions they see, then put back the answers that they do not see.

    A name that they do not see is refused like one that does not exist. Raises Refused (403) when a step cannot be sent
    because what it needs is answered by others.
    """
    fields = seen(actor, instance, step, rule)
    earlier = latest(step, rule)
    data = {**context.scope.get("data", {}), **{name: earlier[name] for name in earlier if name not in fields}}
    context = replace(context, scope={**context.scope, "data": data})
    checked = answers.check(fields, _with_kept(actor, step, fields, raw, earlier), context, partial=partial)
    if _is_all(fields, rule) or (checked.problems and not partial):
        return checked
    together = private.restored(rule.fields, fields, checked.values, earlier)
    whole = answers.check(rule.fields, together, context, partial=partial)
    if whole.problems and not partial:
        others = {who for name, field in rule.fields.items() if name not in fields for who in field.visible_to or ()}
        raise Refused(
            _(
                "This step also asks what only %(in_words)s may answer, so they have to send it",
                in_words=in_words(sorted(others)),
            ),
            known=True,
        )
    return Checked(whole.values, checked.problems)


def _with_kept(actor: Actor, step: Step, fields: Mapping[str, Any], raw: Any, earlier: Mapping[str, Any]) -> Any:
    """What somebody else than its own party left empty in a form that does not show it stays as it was."""
    if is_theirs(actor, step) or not isinstance(raw, Mapping):
        return raw
    kept = {
        name: _part(field, earlier[name])
        for name, field in fields.items()
        if private.is_private(field) and name in earlier and is_blank(raw.get(name))
    }
    return {**raw, **kept}


def _narrowed(fields: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of these fields alone, in the entries of lists too."""
    return {name: _part(fields[name], value) for name, value in values.items() if name in fields}


def _part(field: Any, value: Any) -> Any:
    if field.type != "list" or not isinstance(value, list):
        return value
    return [_narrowed(field.item, one) if isinstance(one, Mapping) else one for one in value]


def _is_all(fields: Mapping[str, Any], rule: StepRule) -> bool:
    return fields.keys() == rule.fields.keys() and all(fields[name] is rule.fields[name] for name in fields)
