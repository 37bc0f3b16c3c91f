"""Of the single-letter slips in keys, references and values of the shipped flows, lint catches nearly all in place."""

from __future__ import annotations

import pytest

from tests.catalogue.shipped import FILES, problems_of, written
from tests.catalogue.typos import Slip, slips


@pytest.mark.requirement("X35")
def test_lint_catches_97_of_100_slips_on_their_line() -> None:
    tried, missed = 0, []
    for flow in FILES:
        known = {(problem.code, problem.line) for problem in problems_of(written(flow), flow)}
        for slip in slips(written(flow), seed=7):
            tried += 1
            if not _caught(slip, flow, known):
                missed.append(f"{flow}:{slip.line} {slip.was} -> {slip.now}")
    assert tried > 500
    assert len(missed) <= tried * 0.03, missed


def _caught(slip: Slip, flow: str, known: set[tuple[str, int]]) -> bool:
    found = {(problem.code, problem.line) for problem in problems_of(slip.text, flow)}
    return any(line == slip.line for _, line in found - known)
