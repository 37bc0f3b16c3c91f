"""What authors ask about their files: which flows are loaded, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from flows.authoring.lint_files import look_at, look_at_all
from flows.authoring.lint_reports import WRITERS
from flows.catalogue.loader import load
from flows.catalogue.problems import FlowProblem
from flows.catalogue.registry import Registry
from flows.catalogue.schema import FlowDefinition

MORE_LATER = "More is checked once these are mended: names, conditions, mails and times."
"""Said in the report when a flow could not be read as a whole."""


def list_flows(registry: Registry) -> str:
    """One row per flow, served or not, with where it came from and what is wrong with it."""
    rows = [("FLOW", "TITLE", "VERSION", "STARTS", "PLUGIN", "STATE")]
    for name, flow in sorted(registry.flows.items()):
        state = "archived" if flow.definition.archived else _counted(flow.problems)
        rows.append((name, flow.definition.title, flow.content_hash[:8], _starts(flow.definition), flow.plugin, state))
    rows += [(broken.file, "", "", "", broken.plugin, "NOT LOADED") for broken in registry.broken]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    problems = [problem.text() for broken in registry.broken for problem in broken.problems]
    return "\n".join([*lines, *(["", *problems] if problems else [])])


def lint_paths(
    paths: Sequence[Path | str] = (),
    format: str = "text",
    *,
    strict: bool = False,
    registry: Registry | None = None,
    sent: Collection[str] = (),
) -> tuple[str, int]:
    """Check files and folders; without any, everything that is loaded. The report, and 1 when something must be mended.

    2 when a path cannot be looked at. `format` is text, json, github or sarif; `strict` counts warnings as well; `sent`
    are mails that need no flow to be sent. Raises ValueError for another format.
    """
    if format not in WRITERS:
        raise ValueError(f"the format '{format}' is not known; use one of {', '.join(WRITERS)}")
    known = registry or load()
    all_looked = [look_at(Path(path), known, sent) for path in paths] if paths else [look_at_all(known, sent)]
    problems = [problem for looked in all_looked for problem in looked.problems]
    text = WRITERS[format](problems)
    if format == "text" and any(looked.early for looked in all_looked):
        text = f"{text}\n\n{MORE_LATER}"
    fails = any(problem.severity == "error" or strict for problem in problems)
    code = 2 if any(looked.unseen for looked in all_looked) else int(fails)
    return text.encode("utf-8", "replace").decode(), code


def _starts(definition: FlowDefinition) -> str:
    start = definition.start
    ways = [way for way in ("staff", "customer", "onboarding") if getattr(start, way)]
    return ", ".join([*ways, *([start.event] if start.event else [])])


def _counted(problems: Sequence[FlowProblem]) -> str:
    return f"{len(problems)} warning{'s' if len(problems) > 1 else ''}" if problems else "ok"
