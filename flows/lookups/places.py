"""From where a lookup is asked: the moment, the instance, and what it has chosen before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.catalogue import FlowDefinition
from flows.lookups.people import DEPARTMENTS, PEOPLE
from flows.models import Instance
from flows.plugin import About

_OWN = {"user": PEOPLE, "department": DEPARTMENTS}


@dataclass(frozen=True)
class Place:
    """`chosen` are the values of accepted answers by their source; `names_emails` tells people of one name apart."""

    now: datetime
    zone: str
    about: About | None = None
    chosen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names_emails: bool = False


def place_of(instance: Instance, definition: FlowDefinition, now: datetime, *, names_emails: bool = False) -> Place:
    about = About(
        instance.reference, instance.title, instance.source, instance.customer_name, instance.customer_address
    )
    return Place(now, instance.time_zone, about, _chosen(instance, definition), names_emails)


def source_of(field: Any) -> str | None:
    """Where the options of a field come from; None when it holds them itself, or needs none."""
    source: str | None = _OWN.get(field.type) or field.options_from
    return source


def values_of(fields: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(source, value) of every answer that was chosen from somewhere, those in lists too; blank ones are left out."""
    for name, one in fields.items():
        given = answers.get(name)
        if one.type == "list":
            for entry in given if isinstance(given, list) else ():
                yield from values_of(one.item, entry if isinstance(entry, Mapping) else {})
        elif (source := source_of(one)) is not None:
            yield from ((source, value) for value in _each(given) if isinstance(value, str) and value)


def _each(given: Any) -> Iterable[Any]:
    return given if isinstance(given, list) else (given,)


def _chosen(instance: Instance, definition: FlowDefinition) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for step in instance.steps:
        rule = definition.steps.get(step.name)
        for source, value in values_of(rule.fields, step.answers) if rule is not None else ():
            found.setdefault(source, set()).add(value)
    return {source: frozenset(values) for source, values in found.items()}
