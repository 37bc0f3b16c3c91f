"""A page of what changed as the API shows it: each thing in the shape of its list, what others hang on first."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress

from flows.actions import versions
from flows.models import Instance, Order, Step
from flows.queries.copies import Copies
from flows.queries.parties import Parties
from flows.rules.errors import Unreadable
from portal.api import draw_case, draw_family, draw_instance, draw_notice, draw_order, draw_talk
from portal.api.door import Call
from portal.api.shapes.sync import Change, Kept


def changes(call: Call, copies: Copies, types: Collection[str], full: bool) -> list[Change]:
    """The changes of these types, each thing once."""
    drawn = [
        *(Change(op="delete", object="account", id=uid, account_id=uid, data=None) for uid in copies.gone),
        *(_upsert("account", one.uid, one.uid, draw_order.customer(one)) for one in copies.accounts),
        *(_of_instance(call, one, copies) for one in copies.instances if draw_family.OBJECTS[one.prefix] in types),
        *(_drafts(call, copies, full) if "draft" in types else ()),
        *(_order(call, one, copies) for one in copies.orders if "order" in types),
        *_said(call, copies),
    ]
    return list({(one.object, one.id): one for one in drawn}.values())


def _upsert(kind: str, uid: str, account: str | None, drawn: Kept) -> Change:
    return Change(op="upsert", object=kind, id=uid, account_id=account, data=drawn)


def _account(call: Call, instance: Instance | None) -> str | None:
    """Staff act for nobody: what they see is theirs by their work."""
    return None if call.actor.is_staff or instance is None else instance.organisation.uid


def _of_instance(call: Call, instance: Instance, copies: Copies) -> Change:
    kind, account = draw_family.OBJECTS[instance.prefix], _account(call, instance)
    if instance.state is None:
        definition = versions.in_lists(call.session, instance, versions.definition_of)
        unread = copies.unread[instance.id]
        row = draw_instance.summary(call.actor, instance, definition, call.now, unread)
        return _upsert(kind, instance.uid, account, row)
    people = {instance.assignee.id: instance.assignee} if instance.assignee is not None else {}
    who = Parties({instance.organisation_id: instance.organisation}, people)
    return _upsert(kind, instance.uid, account, draw_case.summary(call, instance, who))


def _drafts(call: Call, copies: Copies, full: bool) -> Iterator[Change]:
    """Of steps that changed, also that there is none any more; of instances that did, because that may hide answers.

    Where the flow's text cannot be read the app keeps what it has: nothing can be typed there anyway.
    """
    for instance in copies.holders:
        with suppress(Unreadable):
            yield from [_draft(call, instance, step) for step in instance.steps if step.id in copies.steps]
    for instance in () if full else copies.instances:
        mine = [step for step in instance.steps if step.actor == call.actor.kind and _is_there(step)]
        with suppress(Unreadable):
            yield from [_draft(call, instance, step) for step in mine]


def _is_there(step: Step) -> bool:
    return step.draft is not None and step.state != "skipped"


def _draft(call: Call, instance: Instance, step: Step) -> Change:
    rule = versions.definition_of(call.session, instance).steps[step.name]
    drawn = draw_instance.draft_of(call.actor, instance, step, rule, call.now) if _is_there(step) else None
    return Change(
        op="delete" if drawn is None else "upsert",
        object="draft",
        id=f"{instance.uid}/{step.name}",
        account_id=_account(call, instance),
        data=drawn,
    )


def _order(call: Call, order: Order, copies: Copies) -> Change:
    who = Parties({order.organisation_id: order.organisation}, {order.placed_by_id: order.placed_by})
    row = draw_order.order_summary(call.actor, order, copies.tasks[order.uid], who, call.now)
    return _upsert("order", order.uid, order.organisation.uid, row)


def _said(call: Call, copies: Copies) -> Iterator[Change]:
    for one in copies.messages:
        sender = one.author.uid if one.author is not None else None
        row = draw_talk.message(call.actor, one, one.instance.uid, sender)
        yield _upsert("message", one.uid, _account(call, one.instance), row)
    for notice, account in copies.notices:
        yield _upsert("notification", notice.uid, account, draw_notice.notification(notice))
