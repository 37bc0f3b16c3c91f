"""How the findings of lint are written: for people, as JSON, as annotations of GitHub, as SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flows.catalogue.lint import EXPLANATIONS
from flows.catalogue.problems import FlowProblem

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


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
