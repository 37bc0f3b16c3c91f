"""`lint --explain`: every code that lint can say has words and an example, and the example does what it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from flows.authoring.checks import lint_paths
from flows.authoring.explaining import Piece, codes_like, explain, explained
from flows.catalogue.lint import EXPLANATIONS
from flows.catalogue.loader import load_packages
from tests.catalogue.examples import written
from tests.catalogue.shipped import ROOT, entry_points, shipped

pytestmark = pytest.mark.requirement("X35")


def said_of(pieces: tuple[Piece, ...], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Severity and code of everything that lint says of the files of an example."""
    files = written(pieces, folder)
    if any(file.suffix == ".py" for file in files):
        return _said_of_packages(files, folder, monkeypatch)
    if len({file.parent for file in files if file.name.endswith(".flow.yaml")}) > 1:
        registry = load_packages([], [folder])
        return [(one.severity, one.code) for broken in registry.broken for one in broken.problems]
    asked = files if files[0].suffix == ".txt" else [folder]
    report, _ = lint_paths(asked, "github", registry=shipped())
    return re.findall(r"^::(\w+) .*?title=([FS]\d{3})::", report, re.MULTILINE)


def _said_of_packages(files: list[Path], folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    monkeypatch.syspath_prepend(str(folder))
    name = files[0].parent.name
    sys.modules.pop(name, None)
    registry = load_packages([*entry_points().items(), (name, name)])
    return [(one.severity, one.code) for broken in registry.broken for one in broken.problems]


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_the_wrong_example_has_the_mistake_and_the_right_one_nothing(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = explained()[code]
    (tmp_path / "wrong").mkdir()
    (tmp_path / "right").mkdir()
    wrong = said_of(found.wrong, tmp_path / "wrong", monkeypatch)
    assert {one for _, one in wrong} == {code}, wrong
    assert said_of(found.right, tmp_path / "right", monkeypatch) == []


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_an_explanation_is_more_than_a_sentence(code: str) -> None:
    words = explain(code.lower())
    assert words is not None
    assert words.startswith(f"{code}: {EXPLANATIONS[code]}\n\n")
    assert words.index("\nWrong:\n") < words.index("\nRight:\n")
    assert len(explained()[code].words) > 50
    assert max(map(len, words.split("\n"))) <= 130


def test_every_code_that_is_said_is_explained_and_no_other() -> None:
    sources = [path for path in (ROOT / "flows").rglob("*.py") if path.name != "explanations.py"]
    codes = {code for path in sources for code in re.findall(r'"([FS]\d{3})"', path.read_text(encoding="utf-8"))}
    assert codes == EXPLANATIONS.keys()


def test_a_code_that_there_is_not_is_told_with_those_that_there_are() -> None:
    assert explain("F000") is None
    assert codes_like("f10") == "did you mean F101 or F102 or F104 or F105 or F106 or F107 or F108 or F109?"
    assert codes_like("F5O1") == "did you mean F501?"
    assert codes_like("tea") == f"there are {', '.join(sorted(EXPLANATIONS))}"
