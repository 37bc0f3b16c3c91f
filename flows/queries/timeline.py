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
from flows.rules.words import moment_in_words, money_in_words

STAFF_ONLY = frozenset(event.kind() for event in every_event() if event.staff_only)


@dataclass(frozen=True)
class Entry:
    """One line: when, who, what in a sentence, and the facts behind it."""

    at: datetime
    kind: str
    who: str
    sentence: str
    facts: dict[str, Any]


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
    if not actor.is_staff:
        query = query.where(TimelineEvent.kind.not_in(STAFF_ONLY))
    return [
        Entry(row.at, row.kind, _who(actor, row), sentence(row.kind, row.facts, zone), row.facts)
        for row in read_as(actor).scalars(query)
    ]


def _who(actor: Actor, row: TimelineEvent) -> str:
    return "You" if row.actor_id is not None and row.actor_id == actor.user_id else row.actor_name


def sentence(kind: str, facts: dict[str, Any], zone: str) -> str:
    """A fact as people say it."""
    match kind:
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
        case "step_submitted" if facts["attempt"] > 1:
            return f"{facts['title']}: sent again (attempt {facts['attempt']})"
    return SENTENCES[kind].format(**facts)


def _moment(iso: str, zone: str) -> str:
    return moment_in_words(datetime.fromisoformat(iso), zone)


SENTENCES = {
    "instance_started": "Task created",
    "step_opened": "{title}: can start now",
    "step_submitted": "{title}: answers sent",
    "step_completed": "{title}: completed",
    "instance_completed": "Task completed",
    "instance_closed": "Task closed",
    "instance_cancelled": "Task cancelled. {reason}",
    "timer_fired": "Reminder sent by hand",
    "timer_missed": "Reminder {n} was not sent: a newer one took its place",
    "assigned": "Assigned to {to}. {note}",
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
