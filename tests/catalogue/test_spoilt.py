"""Whatever a flow file holds, lint says that it is right or where it is wrong, and never falls over."""

from __future__ import annotations

import pytest

from flows.catalogue.lint import EXPLANATIONS
from tests.catalogue.shipped import problems_of
from tests.catalogue.spoilt import spoilt


@pytest.mark.requirement("X35")
def test_150_spoilt_files_are_right_or_wrong_at_a_place() -> None:
    clean = 0
    for flow, raw in spoilt(150, seed=35):
        found = problems_of(raw, flow)
        clean += not found
        lines = raw.count(b"\n") + 1
        for problem in found:
            assert problem.code in EXPLANATIONS
            assert problem.message
            in_flow = problem.file == f"{flow}.flow.yaml"
            assert 1 <= problem.line <= lines if in_flow else problem.line >= 1, problem.text()
            assert problem.column >= 1
    assert clean < 75
