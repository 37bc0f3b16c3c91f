"""What happened, in order, in sentences: the timeline of an instance, and of an order with its instances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from flows.access import read_as
from flows.events import every_event
from flows.models import Instance, Order, TimelineEvent
from flows.rules.actors import Actor
from flows.rules.past import TRACES
from flows.rules.words import moment_in_words, money_in_words

STAFF_ONLY = frozenset(event.kind() for event in every_event() if event.staff_only)


SAID_BY_THE_MOVE = frozenset({"instance_completed", "instance_cancelled", "instance_reopened"})
"""Of a case or task these stand beside the action that brought them about, which says it with its comment."""
IN_THE_CONVERSATION = frozenset({"message_sent", "note_written"})
"""These stand in the conversation, with their words; a timeline that repeated them would be read by nobody."""
WITHOUT_WORDS = frozenset({"adjusted"})
"""These keep for the picture of a moment what changed, and have nothing to tell."""
NOT_TOLD = frozenset({TRACES, "given"})
"""Facts that are kept to look back and to play again; nobody reads them in a timeline."""
_HIDDEN: dict[str, dict[str, Any]] = {
    "step_approved": {"note": "", "instead_of": ""},
}
"""Facts that are between staff, as a customer sees them."""


@dataclass(frozen=True)
class Entry:
    """One line: when, who, what in a sentence, and the facts behind it.

    `seq` is its place in the timeline of its instance or order, `actor_kind` and `actor_id` who it was.
    """

    at: datetime
    kind: str
    who: str
    sentence: str
    facts: dict[str, Any]
    seq: int
    actor_kind: str
    actor_id: int | None


def of_instance(actor: Actor, instance: Instance) -> list[Entry]:
    """Oldest first; a customer sees nothing internal."""
    return _entries(actor, [TimelineEvent.instance_id == instance.id], instance.time_zone)


def of_order(actor: Actor, order: Order) -> list[Entry]:
    """An order's own events and those of the instances that belong to it, in one statement."""
    own = select(Instance.id).where(Instance.subject == order.subject)
    return _entries(
        actor, [TimelineEvent.order_id == order.id, TimelineEvent.instance_id.in_(own)], order.organisation.time_zone
    )


def _entries(actor: Actor, subjects: list[Any], zone: str) -> list[Entry]:
    query = select(TimelineEvent).where(or_(*subjects)).order_by(TimelineEvent.at, TimelineEvent.id)
    hidden = IN_THE_CONVERSATION | WITHOUT_WORDS | (frozenset() if actor.is_staff else STAFF_ONLY)
    query = query.where(TimelineEvent.kind.not_in(hidden))
    return [
        Entry(
            row.at,
            row.kind,
            _who(actor, row),
            sentence(row.kind, facts, zone),
            facts,
            row.seq,
            row.actor_kind,
            row.actor_id,
        )
        for row in read_as(actor).scalars(query)
        if _concerns(actor, row)
        for facts in [_facts_for(actor, row)]
    ]


def _facts_for(actor: Actor, row: TimelineEvent) -> dict[str, Any]:
    told = {name: value for name, value in row.facts.items() if name not in NOT_TOLD}
    if actor.is_staff:
        return told
    if row.kind == "acted":
        between_staff = {} if told["for_customer"] else {"comment": "", "asked": {}}
        return {**told, "now": told["now_for_customer"], **between_staff}
    return {**told, **_HIDDEN.get(row.kind, {})}


def _concerns(actor: Actor, row: TimelineEvent) -> bool:
    """What only goes on between departments, a forward say, or a mail to one of them, is not the customer's to read."""
    if actor.is_staff or row.kind not in ("acted", "mail_sent"):
        return True
    if row.kind == "mail_sent":
        return not row.facts.get("to_staff")
    return bool(row.facts["for_customer"]) or row.facts["before"] != row.facts["after"]


def _who(actor: Actor, row: TimelineEvent) -> str:
    return "You" if row.actor_id is not None and row.actor_id == actor.user_id else row.actor_name


def sentence(kind: str, facts: dict[str, Any], zone: str) -> str:
    """A fact as people say it."""
    match kind:
        case "commented" | "commented_internally" if not facts["text"]:
            return f"Attached {', '.join(facts['files'])}"
        case "timer_fired" if facts["n"]:
            of_how_many = f" of {facts['total']}" if facts["total"] else ""
            return f"Reminder {facts['n']}{of_how_many} sent"
        case "order_placed":
            return f"Order placed, {money_in_words(facts['total_minor'], facts['currency'])}"
        case "instance_expired":
            return f"Task expired on {_moment(facts['expired_at'], zone)}"
        case "instance_overdue":
            return f"Task overdue since {_moment(facts['due_at'], zone)}"
        case "expiry_extended":
            return f"More time given, until {_moment(facts['expires_at'], zone)}: {facts['reason']}"
        case "order_cancelled":
            return f"Order cancelled. {facts['text']}".strip()
        case "instance_started" if facts.get("parent"):
            return f"Created as a part of {facts['parent']}"
        case "acted":
            return _acted(facts)
        case "assigned":
            return _assigned(facts)
        case "due_date_changed" if not facts["due_at"]:
            return f"There is no due date any more. {facts['reason']}".strip()
        case "step_overdue" | "due_date_changed":
            return SENTENCES[kind].format(**facts | {"due_at": _moment(facts["due_at"], zone)})
        case "instance_migrated":
            return _migrated(facts)
        case "amount_changed":
            return _amount_changed(facts)
        case "payment_begun" | "payment_on_its_way" | "payment_received" | "payment_refunded" | "payment_unexpected":
            return SENTENCES[kind].format(**facts, money=money_in_words(facts["amount_minor"], facts["currency"]))
        case "effect_gave_up" if not facts["tries"]:  # people were told before anything was tried
            return str(facts["cause"])
        case "review_escalated":
            return f"{facts['title']}: nobody has reviewed it yet; {', '.join(facts['to']) or 'nobody'} was told"
        case "step_submitted" if facts["attempt"] > 1:
            return f"{facts['title']}: sent again (attempt {facts['attempt']})"
    return SENTENCES[kind].format(**facts)


def _acted(facts: dict[str, Any]) -> str:
    moved = f", now {facts['now']}" if facts["after"] != facts["before"] else ""
    return f"{facts['label']}{moved}. {facts['comment']}".strip()


def _migrated(facts: dict[str, Any]) -> str:
    what = ". ".join(text[:1].upper() + text[1:] for text in facts["reasons"])
    moved = f"Moved from version {facts['before']} of the flow to version {facts['after']}"
    return f"{moved}. {what}" if what else f"{moved}; nothing changes for anybody"


def _assigned(facts: dict[str, Any]) -> str:
    note = f" {facts['note']}" if facts.get("note") else ""
    instead = f", who stands in for {facts['instead_of']}" if facts.get("instead_of") else ""
    if facts["to"] == "nobody":
        return f"Taken from {facts.get('before') or 'nobody'}; unassigned now.{note}"
    return f"Assigned to {facts['to']}{instead}.{note}"


def _amount_changed(facts: dict[str, Any]) -> str:
    after, before = money_in_words(facts["after_minor"], facts["currency"]), facts["before_minor"]
    was = f", it was {money_in_words(before, facts['currency'])}" if before is not None else ""
    return f"{facts['title']}: the amount is now {after}{was}. {facts.get('reason', '')}".strip(" .")


def _moment(iso: str, zone: str) -> str:
    return moment_in_words(datetime.fromisoformat(iso), zone)


SENTENCES = {
    "adjusted": "Brought up to date",
    "instance_started": "Created",
    "step_opened": "{title}: can start now",
    "step_submitted": "{title}: answers sent",
    "step_completed": "{title}: completed",
    "instance_completed": "Task completed",
    "instance_closed": "Task closed",
    "instance_cancelled": "Task cancelled. {reason}",
    "timer_fired": "Reminder sent by hand",
    "timer_missed": "Reminder {n} was not sent: a newer one took its place",
    "commented": "{text}",
    "commented_internally": "{text}",
    "message_sent": "Message sent",
    "note_written": "Note written",
    "priority_changed": "Priority is {after}, it was {before}",
    "child_started": "Task {child}: {title}",
    "child_ended": "Task {child} {status}: {title}",
    "step_approved": "{title}: approved",
    "step_returned": "{title}: returned. {message}",
    "step_reopened": "{title}: reopened. {reason}",
    "step_confirmed": "{title}: checked again",
    "step_overdue": "{title}: due since {due_at}",
    "step_added": "Step added: {title}",
    "field_added": "{title}: question added, {label}",
    "due_date_changed": "Due date moved to {due_at}. {reason}",
    "migration_undone": "Moved back from version {before} of the flow to version {after}, as it was before",
    "linked": "{label}: {to}",
    "unlinked": "{label}: no longer {from_}. {reason}",
    "instance_reopened": "Taken up again. {reason}",
    "reopening_asked": "Asked to take it up again. {reason}",
    "rated": "Rated {score} of {scale}",
    "payment_begun": "{title}: payment of {money} begun",
    "payment_on_its_way": "{title}: {money} is on its way",
    "payment_received": "{title}: {money} received",
    "payment_failed": "{title}: the payment did not go through. {why}",
    "payment_unexpected": "{title}: {money} came and is being paid back, because {why}",
    "payment_refunded": "{money} refunded",
    "sensitive_read": "{label} was shown in clear",
    "mail_sent": "Mail sent to {to}: {subject}",
    "effect_gave_up": "{what} gave up after {tries} tries: {cause}",
    "effect_retried": "{what} is tried again",
    "effect_skipped": "{what} was skipped: {reason}",
    "order_awaiting_details": "Waiting for details",
    "order_finalised": "Order finalised",
    "provisioning_requested": "{name}: set-up requested",
    "line_provisioned": "{name}: set up",
    "order_completed": "Order completed",
    "order_failed": "Set-up ran into a problem; we are looking into it",
}
