"""A line that is cut again and again, before the real product: both sides hold everything, in one order, none twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MESSAGES, CUTS = 200, 8


@pytest.mark.requirement("C47", "C48", "D4")
@pytest.mark.parametrize("database", ["sqlite"])
def test_both_sides_hold_every_message_however_often_the_line_is_cut(database: str) -> None:
    """The bench of the same name, made small, in a process of its own."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.bench.cuts", str(MESSAGES), str(CUTS)],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout + told.stderr
    assert f"{MESSAGES} messages, 0 cuts" not in told.stdout, "it was over before the line was cut"
    assert told.stdout.count(f"holds {MESSAGES}, twice 0,") == 2
    assert told.stdout.count("numbers without a gap: True") == 2
