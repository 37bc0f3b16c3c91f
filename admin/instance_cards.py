"""The cards of an instance's steps: what was answered, what was decided, and what whoever looks may do with each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from admin import payments, revealing
from admin.instance_words import PARTY_WORDS, ending_in_words, step_tag
from admin.showing import Tag
from flows.access import read_as
from flows.actions import withholding
from flows.actions.deciding import Deciding
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.models import Instance, Step
from flows.queries import allowed, lookups
from flows.queries.allowed import REVIEWING
from flows.queries.files import FilesOf, files_of
from flows.queries.timeline import Entry
from flows.rules import answers, moves
from flows.rules.actors import Actor

ACTING = ("submit", "answer_for_customer", "confirm", "reopen", "add_field")
"""The verbs of a step that have a button of their own, apart from the review."""
DECISIONS = ("step_approved", "step_returned", "step_reopened", "step_confirmed")


@dataclass(frozen=True)
class Card:
    """One step as its card shows it.

    `can` are the verbs of `allowed.of_step`; the review may be there because they stand in for `instead_of`, and
    `why_not` says why a pending step is not theirs to decide. `after` are titles of what has to be done first, `hidden`
    counts answers that are for others (X20), `latest` is the last that happened to it.
    """

    number: int
    step: Step
    rule: StepRule
    who: str
    tag: Tag
    can: frozenset[str]
    answers: Sequence[Mapping[str, Any]]
    hidden: int
    sent: Entry | None
    decisions: tuple[Entry, ...]
    after: tuple[str, ...]
    money: payments.Card | None
    has_files: bool
    endings: tuple[tuple[str, str], ...]
    approvals: int
    instead_of: str
    why_not: str
    latest: Entry | None

    @property
    def is_to_review(self) -> bool:
        """Whether it is pending and whoever looks may decide."""
        return not self.can.isdisjoint(REVIEWING)

    @property
    def has_buttons(self) -> bool:
        return not self.can.isdisjoint(ACTING)

    @property
    def on_behalf(self) -> bool:
        """Whether staff sent it with answers from the customer."""
        return self.step.actor == "customer" and self.sent is not None and self.sent.actor_kind == "staff"


def cards(
    actor: Actor, instance: Instance, definition: FlowDefinition, entries: Sequence[Entry], now: datetime, path: str
) -> list[Card]:
    """Every step in order; `path` is the address of the view.

    One statement more where there are files, one for money, and one for who is away when a review is not the actor's.
    """
    files = files_of(actor, instance, *((definition.steps[one.name].fields, one.answers) for one in instance.steps))
    money = payments.cards_of(actor, instance, definition, now)
    look = _Look(actor, instance, definition, entries, now, path, files, money)
    return [look.card(number, step) for number, step in enumerate(instance.steps, 1)]


def answer_rows(
    fields: Mapping[str, Any], values: Mapping[str, Any], step: Step, files: FilesOf
) -> list[dict[str, Any]]:
    """Questions with their answers in words, for `ui.summary_list`; pages of an instance make them here alone."""
    context = lookups.context_of(step.labels)
    return [files.row(name, field, values.get(name), context) for name, field in fields.items() if field.type != "info"]


@dataclass(frozen=True)
class _Look:
    """Somebody looks at an instance at a moment."""

    actor: Actor
    instance: Instance
    definition: FlowDefinition
    entries: Sequence[Entry]
    now: datetime
    path: str
    files: FilesOf
    money: Mapping[str, payments.Card]

    def card(self, number: int, step: Step) -> Card:
        rule = self.definition.steps[step.name]
        own = [entry for entry in self.entries if entry.step == step.name]
        seen = withholding.rule_for(self.actor, self.instance, step, rule)
        right = self._deciding.right(self.instance, step, rule)
        return Card(
            number=number,
            step=step,
            rule=rule,
            who=PARTY_WORDS[step.actor],
            tag=step_tag(step),
            can=frozenset(allowed.of_step(self.actor, self.instance, step, rule, self.now, right)),
            answers=self._answers(step, seen) if step.attempt else (),
            hidden=len(rule.fields) - len(seen.fields) if step.attempt else 0,
            sent=next((entry for entry in reversed(own) if _is_attempt(entry, step.attempt)), None),
            decisions=tuple(entry for entry in own if entry.kind in DECISIONS),
            after=tuple(_awaited(self.instance, self.definition, step)),
            money=self.money.get(step.name),
            has_files=answers.asks_for_files(rule.fields),
            endings=tuple((ending_in_words(self.definition, rule, ending), ending.if_) for ending in rule.outcome),
            approvals=len({entry.actor_id for entry in own if _is_approval(entry, step.attempt)}),
            instead_of=right.instead_of if right is not None else "",
            why_not=right.refusal if right is not None else "",
            latest=own[-1] if own else None,
        )

    def _answers(self, step: Step, seen: StepRule) -> list[dict[str, Any]]:
        buttons = revealing.addresses(self.path, self.instance, step, seen.fields)
        return revealing.with_buttons(answer_rows(seen.fields, step.answers, step, self.files), buttons)

    @cached_property
    def _deciding(self) -> Deciding:
        return Deciding(read_as(self.actor), self.actor, self.now)


def _is_attempt(entry: Entry, attempt: int) -> bool:
    return entry.kind == "step_submitted" and entry.facts.get("attempt") == attempt


def _is_approval(entry: Entry, attempt: int) -> bool:
    return entry.kind == "step_approved" and entry.facts.get("attempt") == attempt


def _awaited(instance: Instance, definition: FlowDefinition, step: Step) -> Iterator[str]:
    """Titles of the steps that have to be done before a locked one can start."""
    if step.state == "locked":
        states = {one.name: one.state for one in instance.steps}
        yield from (definition.steps[name].title for name in moves.awaited(definition, states, step.name))
