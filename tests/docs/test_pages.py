"""The pages for authors tell the truth: somebody follows them from top to bottom with Baton as it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import Reader, blocks, is_as_told
from tests.installed import ROOT, Installed

FOLLOWED = ("tutorial", "how-to")
LOOKED_AT = ("text",)
"""Kinds of block that are no sample: a picture in letters."""


def page(name: str) -> str:
    return (ROOT / "docs" / "flows" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.requirement("D2", "X31", "X32", "X35")
@pytest.mark.parametrize("name", FOLLOWED)
def test_what_a_page_says_is_what_happens(name: str, installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "reader").mkdir()
    seen = 0
    for command, told, printed in Reader(installed, tmp_path / "reader").follow(page(name)):
        assert is_as_told(told, printed), f"$ {command}\n{printed}\ninstead of\n{told}"
        seen += 1
    assert seen > 4


@pytest.mark.parametrize("name", [path.stem for path in sorted((ROOT / "docs" / "flows").glob("*.md"))])
def test_no_sample_stands_on_a_page_that_nobody_runs(name: str) -> None:
    samples = [block for block in blocks(page(name)) if block.kind not in LOOKED_AT]
    assert name in FOLLOWED or samples == []
    assert all(block.kind == "console" or block.file for block in samples)


@pytest.mark.parametrize(
    ("told", "printed", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\nc\n", False),
        ("a\n...\nc\n", "a\n1\n2\nc\n", True),
        ("a\n...\nc\n", "a\nc\n", True),
        ("took ...s\n", "took 1.5s\n", True),
        ("took ...s\n", "took 1.5s\nmore\n", False),
        ("", "anything\n", False),
    ],
)
def test_a_reader_compares_line_by_line(told: str, printed: str, same: bool) -> None:
    assert is_as_told(told, printed) is same
