"""Somebody of the staff looks at an instance at a moment: what rules read there, and what of it they may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from flows.access import read_as
from flows.actions import versions, withholding
from flows.actions.scope import scope_of
from flows.authoring.why.guarding import guarded
from flows.authoring.why.places import place_of
from flows.catalogue import FlowDefinition
from flows.catalogue.source import Path
from flows.models import FlowVersion, Instance
from flows.queries import past
from flows.queries.past import AsItWas, Life
from flows.queries.sentences import sentence, words_of_flow
from flows.rules import answers, private
from flows.rules.actors import Actor
from flows.rules.errors import Invalid
from flows.rules.explaining import UNKNOWN, Part, explain, value_of
from flows.rules.past import EventLike, Moment
from flows.rules.visibility import settled
from flows.rules.words import moment_in_words
from flows.words import N_
from flows.words import gettext as _

UNSEEN = N_("Not shown to you")
NOT_YET = N_("Not known yet")
EMPTY = N_("Empty")
LONGEST = 300


@dataclass(frozen=True)
class Value:
    """A name that a rule read. `known` is False while there is nothing yet; `hidden` where this reader sees none."""

    name: str
    text: str
    known: bool = True
    hidden: bool = False


@dataclass(frozen=True)
class Because:
    """The event that made it so, and who it was; `seq` is its place in the timeline."""

    seq: int
    at: datetime
    who: str
    kind: str
    sentence: str


@dataclass(frozen=True)
class Why:
    """One thing and its reason.

    `kind` and `name` say what it is about (step `pets`, field `pets.chip`, timer `nudge.1`), `what` says in a sentence
    how it is, `verdict` whether the rule holds (None: not yet known). `rule` is its text, "" where it is Baton's own;
    `place` is file:line in that version of the flow. `decided` are the parts of an and / or that made the verdict.
    """

    kind: str
    name: str
    what: str
    verdict: bool | None
    key: str = ""
    rule: str = ""
    place: str = ""
    values: tuple[Value, ...] = ()
    decided: tuple[str, ...] = ()
    because: Because | None = None
    note: str = ""

    @property
    def written(self) -> str:
        """The rule as the file has it, with its key: `when: data.has_pets == true`."""
        return f"{self.key}: {self.rule}" if self.key and not self.rule.startswith(f"{self.key}:") else self.rule


@dataclass(frozen=True)
class Look:
    """What is seen: the instance as it was, at `at`, by `actor`. `was` is None where nothing was recorded."""

    actor: Actor
    life: Life
    was: AsItWas | None
    instance: Instance
    at: datetime
    is_now: bool

    @cached_property
    def version(self) -> FlowVersion:
        return past.version_of(self.life, self.instance)

    @cached_property
    def definition(self) -> FlowDefinition:
        """What the flow said then, in the reader's language; what is private today was so then too."""
        self.instance.flow_version_id = self.version.id
        session = read_as(self.actor)
        then = versions.spoken_of(session, self.instance)
        if self.was is None or self.instance.flow_hash == self.life.today.flow_hash:
            return then
        return guarded(then, versions.definition_of(session, self.life.today), self.was.picture.renamed)

    @cached_property
    def states(self) -> dict[str, str]:
        return {step.name: step.state for step in self.instance.steps}

    @cached_property
    def scope(self) -> dict[str, Any]:
        """What the conditions of the steps read: answers that will not come any more are empty, not missing."""
        plain = scope_of(read_as(self.actor), self.instance, self.definition, self.at)
        return settled(self.definition, self.states, plain)

    @cached_property
    def private(self) -> frozenset[str]:
        return private.names_of(self.definition)

    @cached_property
    def unseen(self) -> frozenset[str]:
        """The names of answers that are for others (`visible_to`): today decides, not who stood there then."""
        today, start = self.life.today, self.definition.start
        found: set[str] = set()
        for before, fields in (("", start.inputs), ("data.", start.fields)):
            shown = private.fields_for(self.actor, fields, today.standing)
            found |= {before + name for name in fields if shown.get(name) is not fields[name]}
        for step in self.instance.steps:
            rule = self.definition.steps[step.name]
            shown = withholding.seen(self.actor, today, step, rule)
            found |= {f"data.{name}" for name in rule.fields if shown.get(name) is not rule.fields[name]}
        return frozenset(found)

    def before(self, moment: Moment) -> Look | None:
        """The same just before a moment: what its work found there. None where that was not recorded."""
        place = next(n for n, one in enumerate(self.life.moments) if one.seq == moment.seq)
        if not place or not self.life.shows(self.life.moments[place - 1]):
            return None
        was = self.life.at(self.life.moments[place - 1])
        return Look(self.actor, self.life, was, was.instance, moment.at, is_now=False)

    def after(self, moment: Moment) -> Look | None:
        if not self.life.shows(moment):
            return None
        was = self.life.at(moment)
        return Look(self.actor, self.life, was, was.instance, moment.at, is_now=False)

    @cached_property
    def moments(self) -> Sequence[Moment]:
        """What had happened until then."""
        return [one for one in self.life.moments if one.seq <= self.instance.event_seq]

    # --- how it is said -----------------------------------------------------------------------------------------

    def rule(
        self,
        kind: str,
        name: str,
        what: str,
        text: str,
        path: Path,
        scope: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> Why:
        """A condition of the flow, held against `scope` (what is known at this moment)."""
        known = self.scope if scope is None else scope
        whole = explain(text, known)
        decided = tuple(part.text for part in whole.decisive()) if whole.parts else ()
        values = self.values_of(whole, known)
        told = {"verdict": whole.verdict, **more}
        return Why(
            kind, name, what, key=str(path[-1]), rule=text, place=self.place(*path), values=values, decided=decided,
            **told,
        )  # fmt: skip

    def place(self, *path: str | int) -> str:
        return place_of(self.version, path)

    def values_of(self, part: Part, scope: Mapping[str, Any]) -> tuple[Value, ...]:
        return tuple(self.value(name, value_of(name, scope)) for name in sorted(part.names))

    def value(self, name: str, value: Any) -> Value:
        """A value as this reader may have it: sensitive ones masked, those of others not there (X20)."""
        if private.touches((name,), self.unseen):
            return Value(name, _(UNSEEN), value is not UNKNOWN, hidden=True)
        if value is UNKNOWN:
            return Value(name, _(NOT_YET), known=False)
        if value is None or value == "":
            return Value(name, _(EMPTY))
        if private.touches((name,), self.private):
            return Value(name, private.MASK, hidden=True)
        field = self._fields.get(name)
        text = answers.display(field, value) if field is not None else _written(value)
        return Value(name, text if len(text) <= LONGEST else f"{text[:LONGEST]}…")

    @cached_property
    def _fields(self) -> dict[str, Any]:
        given = {f"data.{name}": field for name, field in self.definition.all_fields().items()}
        return {**self.definition.start.inputs, **given}

    def because(self, *names: str, about: str = "") -> Because | None:
        """The newest moment that gave one of these values; of its events the one about a step, else the first."""
        if self.was is None:
            return None
        found = [moment for name in names if (moment := self.was.because(name)) is not None]
        if not found:
            return None
        moment = max(found, key=lambda one: one.seq)
        own = [one for one in moment.events if about and one.facts.get("step") == about]
        return self.told((own or [*moment.events])[0])

    def told(self, event: EventLike) -> Because:
        said = sentence(event.kind, event.facts, self.instance.time_zone, words_of_flow(self.instance.flow))
        return Because(event.seq, event.at, getattr(event, "actor_name", ""), event.kind, said)


def look_at(life: Life, actor: Actor, now: datetime, *, at: datetime | None = None, seq: int | None = None) -> Look:
    """At a moment, after an event, or now. Raises Invalid where there is nothing to see, or not yet."""
    if at is not None and at > now:
        said = _("%(moment)s has not come yet", moment=moment_in_words(at, life.today.time_zone))
        raise Invalid(said, "/moment", "not-yet")
    if at is None and seq is None:
        was = life.at(life.moments[-1]) if life.beginning is not None else None
        return Look(actor, life, was, life.today, now, is_now=True)
    was = life.at(life.find(at, seq))
    return Look(actor, life, was, was.instance, at or was.moment.at, is_now=False)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return _("true") if value else _("false")
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_written(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, list):
        return "; ".join(_written(one) for one in value)
    return str(value)
