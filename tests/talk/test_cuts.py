"""A line that is cut again and again, before the real product: both sides hold everything, in one order, none twice."""

from __future__ import annotations

import pytest

from tests.bench.cuts import talked

MESSAGES, CUTS = 200, 8


@pytest.mark.requirement("C47", "C48", "D4")
def test_both_sides_hold_every_message_however_often_the_line_is_cut() -> None:
    told = talked(MESSAGES, CUTS)
    home, desk = told.sides
    assert told.cuts > 0
    assert [seq for seq, _ in home.page.seen] == [*range(1, MESSAGES + 1)]
    assert home.page.seen == desk.page.seen
    assert {words for _, words in home.page.seen} == {
        f"{s} {n}" for s in ("home", "desk") for n in range(MESSAGES // 2)
    }
