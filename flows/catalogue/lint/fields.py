"""Fields: their names are unique, their limits make sense, what they point to exists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from flows.catalogue.lint.report import Report
from flows.catalogue.lint.structure import exactly_one
from flows.catalogue.problems import closest, cure_among
from flows.catalogue.schema import FlowDefinition, FlowField
from flows.catalogue.schema.words import listed
from flows.catalogue.source import Path
from flows.rules.answers.dates import day_of

RESERVED = frozenset(
    {"data", "ask", "child", "customer", "creator", "assignee", "actor", "instance", "links", "settings", "now"}
)

SOME_DAYS = (date(2027, 1, 31), date(2028, 2, 29), date(2028, 7, 15))
"""A limit of months or years is that many days or some more."""


def check_fields(definition: FlowDefinition, report: Report) -> None:
    """Every group of fields of the flow."""
    _check_unique(definition, report)
    for name in RESERVED & definition.start.inputs.keys():
        report.at_key("F205", ("start", "inputs", name), f"'{name}' already means something; use another name")
    for path, fields in groups(definition):
        for name, field in fields.items():
            _check_field(field, (*path, name), fields, report)
    for path, fields in groups(definition):
        if path[0] == "actions":
            for name in (name for name, field in fields.items() if field.type == "file"):
                message = f"the action asks for a file in '{name}', and no file comes with an action"
                report.at_key("F210", (*path, name), message, "take it out: files come with comments")
    _check_roles(report)


def groups(definition: FlowDefinition) -> Iterator[tuple[Path, dict[str, FlowField]]]:
    """Every map of fields with its place; the items of lists as well."""
    yield from with_items(("start", "inputs"), definition.start.inputs)
    yield from with_items(("start", "fields"), definition.start.fields)
    for name, step in definition.steps.items():
        yield from with_items(("steps", name, "fields"), step.fields)
    for name, action in definition.actions.items():
        yield from with_items(("actions", name, "fields"), action.fields)


def with_items(path: Path, fields: dict[str, FlowField]) -> Iterator[tuple[Path, dict[str, FlowField]]]:
    """A map of fields with its place, and below it those of its lists."""
    yield path, fields
    for name, field in fields.items():
        if field.item:
            yield from with_items((*path, name, "item"), field.item)


def _check_unique(definition: FlowDefinition, report: Report) -> None:
    """An answer is `data.<field>`, and that of a payment `data.<step>`."""
    taken = dict.fromkeys(definition.start.fields, "the start")
    for step_name, step in definition.steps.items():
        for name in step.fields:
            if name in taken:
                message = f"the field '{name}' is already asked in {taken[name]}; names are unique in a flow"
                report.at_key("F203", ("steps", step_name, "fields", name), message)
            taken.setdefault(name, f"the step '{step_name}'")
    for step_name, step in definition.steps.items():
        if step.payment and step_name in taken:
            message = f"'data.{step_name}' would be both the payment and the field asked in {taken[step_name]}"
            report.at_key("F203", ("steps", step_name), message)


def _check_field(field: FlowField, path: Path, fields: dict[str, FlowField], report: Report) -> None:
    if field.type in ("choice", "choices"):
        given = {"options": field.options, "options_from": field.options_from}
        exactly_one(given, path, report, "write options: {first: First, second: Second}")
        _check_default(field, path, report)
    if field.pattern:
        _check_pattern(field.pattern, (*path, "pattern"), report)
    if field.within:
        beside = [name for name, other in fields.items() if other.type == "department"]
        if field.within not in beside:
            message = f"'{field.within}' is no department field beside this one"
            report.at_value("F206", (*path, "within"), message, cure_among(field.within, beside))
    if _ends_before_it_begins(field.min, field.max):
        report.at_value("F109", (*path, "max"), f"the most ({field.max}) is less than the least ({field.min})")


def _ends_before_it_begins(least: object, most: object) -> bool:
    """Whether no answer lies between; nobody can say it of one limit that moves with the day and one that does not."""
    if isinstance(least, int | float) and isinstance(most, int | float):
        return least > most
    if not (isinstance(least, str) and isinstance(most, str)):
        return False
    moving = [text.startswith(("today", "now")) for text in (least, most)]
    if len(set(moving)) > 1:
        return False
    try:
        return all(day_of(_day(least), today) > day_of(_day(most), today) for today in SOME_DAYS)
    except ValueError:
        return False  # no such day, of which is told elsewhere


def _day(limit: str) -> str:
    """A limit without its time of the day."""
    return limit[:10] if limit[:1].isdigit() else re.sub(r"now([+-]\d+[mh])?", "today", limit)


def _check_default(field: FlowField, path: Path, report: Report) -> None:
    if field.options is None or field.default is None:
        return
    for chosen in listed(field.default):
        if chosen not in field.options and "${{" not in chosen:
            cure = cure_among(chosen, field.options)
            report.at_value("F208", (*path, "default"), f"'{chosen}' is not among the options", cure)


def _check_pattern(pattern: str, path: Path, report: Report) -> None:
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as wrong:
        offset = getattr(wrong, "pos", 0) or 0
        report.at_value("F114", path, f"not a regular expression: {wrong}", offset=offset)


def _check_roles(report: Report) -> None:
    """Roles are declared nowhere in a flow; one used once that looks like one used elsewhere is probably misspelt."""
    used = list(_roles(report))
    counts = Counter(role for role, _ in used)
    for role, path in used:
        if counts[role] == 1 and (twin := _twin(role, counts)):
            report.at_value("F209", path, f"the role '{role}' is used only here", f"did you mean '{twin}'?", "warning")


def _roles(report: Report) -> Iterator[tuple[str, Path]]:
    for path, place in report.source.values.items():
        line = report.source.lines[place.line - 1] if place.line <= len(report.source.lines) else ""
        if found := re.match(r"role\.([a-z0-9_]+)", line[place.column - 1 + place.opening :]):
            yield found.group(1), path


def _twin(role: str, others: Iterable[str]) -> str | None:
    close = [other for other in others if other != role and abs(len(other) - len(role)) <= 1]
    return closest(role, close, alike=0.8)
