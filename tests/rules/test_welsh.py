"""What people read is said in Welsh to whoever reads Welsh: refusals, days, and counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows.rules.passwords import ASK_FOR_YOURS, name_problems
from flows.rules.words import day_in_words
from flows.words import gettext, ngettext, spoken

pytestmark = pytest.mark.requirement("X23")


def test_a_day_is_written_in_the_readers_language() -> None:
    day = datetime(2026, 11, 28, 12, tzinfo=UTC)
    assert day_in_words(day, "Europe/London") == "Saturday 28 November 2026"
    with spoken("cy"):
        assert day_in_words(day, "Europe/London") == "dydd Sadwrn 28 Tachwedd 2026"


def test_a_refusal_is_said_in_the_readers_language() -> None:
    with spoken("cy"):
        (problem,) = name_problems("www.example.com", ASK_FOR_YOURS)
    assert problem.detail == "Rhowch enw heb gyfeiriad gwe ynddo"


def test_holes_and_numbers_are_filled_in_welsh() -> None:
    with spoken("cy"):
        assert gettext("Order %(ref)s", ref=1042) == "Archeb 1042"
        many = ngettext("You have %(num)s outstanding task.", "You have %(num)s outstanding tasks.", 3)
    assert many == "Tasgau sydd gennych i'w gwneud: 3."
