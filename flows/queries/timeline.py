"""What happened, in order, in sentences: the timeline of an instance, and of an order with its instances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from flows.access import read_as
from flows.events import InstanceMigrated, MigrationUndone, every_event
from flows.models import Instance, Order, TimelineEvent
from flows.queries.sentences import sentence, words_of_flow
from flows.rules.actors import Actor
from flows.rules.past import TRACES, steps_of_today
from flows.words import gettext as _

STAFF_ONLY = frozenset(event.kind() for event in every_event() if event.staff_only)
MOVES = frozenset({InstanceMigrated.kind(), MigrationUndone.kind()})
"""These give steps other names: they are read for everybody, and told to staff."""

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

    `seq` is its place in the timeline of its instance or order, `actor_kind` and `actor_id` who it was. `step` is the
    step that it is about, by its name of today; the facts keep the one of then.
    """

    at: datetime
    kind: str
    who: str
    sentence: str
    facts: dict[str, Any]
    seq: int
    actor_kind: str
    actor_id: int | None
    step: str = ""


def of_instance(actor: Actor, instance: Instance) -> list[Entry]:
    """Oldest first; a customer sees nothing internal."""
    return _entries(actor, [TimelineEvent.instance_id == instance.id], instance.time_zone, words_of_flow(instance.flow))


def of_order(actor: Actor, order: Order) -> list[Entry]:
    """An order's own events and those of the instances that belong to it, in one statement."""
    own = select(Instance.id).where(Instance.subject == order.subject)
    subjects = [TimelineEvent.order_id == order.id, TimelineEvent.instance_id.in_(own)]
    return _entries(actor, subjects, order.organisation.time_zone, words_of_flow())


def _entries(actor: Actor, subjects: list[Any], zone: str, translated: Mapping[str, str]) -> list[Entry]:
    query = select(TimelineEvent).where(or_(*subjects)).order_by(TimelineEvent.at, TimelineEvent.id)
    hidden = IN_THE_CONVERSATION | WITHOUT_WORDS | (frozenset() if actor.is_staff else STAFF_ONLY - MOVES)
    rows = read_as(actor).scalars(query.where(TimelineEvent.kind.not_in(hidden))).all()
    steps = _steps(rows)
    return [
        Entry(
            row.at,
            row.kind,
            _who(actor, row),
            sentence(row.kind, facts, zone, translated),
            facts,
            row.seq,
            row.actor_kind,
            row.actor_id,
            steps[row.id],
        )
        for row in rows
        if _concerns(actor, row)
        for facts in [_facts_for(actor, row)]
    ]


def _steps(rows: Sequence[TimelineEvent]) -> dict[int, str]:
    """The step that each event is about, by the event's row id."""
    by_instance: defaultdict[int | None, list[TimelineEvent]] = defaultdict(list)
    for row in rows:
        by_instance[row.instance_id].append(row)
    lives = by_instance.values()
    return {row.id: step for own in lives for row, step in zip(own, steps_of_today(own), strict=True)}


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
    if actor.is_staff or row.kind not in ("acted", "mail_sent", *MOVES):
        return True
    if row.kind in MOVES:
        return False
    if row.kind == "mail_sent":
        return not row.facts.get("to_staff")
    return bool(row.facts["for_customer"]) or row.facts["before"] != row.facts["after"]


def _who(actor: Actor, row: TimelineEvent) -> str:
    return _("You") if row.actor_id is not None and row.actor_id == actor.user_id else row.actor_name
