"""Holes in words: where none is ever filled, and what only looks like one; both would be read as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flows.catalogue.lint.expressions import every_string
from flows.catalogue.lint.report import Report
from flows.catalogue.schema import FlowDefinition
from flows.catalogue.source import Path
from flows.catalogue.translation import words_of

ALMOST = re.compile(r"(?<!\$)\{\{\s*([^{}]+?)\s*\}\}|\$\{(?!\{)\s*([A-Za-z_][\w.]*)\s*\}")
_NOT_FOR_PEOPLE = frozenset({"pattern", "body", "with", "i18n", "url"})
_INSTEAD = "say it in the help of a step or page, or in a question of the type info"


def check_holes(definition: FlowDefinition, report: Report) -> None:
    """Errors for holes in words that are the same for everybody, warnings for `{{ }}` and `${ }`."""
    same = words_for_everybody(definition)
    for path, text in every_string(definition):
        if path in same and (at := text.find("${{")) >= 0:
            message = f"no hole is filled in {_called(path)}: it says the same to everybody"
            report.at_value("F235", path, message, _INSTEAD, offset=at)
        if not _NOT_FOR_PEOPLE.isdisjoint(path):
            continue
        for written, inside, at in almost(text):
            cure = _INSTEAD if path in same else f"did you mean ${{{{ {inside} }}}}?"
            report.at_value("F236", path, f"{written} is shown as it is written", cure, "warning", offset=at)


def words_for_everybody(definition: FlowDefinition) -> frozenset[Path]:
    """Words that lists, searches and histories show too, where no answers are at hand."""
    said = {path for path in words_of(definition) if not _is_told_to_somebody(path, definition)}
    return frozenset({*said, *(("keywords", number) for number in range(len(definition.keywords)))})


def almost(text: str) -> Iterator[tuple[str, str, int]]:
    """What is written almost as a hole, what it has inside, and where."""
    for found in ALMOST.finditer(text):
        yield found[0], found[1] or found[2], found.start()


def _is_told_to_somebody(path: Path, definition: FlowDefinition) -> bool:
    if "notice" in path or path[0] == "outcomes":
        return path[-1] != "label"
    if path[0] != "steps":
        return False
    inside = path[2:]
    if inside == ("help",) or (inside[0] == "pages" and inside[-1] == "help"):
        return True
    rule = definition.steps[str(path[1])]
    return len(inside) == 3 and inside[0] == "fields" and rule.fields[str(inside[1])].type == "info"


def _called(path: Path) -> str:
    if len(path) > 1 and path[-2] in ("options", "status_labels", "keywords"):
        return {"options": "an option", "status_labels": "the name of a status", "keywords": "a keyword"}[str(path[-2])]
    return {"help": "the help of a flow", "text": "the help of a flow", "summary": "a summary"}.get(
        str(path[-1]), f"a {path[-1]}"
    )
