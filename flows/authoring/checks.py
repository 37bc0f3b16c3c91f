"""What authors ask about their files: which flows are loaded, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flows.catalogue.lint import EXPLANATIONS, lint
from flows.catalogue.loader import SUFFIX, load, plugin_of_folder
from flows.catalogue.problems import FlowProblem
from flows.catalogue.reader import read_flow
from flows.catalogue.registry import Registry
from flows.catalogue.schema import FlowDefinition

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


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
) -> tuple[str, int]:
    """Check files and folders; without any, everything that is loaded. The report, and 1 when something must be mended.

    `format` is text, json, github or sarif; `strict` counts warnings as well. Raises ValueError for another format.
    """
    if format not in WRITERS:
        raise ValueError(f"the format '{format}' is not known; use one of {', '.join(WRITERS)}")
    known = registry or load()
    problems = [problem for path in paths for problem in _check(Path(path), known)] if paths else _all_of(known)
    fails = any(problem.severity == "error" or strict for problem in problems)
    return WRITERS[format](problems), int(fails)


def explain(code: str) -> str | None:
    """What a code means, for `--explain`; None when there is no such code."""
    return EXPLANATIONS.get(code.upper())


def _starts(definition: FlowDefinition) -> str:
    start = definition.start
    ways = [way for way in ("staff", "customer", "onboarding") if getattr(start, way)]
    return ", ".join([*ways, *([start.event] if start.event else [])])


def _counted(problems: Sequence[FlowProblem]) -> str:
    return f"{len(problems)} warning{'s' if len(problems) > 1 else ''}" if problems else "ok"


def _all_of(registry: Registry) -> list[FlowProblem]:
    served = (problem for flow in registry.flows.values() for problem in flow.problems)
    return [*served, *(problem for broken in registry.broken for problem in broken.problems)]


def _check(path: Path, registry: Registry) -> Iterator[FlowProblem]:
    files = _files(path)
    if not files:
        said = "no flow files here" if path.exists() else "there is no such file or folder"
        yield FlowProblem("F903", "error", said, str(path))
    for file in files:
        try:
            raw = file.read_bytes()
        except OSError as wrong:
            yield FlowProblem("F901", "error", f"the file cannot be read ({wrong.strerror})", str(file))
            continue
        yield from _check_one(raw, file, registry)


def _check_one(raw: bytes, file: Path, registry: Registry) -> Iterator[FlowProblem]:
    reading = read_flow(raw, str(file))
    yield from reading.problems
    if reading.definition is None:
        return
    try:
        beside = registry.seen_from(plugin_of_folder(file.parent, name=""), reading.definition.flow)
    except OSError as wrong:
        yield FlowProblem("F901", "error", f"a mail beside this flow cannot be read ({wrong})", str(file))
        return
    _learn_flows(beside, reading.definition, file)
    yield from lint(reading.definition, beside, reading.source)


def _learn_flows(registry: Registry, definition: FlowDefinition, file: Path) -> None:
    """The flows beside this one, if it starts one that is not installed."""
    if registry.known.keys() >= {one.flow for one in definition.children.values()}:
        return
    for beside in _files(file.parent):
        found = read_flow(beside.read_bytes(), str(beside)).definition
        if found is not None:
            registry.known.setdefault(found.flow, found)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.is_file() else []
    return sorted(path.rglob(f"*{SUFFIX}")) or sorted(path.glob("*.yaml"))


def _as_text(problems: Iterable[FlowProblem]) -> str:
    return "\n".join(problem.text() for problem in problems) or "ok"


def _as_json(problems: Iterable[FlowProblem]) -> str:
    return json.dumps([problem.plain() for problem in problems], indent=1, ensure_ascii=False)


def _as_github(problems: Iterable[FlowProblem]) -> str:
    return "\n".join(
        f"::{one.severity} file={_property(one.file)},line={one.line},col={one.column},title={one.code}::"
        + _data(one.sentence())
        for one in problems
    )


def _data(text: str) -> str:
    """A workflow command is one line: what would end it is escaped."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """A property of a workflow command also ends at a colon or a comma."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _as_sarif(problems: Iterable[FlowProblem]) -> str:
    rules = [{"id": code, "shortDescription": {"text": words}} for code, words in EXPLANATIONS.items()]
    numbers = {code: number for number, code in enumerate(EXPLANATIONS)}
    driver = {"name": "baton flows lint", "rules": rules}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, numbers) for one in problems],
    }
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=1, ensure_ascii=False)


def _result(one: FlowProblem, numbers: Mapping[str, int]) -> dict[str, Any]:
    """A problem as SARIF says it; the file is a URI, so that spaces in its path are escaped."""
    region = {"startLine": one.line, "startColumn": one.column}
    place = {"artifactLocation": {"uri": quote(Path(one.file).as_posix())}, "region": region}
    return {
        "ruleId": one.code,
        "ruleIndex": numbers[one.code],
        "level": one.severity,
        "message": {"text": one.sentence()},
        "locations": [{"physicalLocation": place}],
    }


WRITERS: dict[str, Callable[[Iterable[FlowProblem]], str]] = {
    "text": _as_text,
    "json": _as_json,
    "github": _as_github,
    "sarif": _as_sarif,
}
