"""Cases and department tasks as the API shows them: to customers in their words, to staff in theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flows.actions import versions
from flows.actions.scope import for_actions
from flows.catalogue import FlowDefinition
from flows.models import Comment, Instance
from flows.queries import allowed, files, lookups
from flows.queries.parties import Parties
from flows.queries.timeline import SAID_BY_THE_MOVE, Entry
from flows.rules import stages
from portal.api import draw_family, draw_instance, draw_links, draw_order, languages
from portal.api.door import Call
from portal.api.draw_instance import question
from portal.api.shapes import Named
from portal.api.shapes.cases import AttachedFile, Attachment, Case, CaseAction, CaseSummary
from portal.api.shapes.cases import Comment as CommentShape

REOPENED = "reopened"
CATEGORIES = {"in_progress": "doing", "closed": "done", "cancelled": "cancelled", REOPENED: "todo"}
"""What a client may set, as the column that the state it leads to stands in (Q14)."""


def facts(call: Call, instance: Instance, definition: FlowDefinition, who: Parties) -> dict[str, Any]:
    """What a row and the whole thing share."""
    state, for_customer = instance.state or "", not call.actor.is_staff
    scope = for_actions(call.session, instance, definition, call.now)
    assignee = who.users.get(instance.assignee_id or 0)
    department = instance.department if call.actor.is_staff else None
    shown = assignee is not None and (call.actor.is_staff or assignee.kind == "customer")
    return {
        "id": instance.uid,
        "reference": instance.reference,
        "title": languages.title_of(call.session, instance),
        "flow": instance.flow,
        "state": state,
        "state_label": stages.state_label(definition, state, for_customer),
        "column": definition.states[state].is_,
        "status": instance.status,
        "waiting_on": instance.waiting_on,
        "overdue": instance.is_overdue(call.now),
        "priority": instance.priority if call.actor.is_staff else "normal",
        "customer": Named(id=who.organisations[instance.organisation_id].uid, name=instance.customer_name),
        "assignee": Named(id=assignee.uid, name=assignee.name) if assignee is not None and shown else None,
        "department": Named(id=department.uid, name=department.name) if department is not None else None,
        "case_id": instance.parent.uid if instance.parent is not None else None,
        "created_at": instance.created_at,
        "updated_at": instance.last_activity_at,
        "due_at": instance.due_at,
        "closed_at": instance.closed_at,
        "version": instance.version,
        "links": draw_links.of_instance(call.actor, instance),
        "allowed_actions": allowed.of_case(call.actor, instance, definition, scope),
    }


def summary(call: Call, instance: Instance, who: Parties) -> CaseSummary:
    return CaseSummary.model_validate(facts(call, instance, versions.in_lists(call.session, instance), who))


def whole(
    call: Call,
    instance: Instance,
    who: Parties,
    tasks: Sequence[Instance],
    children: Sequence[Instance],
    entries: Sequence[Entry],
) -> Case:
    definition = languages.definition_of(call.session, instance)
    known = facts(call, instance, definition, who)
    sent = files.of_case(call.actor, instance, definition, entries)
    asked = lookups.asked_at_start(call.actor, instance, definition, call.now, files.at_hand(sent))
    return Case.model_validate(
        {
            **known,
            "close_message": instance.close_message,
            "asked": [draw_instance.asked(row) for row in asked],
            "attachments": [_attachment(one) for one in sent],
            "actions": [
                _action(definition, name) for name in definition.actions if f"act.{name}" in known["allowed_actions"]
            ],
            "tasks": [summary(call, one, who) for one in tasks],
            "children": draw_family.children(call.session, children, call.now),
            "timeline": [draw_order.entry(one) for one in entries if one.kind not in SAID_BY_THE_MOVE],
        }
    )


def comment(one: Comment) -> CommentShape:
    return CommentShape(
        id=one.uid,
        author=one.author_name,
        author_kind=one.author_kind,
        text=one.text,
        files=[AttachedFile(id=f.uid, name=f.name, size=f.size, mime_type=f.mime) for f in one.uploads],
        client_visible=not one.is_internal,
        created_at=one.created_at,
    )


def _attachment(one: files.Sent) -> Attachment:
    return Attachment(
        id=one.id,
        name=one.name,
        size=one.bytes,
        mime_type=one.mime,
        by=one.by,
        at=one.at,
        client_visible=not one.is_internal,
        comment_id=one.comment or None,
    )


def leading_to(definition: FlowDefinition, names: Sequence[str], status: str) -> str | None:
    """The first of the offered actions that brings about what the client wants."""
    for name in names:
        to = definition.actions[name].to
        if to is not None and definition.states[to].is_ == CATEGORIES[status]:
            return name
    return None


def _action(definition: FlowDefinition, name: str) -> CaseAction:
    rule = definition.actions[name]
    return CaseAction(
        name=name,
        label=stages.action_label(definition, name),
        to=rule.to,
        comment=rule.comment,
        fields=[question(key, field) for key, field in rule.fields.items()],
    )
