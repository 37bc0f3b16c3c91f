"""Refusals and answers of every kind in Welsh: no English word is left inside of a sentence (X23)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flows.rules import moves
from flows.rules.answers import AnswerContext, check, display
from flows.rules.errors import OutOfStep
from flows.words import spoken
from tests.rules.test_answers import Make

pytestmark = pytest.mark.requirement("X23")


def refused(field: Any, raw: Any, context: AnswerContext) -> str:
    with spoken("cy"):
        return check({"x": field}, {"x": raw}, context).problems[0].detail


def test_days_and_moments_are_said_in_it(field: Make, today: AnswerContext) -> None:
    assert refused(field("date", "Move-in", min="today"), "2026-11-23", today).endswith("heddiw neu'n hwyrach")
    assert "27 Tachwedd 2026" in refused(field("date", "Visit", min="today+3wd"), "2026-11-26", today)
    now = replace(today, scope={"now": "2026-11-24T10:00:00+00:00"})
    late = refused(field("datetime", "Slot", max="now-30m"), "2026-11-24T09:31", now)
    assert late.endswith("24 Tachwedd 2026 am 09:30 neu'n gynharach")
    with spoken("cy"):
        assert display(field("date", "Born"), "2026-11-28", today) == "28 Tachwedd 2026"
        assert display(field("datetime", "Slot"), "2026-11-28T09:30:00Z", today) == "28 Tachwedd 2026 am 09:30"


def test_parts_are_named_in_it(field: Make, today: AnswerContext) -> None:
    assert refused(field("date", "Born"), {"day": "1", "year": "2000"}, today).endswith("rhaid cynnwys mis")
    assert refused(field("address", "Home"), {"town": "Leeds"}, today).startswith("Rhowch llinell gyfeiriad 1")


def test_why_a_step_cannot_be_moved_is_said_in_it() -> None:
    with spoken("cy"), pytest.raises(OutOfStep) as refusal:
        moves.target("reopen", "open")
    assert refusal.value.detail.startswith("Ni allwch wneud hyn i'r cam nawr (ailagor): nid yw wedi'i gyflwyno eto.")
