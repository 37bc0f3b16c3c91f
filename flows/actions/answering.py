"""What checking answers asks of lookups and pickers: is this value one that may be chosen, and what is it called."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from flows import lookups
from flows.catalogue import FlowDefinition
from flows.lookups import DEPARTMENTS, PEOPLE, Place
from flows.models import Instance, Step
from flows.plugin import Option
from flows.rules import timing
from flows.rules.answers import AnswerContext, Unavailable
from flows.work import Work


def with_sources(
    work: Work, instance: Instance, definition: FlowDefinition, step: Step, context: AnswerContext
) -> AnswerContext:
    """The same context, able to ask lookups and pickers. What is found is kept on the step (`Step.labels`).

    What a sensitive answer is called is not kept, and neither is what stands in no answer or draft any more.
    """
    fields = definition.steps[step.name].fields
    choosing_ones = [one for one in _every(fields.values()) if lookups.source_of(one)]
    if not choosing_ones:
        return context
    _forget(step, {*lookups.values_of(fields, step.answers), *lookups.values_of(fields, step.draft or {})})
    private = {lookups.source_of(one) for one in choosing_ones if one.sensitive}
    asker = _Asker(work.session, lookups.place_of(instance, definition, work.now), step, private)
    return replace(context, lookup=asker.label, people=asker.person)


def choosing(session: Session, place: Place) -> AnswerContext:
    """The same where there is no step to keep labels on: what is asked at the start, or before an action."""
    asker, today = _Asker(session, place), timing.local_date(place.now, place.zone)
    scope = {"now": place.now.isoformat()}
    return AnswerContext(today=today, zone=place.zone, scope=scope, lookup=asker.label, people=asker.person)


@dataclass
class _Asker:
    """Asks once a value; a source that was away is not asked again for the same form, or each field would wait."""

    session: Session
    place: Place
    step: Step | None = None
    private: set[str | None] = field(default_factory=set)
    away: set[str] = field(default_factory=set)
    known: dict[tuple[str, str, str | None], Option | None] = field(default_factory=dict)

    def label(self, source: str, value: str) -> str | None:
        return self._ask(source, value, None)

    def person(self, kind: str, person_id: int | str, within: int | str | None) -> str | None:
        """Opaque ids alone: a number that somebody counted up to names nobody."""
        if not isinstance(person_id, str):
            return None
        return self._ask(PEOPLE if kind == "user" else DEPARTMENTS, person_id, None if within is None else str(within))

    def _ask(self, source: str, value: str, within: str | None) -> str | None:
        if source in self.away:
            raise Unavailable(f"{source} was away a moment ago")
        try:
            option = self._found(source, value, within)
        except Unavailable:
            self.away.add(source)
            raise
        if option is not None and self.step is not None and source not in self.private:
            _keep(self.step, source, option.value, option.label)
        return None if option is None else option.label

    def _found(self, source: str, value: str, within: str | None) -> Option | None:
        asked = (source, value, within)
        if asked not in self.known:
            self.known[asked] = lookups.one(self.session, self.place, *asked)
        return self.known[asked]


def _keep(step: Step, source: str, value: str, label: str) -> None:
    """A new object each time, or the column would not notice."""
    known = step.labels or {}
    if known.get(source, {}).get(value) != label:
        step.labels = {**known, source: {**known.get(source, {}), value: label}}


def _forget(step: Step, in_use: Collection[tuple[str, str]]) -> None:
    known: dict[str, dict[str, str]] = step.labels or {}
    left = {
        source: {value: label for value, label in labels.items() if (source, value) in in_use}
        for source, labels in known.items()
    }
    if left != known:
        step.labels = left


def _every(fields: Iterable[Any]) -> Iterator[Any]:
    """The fields and, below lists, theirs."""
    for one in fields:
        yield one
        if one.type == "list":
            yield from _every(one.item.values())
