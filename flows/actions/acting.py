"""A hand moves a case or task: Doing, Forward, Reply, Complete, Cancel, ReOpen, and whatever else a flow names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from flows import access, lookups
from flows.actions import answering, assigning, owing, participating, sealing, staging, versions
from flows.actions.scope import roots, scope_of
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Action, AssignEffect
from flows.events import Acted
from flows.models import Instance, User
from flows.rules import answers, stages
from flows.rules.errors import Invalid, OutOfStep, Problem, Refused
from flows.rules.expressions import compile_condition, compile_text
from flows.words import N_, USUAL, spoken
from flows.words import gettext as _
from flows.work import Work

LONGEST_COMMENT = 4000


def act(
    work: Work,
    instance: Instance,
    action: str,
    *,
    comment: str = "",
    asked: Mapping[str, Any] | None = None,
    version: int | None = None,
) -> None:
    """Take an action of the flow (B14 to B30). The instance row is locked.

    Raises OutOfStep when the state or the flow's condition does not allow it (any more), Refused for who may not,
    Stale when `version` is not the instance's, Invalid for a missing comment and for what the dialog asks.
    """
    definition = versions.definition_of(work.session, instance)
    rule = definition.actions.get(action)
    if rule is None or instance.state is None:
        raise Refused(_("There is no such action here"))
    access.check_version(instance, version)  # first: whoever was slower is told that it moved on, not that they may not
    _check_allowed(work, instance, definition, action, rule)
    context = answering.choosing(work.session, lookups.place_of(instance, definition, work.now))
    given = _checked(rule, comment, asked or {}, context)
    words, before, reopenings = access.clean(comment).strip(), instance.state, instance.reopenings
    after = rule.to or before
    ends = not definition.states[after].open
    told = ends or work.actor.kind == "customer" or _hands_to_customer(work, instance, definition, rule, given)
    label = stages.action_label(definition, action)
    now, for_customer = (stages.state_label(definition, after, words_for) for words_for in (False, True))
    with spoken(USUAL):  # kept for everybody who reads the timeline
        said = _in_words(rule, given, context)
    stored = sealing.seal(rule.fields, given)
    work.record(instance, Acted(action, label, before, after, now, for_customer, words, told, said, stored))
    participating.take_part(work, instance, work.actor.user_id)
    owing.owe(
        work, instance, definition, f"action.{action}.{instance.event_seq}", rule.do, ask={"comment": words, **given}
    )
    staging.enter(work, instance, definition, after, words)
    staging.follow_the_baton(work, instance)
    if instance.reopenings > reopenings and work.actor.kind == instance.waiting_on == "customer":
        assigning.hand_back(
            work, instance, N_("Reopened by the customer")
        )  # it ended with them, and nobody would see it


def _check_allowed(work: Work, instance: Instance, definition: FlowDefinition, action: str, rule: Action) -> None:
    """Who may not is told so first: a stranger learns nothing about the state."""
    if refusal := stages.not_for(rule, work.actor, instance.standing):
        raise Refused(refusal, known=True)
    if refusal := stages.out_of_stage(definition, action, instance.state or ""):
        raise OutOfStep(refusal)
    if rule.if_ is None:
        return
    scope = scope_of(work.session, instance, definition, work.now, roots(compile_condition(rule.if_).names))
    if refusal := stages.condition_fails(rule, scope):
        raise OutOfStep(refusal)


def _checked(rule: Action, comment: str, asked: Mapping[str, Any], context: answers.AnswerContext) -> dict[str, Any]:
    """What the dialog asked, clean; every problem at once."""
    problems: list[Problem] = []
    if rule.comment == "required" and not comment.strip():
        problems.append(Problem("/comment", "required", _("Say why, in a comment")))
    if len(comment) > LONGEST_COMMENT:
        problems.append(
            Problem(
                "/comment",
                "too-long",
                _("Use %(longest_comment)s characters at most", longest_comment=f"{LONGEST_COMMENT:,}"),
            )
        )
    checked = answers.check(rule.fields, asked, context)
    problems += [replace(one, pointer=f"/fields{one.pointer}") for one in checked.problems]
    if problems:
        raise Invalid(problems)
    return checked.values


def _in_words(rule: Action, given: Mapping[str, Any], context: answers.AnswerContext) -> dict[str, str]:
    """What the dialog asked as people read it, by the words of the question."""
    return {
        field.label: answers.display(field, given[name], context)
        for name, field in rule.fields.items()
        if given.get(name) is not None
    }


def _hands_to_customer(
    work: Work, instance: Instance, definition: FlowDefinition, rule: Action, given: Mapping[str, Any]
) -> bool:
    """Whether the action gives it to the customer, who then has to read why."""
    texts = [compile_text(one.assign.user) for one in rule.do if isinstance(one, AssignEffect) and one.assign.user]
    if not texts:
        return False
    wanted = roots(name for text in texts for name in text.names)
    scope = scope_of(work.session, instance, definition, work.now, wanted, ask=given)
    uids = [str(text.render_or(scope, "")) for text in texts]
    query = select(User.id).where(User.uid.in_(uids), User.kind == "customer")
    return work.session.scalar(query.limit(1)) is not None
