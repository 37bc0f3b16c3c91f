"""What people hear about conversations: a new message at once in the inbox and by push, never with its words (C52)."""

from __future__ import annotations

from flows import events
from flows.actions import noticing
from flows.actions.owing import recipients
from flows.models import Instance
from messaging.telling import Telling, page_of

ANCHOR = "#talk"


def said_by_us(telling: Telling, instance: Instance, _fact: events.MessageSent) -> None:
    """The people of the customer hear what staff or the flow say."""
    if telling.work.actor.kind != "customer":
        _note(telling, instance, recipients(telling.work, instance, ("customer",)), page_of(instance, ANCHOR))


def said_by_them(telling: Telling, instance: Instance, _fact: events.MessageSent) -> None:
    """Whoever works on it hears what the customer says; where nobody does, the list counts it."""
    if telling.work.actor.kind == "customer" and instance.assignee_id is not None:
        _note(telling, instance, [instance.assignee_id], instance.staff_page + ANCHOR)


def _note(telling: Telling, instance: Instance, user_ids: list[int], url: str) -> None:
    """The newest takes the place of those not seen yet, so that ten messages are one line and the last push."""
    noticing.supersede(telling.work, user_ids, telling.line.kind, url)
    telling.note(
        user_ids, f"New message about {instance.title} ({instance.reference})", "Read it", url=url, at_top=False
    )
