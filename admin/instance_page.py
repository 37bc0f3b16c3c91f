"""The page of a task instance for staff (A4): its head, a card for each step, the outcome, and what stands beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from flask import g
from werkzeug.wrappers import Response

from admin import linking, payments
from admin.family import with_tags
from admin.guard import StaffView
from admin.instance_attempts import Change, changes
from admin.instance_cards import Card, cards
from admin.instance_filters import SOURCE_WORDS
from admin.instance_list import status_tags
from admin.instance_words import PARTY_WORDS
from admin.revealing import addresses, with_buttons
from admin.showing import argument, effect_tag, show, timer_tag
from admin.talking import asked_beside, panel_of
from flows import access, settings
from flows.access import read_as
from flows.actions import closing, versions
from flows.catalogue import FlowDefinition
from flows.clock import clock
from flows.events import ENDINGS
from flows.models import Instance, Timer
from flows.queries import allowed, attempts, family, health, lookups, overview, timeline
from flows.queries.timeline import Entry
from flows.rules import ratings, statuses
from flows.rules.words import duration_in_words

OUTCOME = "outcome"
MOST_RECENT = 6


@dataclass(frozen=True)
class Kept:
    """What was typed into a form of the page that could not be done: nothing of it is lost.

    `place` is the name of a step, or OUTCOME; `typed` and `problems` go by the names of controls. `seq` is how far the
    timeline was, and `attempt` which attempt stood there, when the page was opened.
    """

    place: str
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    seq: int | None = None
    attempt: int | None = None


class Choice(NamedTuple):
    """An outcome that can be chosen, with the words that its flow has for the customer."""

    name: str
    label: str
    kind: str
    message: str


@dataclass(frozen=True)
class OutcomeCard:
    """How it may end: the choices, which one is chosen, and the message as it stands in the form (C42 to C45)."""

    choices: Sequence[Choice]
    chosen: Choice
    message: str
    asks_for_rating: bool


def instance_page(view: StaffView, ref: str, kept: Kept | None = None) -> Response:
    """The page in a constant number of statements; with `kept`, what was typed and could not be done."""
    actor, now = g.actor, clock.now()
    seen = overview.of_instance(actor, ref, now)
    instance = seen.instance
    definition = versions.spoken_of(read_as(actor), instance)
    entries = timeline.of_instance(actor, instance)
    can = allowed.of_instance(actor, instance, definition, now)
    steps = cards(actor, instance, definition, entries, now, view.path())
    asked = with_buttons(
        lookups.asked_at_start(actor, instance, definition, now),
        addresses(view.path(), instance, None, definition.start.questions),
    )
    return show(
        view,
        "instance.html",
        kept.status if kept else 200,
        kept=kept,
        problems=kept.problems if kept else {},
        news=_news(entries, kept),
        changes=_changes(instance, steps, kept),
        base=f"{view.path()}/{instance.reference}",
        task=instance,
        seen=seen,
        tags=status_tags(instance, now),
        can=frozenset(can),
        links=linking.rows(instance, definition, now),
        **payments.words(),
        is_running=instance.is_running(now),
        to_review=[card for card in steps if card.is_to_review],
        asked=asked,
        cards=steps,
        has_files=any(row["files"] for rows in (asked, *(card.answers for card in steps)) for row in rows),
        outcome=_outcome(instance, definition, now, kept) if "conclude" in can else None,
        is_ready=instance.is_running(now) and bool(definition.steps) and not instance.unfinished,
        ended=next((entry for entry in reversed(entries) if entry.kind in ENDINGS), None),
        ended_as=definition.all_outcomes().get(instance.outcome or ""),
        assigned=[entry for entry in reversed(entries) if entry.kind == "assigned"],
        timers=_to_come(health.timers_of(actor, instance)),
        children=with_tags(actor, family.children(actor, instance, definition), now),
        parent=access.parent_of(actor, instance),
        recent=entries[-MOST_RECENT:][::-1],
        many=len(entries),
        held=_held(instance, now),
        sources=SOURCE_WORDS,
        parties=PARTY_WORDS,
        desk=panel_of(instance, asked_beside()),
        portal_url=f"{settings.current().origin}/tasks/{instance.reference}",
    )


def history_page(view: StaffView, ref: str) -> Response:
    """All that happened, every timer, and what is owed to the outside."""
    actor, now = g.actor, clock.now()
    instance = overview.of_instance(actor, ref, now).instance
    return show(
        view,
        "instance/history.html",
        base=f"{view.path()}/{instance.reference}",
        task=instance,
        tags=status_tags(instance, now),
        history=timeline.of_instance(actor, instance)[::-1],
        timers=health.timers_of(actor, instance),
        timer_tag=lambda timer: timer_tag(timer, now),
        effects=health.effects_of_instance(actor, instance),
        effect_tag=effect_tag,
    )


def news_of(ref: str, seq: int) -> list[Entry]:
    """What happened to an instance since its timeline was at `seq`."""
    instance = overview.of_instance(g.actor, ref, clock.now()).instance
    return [entry for entry in timeline.of_instance(g.actor, instance) if entry.seq > seq]


def _news(entries: Sequence[Entry], kept: Kept | None) -> list[Entry]:
    """Only for a form that came too late; somebody who mistyped is not told the history."""
    if kept is None or kept.seq is None or kept.status not in (403, 409, 412):
        return []
    return [entry for entry in entries if entry.seq > kept.seq]


def _changes(instance: Instance, steps: Sequence[Card], kept: Kept | None) -> list[Change]:
    """When the answers are newer than those that were seen: both, side by side."""
    card = next((card for card in steps if kept is not None and card.step.name == kept.place), None)
    if card is None or kept is None or kept.attempt is None or kept.attempt in (0, card.step.attempt):
        return []
    sent = {one.attempt: one.answers for one in attempts.of_step(g.actor, card.step)}
    return changes(instance, card.step, card.rule, sent.get(kept.attempt, {}), card.step.answers)


def _outcome(instance: Instance, definition: FlowDefinition, now: datetime, kept: Kept | None) -> OutcomeCard:
    """The words of an outcome, as its flow has them for the customer, stand in the form until somebody edits them."""
    session = read_as(g.actor)
    choices = [
        Choice(name, rule.label, rule.kind, closing.message_of(session, instance, name, now))
        for name, rule in definition.all_outcomes().items()
    ]
    typed = kept.typed if kept is not None and kept.place == OUTCOME else {}
    wanted = typed.get("outcome") or argument("outcome")
    chosen = next((choice for choice in choices if choice.name == wanted), choices[0])
    asks = ratings.is_asked("completed", definition.rating)
    return OutcomeCard(choices, chosen, typed.get("message", chosen.message), asks)


def _to_come(timers: Sequence[Timer]) -> list[Timer]:
    return [timer for timer in timers if timer.ended_at is None]


def _held(instance: Instance, now: datetime) -> list[tuple[str, str]]:
    """How long each party has held the baton, in words (X4)."""
    held = statuses.time_held(instance.waited, instance.waiting_on, instance.waiting_since, now)
    return [(words, duration_in_words(held[party])) for party, words in PARTY_WORDS.items() if party in held]
