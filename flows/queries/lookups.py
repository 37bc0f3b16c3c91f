"""What there is to choose from, for forms, pages and the API: at most 20, and only for whoever is asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from flows import lookups
from flows.access import read_as
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Link
from flows.lookups import Found, Place
from flows.lookups.people import Labels
from flows.models import Instance
from flows.plugin import Option
from flows.queries.files import FilesOf, files_of
from flows.rules import private
from flows.rules.actors import Actor
from flows.rules.answers import AnswerContext, Unavailable
from flows.rules.errors import Refused
from flows.rules.moves import WITH_ACTOR
from flows.rules.people import is_among
from flows.words import gettext as _

NOTHING = Found(())
context_of = lookups.context_of


@dataclass(frozen=True)
class Choices:
    """What `ui.field` shows for one control: pairs to choose from, and a search where there are more than 20.

    `searched` is the query that was asked, None before anybody searched; `narrowed` when what there is depends on
    another answer of the form, `waits` while that is not given; `away` when nothing can be asked now.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    more: bool = False
    searched: str | None = None
    narrowed: bool = False
    waits: bool = False
    away: bool = False

    @property
    def is_search(self) -> bool:
        return self.more or self.narrowed or self.searched is not None


def options(
    actor: Actor,
    instance: Instance,
    definition: FlowDefinition,
    source: str,
    query: str,
    now: datetime,
    within: str | None = None,
) -> Found:
    """At most 20 options of a source that this actor may be asked for here (API: GET /lookups/...).

    Refused for any other source: a lookup may know more people and addresses than the reader may. Raises Unavailable.
    """
    if source not in set(_sources(actor, instance, definition)):
        raise Refused(_("No such lookup"))
    place = lookups.place_of(instance, definition, now, names_emails=actor.is_staff)
    return lookups.search(read_as(actor), place, source, query, within)


def may_link(actor: Actor, instance: Instance, link: Link) -> bool:
    """Whether the actor is among those who may make or undo a link of this instance (`by`; staff need `create`)."""
    return is_among(actor, link.by, instance.standing) and (not actor.is_staff or actor.may("create"))


def found_for_link(
    actor: Actor, instance: Instance, definition: FlowDefinition, name: str, query: str, now: datetime
) -> Found:
    """What there is to link to, with the facts that tell the right one."""
    place = lookups.place_of(instance, definition, now, names_emails=True)
    return lookups.search(read_as(actor), place, definition.links[name].lookup, query)


def choices_of_step(
    actor: Actor,
    instance: Instance,
    definition: FlowDefinition,
    step_name: str,
    values: Mapping[str, Any],
    now: datetime,
    typed: Callable[[str], str | None] = lambda _control: None,
) -> dict[str, Choices]:
    """Choices by the name of the control (`slot`, `pets-0-kind`), for every field of a step that needs them.

    `typed(control)` is what somebody searched for there, None when nobody did.
    """
    place = lookups.place_of(instance, definition, now, names_emails=actor.is_staff)
    step = instance.step(step_name)
    labels: Labels = (step.labels if step is not None else None) or {}
    return choices(read_as(actor), place, definition.steps[step_name].fields, values, labels, typed)


def choices(
    session: Session,
    place: Place,
    fields: Mapping[str, Any],
    values: Mapping[str, Any],
    labels: Labels,
    typed: Callable[[str], str | None] = lambda _control: None,
) -> dict[str, Choices]:
    """As `choices_of_step`, for any fields; the same question is asked once."""
    asked: dict[tuple[str, str, str | None], Choices] = {}
    found: dict[str, Choices] = {}
    for control, field, value, within in _controls(fields, values):
        source, searched = lookups.source_of(field) or "", typed(control)
        key, waits = (source, searched or "", within), bool(field.within) and within is None
        if not waits and key not in asked:
            asked[key] = _ask(session, place, *key)
        chosen = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str) and one]
        shown = replace(Choices(waits=True) if waits else asked[key], searched=searched, narrowed=bool(field.within))
        found[control] = _with_chosen(session, place, source, within, shown, chosen, labels.get(source, {}))
    return found


def _sources(actor: Actor, instance: Instance, definition: FlowDefinition) -> Iterator[str]:
    """Sources of the questions that this actor could answer now, and of the links that they could make."""
    if not instance.is_open or (actor.is_staff and not actor.may("create")):
        return
    for step in instance.steps:
        rule = definition.steps.get(step.name)
        if rule is not None and step.state in WITH_ACTOR and (actor.is_staff or step.actor == actor.kind):
            yield from _sources_in(rule.fields.values())
    for action in definition.actions.values():
        if is_among(actor, action.by, instance.standing):
            yield from _sources_in(action.fields.values())
    for link in definition.links.values():
        if may_link(actor, instance, link):
            yield link.lookup


def _sources_in(fields: Collection[Any]) -> Iterator[str]:
    for field in fields:
        if field.type == "list":
            yield from _sources_in(field.item.values())
        elif source := lookups.source_of(field):
            yield source


def _controls(
    fields: Mapping[str, Any], values: Mapping[str, Any], before: str = ""
) -> Iterator[tuple[str, Any, Any, str | None]]:
    """(control, field, its value, department it is narrowed to) of each one that chooses from somewhere else."""
    for name, field in fields.items():
        value = values.get(name)
        if field.type == "list":
            entries = value if isinstance(value, list) else []
            for n, entry in enumerate(entries):
                inner = entry if isinstance(entry, Mapping) else {}
                yield from _controls(field.item, inner, f"{before}{name}-{n}-")
        elif lookups.source_of(field):
            within = str(values.get(field.within) or "") or None if field.within else None
            yield f"{before}{name}", field, value, within


def _ask(session: Session, place: Place, source: str, query: str, within: str | None) -> Choices:
    try:
        found = lookups.search(session, place, source, query, within)
    except Unavailable:
        return Choices(away=True)
    return Choices(tuple((option.value, _words(option)) for option in found.options), found.more)


def _with_chosen(
    session: Session,
    place: Place,
    source: str,
    within: str | None,
    shown: Choices,
    chosen: list[str],
    labels: Mapping[str, str],
) -> Choices:
    """What is chosen already stays choosable, first, though it is not among the 20; what is no choice is left out."""
    missing = [value for value in chosen if value not in dict(shown.pairs)]
    known: list[tuple[str, str]] = []
    for value in missing:
        if within is None and value in labels:
            known.append((value, labels[value]))
        elif not shown.away and (option := _one(session, place, source, value, within)) is not None:
            known.append((value, _words(option)))
    return replace(shown, pairs=(*known, *shown.pairs)) if known else shown


def _one(session: Session, place: Place, source: str, value: str, within: str | None) -> Option | None:
    try:
        return lookups.one(session, place, source, value, within)
    except Unavailable:
        return None


def _words(option: Option) -> str:
    return f"{option.label} ({option.detail})" if option.detail else option.label


def asked_at_start(
    actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime, files: FilesOf | None = None
) -> list[dict[str, Any]]:
    """What was asked when it began, for `ui.summary_list`, as far as this actor may read it (X20); staff see inputs.

    What was chosen from somewhere is in the words it has there. `files` are those of the instance, where they are at
    hand; else they are asked for when there are some.
    """
    given = {name: field for name, field in definition.start.inputs.items() if name in instance.inputs}
    asked = {**(given if actor.is_staff else {}), **definition.start.fields}
    fields, values = private.fields_for(actor, asked, instance.standing), instance.inputs
    place = lookups.place_of(instance, definition, now)
    found = choices(read_as(actor), place, fields, values, {})
    files = files if files is not None else files_of(actor, instance, (fields, values))
    context = AnswerContext(today=place.now.date(), zone=place.zone)
    rows = []
    for name, field in fields.items():
        if field.type in ("info", "object"):  # an object is what an event brought, for the flow's own conditions
            continue
        row, value = files.row(name, field, values.get(name), context), values.get(name)
        label = dict(found[name].pairs).get(value) if name in found and isinstance(value, str) else None
        rows.append({**row, "value": label or row["value"]})
    return rows
