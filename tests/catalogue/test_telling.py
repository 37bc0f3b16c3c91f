"""The reports of lint for machines: SARIF 2.1.0 and GitHub's annotations, and a word on every code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from flows.authoring.checks import lint_paths
from flows.catalogue.lint import EXPLANATIONS
from tests.catalogue.shipped import shipped, written

WRONG = written("coro-order-fulfilment").replace("[3d, 5d, 7d]", "[5d, 3d, 8d]")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One warning and one error, in a file whose path would end a GitHub property and is no URI as it is."""
    folder = tmp_path / "my flows, 100%"
    folder.mkdir()
    (folder / "coro-order-fulfilment.flow.yaml").write_text(WRONG)
    return folder / "coro-order-fulfilment.flow.yaml"


def said(form: str, file: Path) -> str:
    return lint_paths([file], form, registry=shipped())[0]


@pytest.mark.requirement("X35")
def test_sarif_has_what_a_reader_of_it_needs(file: Path) -> None:
    log: dict[str, Any] = json.loads(said("sarif", file))
    assert (log["version"], log["$schema"]) == ("2.1.0", "https://json.schemastore.org/sarif-2.1.0.json")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "baton flows lint"
    assert run["columnKind"] == "unicodeCodePoints"
    assert {rule["id"]: rule["shortDescription"]["text"] for rule in rules} == EXPLANATIONS
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [("F316", "warning"), ("F310", "error")]
    for one in run["results"]:
        assert rules[one["ruleIndex"]]["id"] == one["ruleId"]
        assert one["message"]["text"]
        (place,) = one["locations"]
        assert place["physicalLocation"]["region"]["startLine"] == 45
        assert place["physicalLocation"]["region"]["startColumn"] >= 17
        assert "/my%20flows%2C%20100%25/" in place["physicalLocation"]["artifactLocation"]["uri"]


@pytest.mark.requirement("X35")
def test_github_is_told_one_annotation_a_line(file: Path) -> None:
    form = r"::(error|warning) file=([^,:]*),line=(\d+),col=(\d+),title=(F\d{3})::(.+)"
    found = [re.fullmatch(form, line) for line in said("github", file).split("\n")]
    assert [(one[1], one[3], one[4], one[5]) for one in found if one] == [
        ("warning", "45", "17", "F316"), ("error", "45", "21", "F310"),
    ]  # fmt: skip
    assert all(one and "my flows%2C 100%25/" in one[2] for one in found)
