"""Words that people can use: labels that differ, links that say where they lead, pages that are not too long."""

from __future__ import annotations

from flows.catalogue.lint.fields import groups
from flows.catalogue.lint.report import Report
from flows.catalogue.schema import FlowDefinition
from flows.catalogue.translation import cut_words, words_of

MOST_FIELDS = 8


def check_content(definition: FlowDefinition, report: Report) -> None:
    """Warnings only: the flow works, people may stumble."""
    for path, fields in groups(definition):
        seen: dict[str, str] = {}
        for name, field in fields.items():
            first = seen.setdefault(field.label.casefold(), name)
            if first != name:
                message = f"'{first}' and '{name}' have the same label; people cannot tell them apart"
                report.at_value("F701", (*path, name, "label"), message, "", "warning")
    words = words_of(definition)
    for problem in cut_words(words, report.source):
        report.take(problem)
    for path, text in words.items():
        if "click here" in text.lower():
            report.at_value(
                "F702", path, "'click here' says nothing about where it leads", "name the target", "warning"
            )
    for name, step in definition.steps.items():
        if len(step.fields) > MOST_FIELDS and not step.pages:
            message = f"{len(step.fields)} fields on one page; at most {MOST_FIELDS} are easy to fill in"
            report.at_key("F703", ("steps", name, "fields"), message, "divide it with 'pages'", "warning")
