"""What happened on the stage, read off its database: moments in order, each with what it set off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from flows.access import read_as
from flows.actions.delivering import name_of
from flows.models import Effect, Instance, Message, Notice, TimelineEvent, User
from flows.rules.actors import SYSTEM
from flows.work import end_reading

ENDS = ("instance_completed", "instance_closed", "instance_cancelled", "instance_expired")
QUIET = frozenset({"mail_sent", "child_started", "child_ended"})
"""What is told otherwise: by the mail itself, and by what happens to the child."""
CARRIED = ("email", "call", "webhook", "start")


@dataclass(frozen=True)
class Happening:
    """One thing that happened to one instance. `words` is a few words; `facts` those of the event."""

    at: datetime
    instance_id: int
    kind: str
    words: str
    who: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Consequence:
    """Something that was owed and carried out. `kind` is email, notice, message, call, webhook, start, or incident.

    `moment` is the occasion that it was owed for, once and for all: two alike of one moment are one too many.
    """

    at: datetime
    instance_id: int
    kind: str
    name: str
    to: str
    payload: Mapping[str, Any]
    moment: str = ""


@dataclass(frozen=True)
class Diary:
    happenings: list[Happening]
    consequences: list[Consequence]

    def moments(self) -> list[tuple[datetime, str, str]]:
        """(when, what happened, what it set off) in the order of time."""
        times = sorted({one.at for one in self.happenings} | {one.at for one in self.consequences})
        return [
            (
                moment,
                ", ".join(one.words for one in self.happenings if one.at == moment),
                grouped(one for one in self.consequences if one.at == moment),
            )
            for moment in times
        ]

    def lines(self, zone: str) -> list[str]:
        """One line a moment, in the customer's time."""
        return [
            f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}  {happened}  {set_off}".rstrip()
            for moment, happened, set_off in self.moments()
        ]


def read_diary(instances: Iterable[int], below: Mapping[int, str] = MappingProxyType({})) -> Diary:
    """All that happened to these instances, oldest first; and to those `below` them, said with the flow's name."""
    ids = [*instances, *below]
    session = read_as(SYSTEM)
    events = session.scalars(
        select(TimelineEvent)
        .where(TimelineEvent.instance_id.in_(ids), TimelineEvent.kind.not_in(QUIET))
        .order_by(TimelineEvent.at, TimelineEvent.id)
    ).all()
    happenings = [
        Happening(row.at, row.instance_id or 0, row.kind, _said(row, below), row.actor_name, row.facts)
        for row in events
    ]
    names = {row.id: row.name for row in session.scalars(select(User))}
    consequences = [*_owed(ids, names), *_notices(ids, names), *_messages(ids)]
    end_reading()
    return Diary(happenings, sorted(consequences, key=lambda one: one.at))


def _said(row: TimelineEvent, below: Mapping[int, str]) -> str:
    words = in_words(row.kind, row.facts)
    flow = below.get(row.instance_id or 0)
    return f"{flow}: {words}" if flow else words


def status_of(instance_id: int) -> Instance:
    """The instance as it is now, with its steps."""
    instance = read_as(SYSTEM).scalars(select(Instance).where(Instance.id == instance_id)).one()
    assert instance.steps is not None  # read while the session is open
    end_reading()
    return instance


def in_words(kind: str, facts: Mapping[str, Any]) -> str:
    """`reminder 1 of 3`, `identity submitted`, `EXPIRED`: what a timeline of a simulation says."""
    if kind in ENDS:
        outcome = facts.get("outcome", "")
        return kind.removeprefix("instance_").upper() + (f" ({outcome})" if outcome else "")
    if kind in ("timer_fired", "timer_missed"):
        of = f" of {facts['total']}" if facts.get("total") else ""
        return f"{facts['timer']} {facts['n']}{of}" + (" missed" if kind == "timer_missed" else "")
    if kind == "acted":
        moved = f": {facts['before']} to {facts['after']}" if facts["before"] != facts["after"] else ""
        return f"{facts['action']}{moved}"
    if kind == "effect_gave_up":
        return f"INCIDENT: {facts['what']} ({facts['cause']})"
    if kind.startswith("step_") and "step" in facts:
        return f"{facts['step']} {kind.removeprefix('step_').replace('_', ' ')}"
    return {"instance_started": "created", "instance_overdue": "OVERDUE"}.get(kind, kind.replace("_", " "))


def _owed(ids: list[int], names: Mapping[int, str]) -> list[Consequence]:
    query = select(Effect).where(Effect.instance_id.in_(ids), Effect.kind.in_(CARRIED))
    return [
        Consequence(
            row.ended_at,
            row.instance_id or 0,
            row.kind if row.state == "done" else row.state,
            name_of(row).partition(" ")[2],
            names.get(row.payload.get("to", 0), ""),
            row.payload,
            row.chain,
        )
        for row in read_as(SYSTEM).scalars(query.order_by(Effect.id))
        if row.ended_at is not None
    ]


def _notices(ids: list[int], names: Mapping[int, str]) -> list[Consequence]:
    """Those that a flow words itself; what only repeats a mail is none."""
    query = select(Notice).where(Notice.instance_id.in_(ids), Notice.at_top).order_by(Notice.id)
    return [
        Consequence(row.created_at, row.instance_id or 0, "notice", row.text, names.get(row.user_id, ""), {})
        for row in read_as(SYSTEM).scalars(query)
    ]


def _messages(ids: list[int]) -> list[Consequence]:
    query = select(Message).where(Message.instance_id.in_(ids), Message.author_kind == "system").order_by(Message.id)
    return [
        Consequence(row.created_at, row.instance_id, "message", row.text, "", {})
        for row in read_as(SYSTEM).scalars(query)
    ]


def grouped(consequences: Iterable[Consequence]) -> str:
    """`mail coro/created x2, notice, call orders.cancel`: one line for what a moment set off."""
    words = Counter(
        {"email": f"mail {one.name}", "notice": "notice", "message": "message"}.get(one.kind, f"{one.kind} {one.name}")
        for one in consequences
    )
    return ", ".join(text if count == 1 else f"{text} x{count}" for text, count in words.items())
