"""Whose language is spoken: the reader's inside of a block, English again after it, and never half of one."""

from __future__ import annotations

import pytest

from flows import words
from flows.words import N_, gettext, ngettext, spoken

pytestmark = pytest.mark.requirement("X23")


def test_english_is_said_as_it_is_written() -> None:
    assert gettext("Profile and security") == "Profile and security"
    assert gettext("At %(time)s", time="9:00") == "At 9:00"
    assert ngettext("%(num)s task", "%(num)s tasks", 1) == "1 task"
    assert ngettext("%(num)s task of %(who)s", "%(num)s tasks of %(who)s", 2, who="Priya") == "2 tasks of Priya"


def test_a_block_speaks_another_language_and_gives_it_back_even_when_it_breaks() -> None:
    with spoken("cy"):
        assert words.language() == "cy"
        with pytest.raises(ZeroDivisionError), spoken("en"):
            raise ZeroDivisionError
        assert words.language() == "cy"
    assert words.language() == "en"


def test_what_is_said_later_is_said_in_the_language_of_whoever_hears_it() -> None:
    later = words.saying("Order %(ref)s", ref=lambda: gettext("Monday"))
    with spoken("cy"):
        assert words.said(later, "en") == "Order Monday"
    assert words.said(later, "cy") == "Archeb dydd Llun"
    assert words.said("As it is", "cy") == "As it is"


def test_what_is_kept_is_kept_in_each_language_until_somebody_reads_it() -> None:
    kept = {"day": words.in_each(lambda: gettext("Monday")), "ref": words.in_each(lambda: "TI-1"), "n": 3}
    assert kept["ref"] == "TI-1"
    assert words.read_in("cy-GB", kept) == {"day": "dydd Llun", "ref": "TI-1", "n": 3}
    assert words.read_in("en", kept)["day"] == words.read_in("tlh", kept)["day"] == "Monday"


def test_where_it_is_known_who_may_read_it_nothing_is_said_in_another_language() -> None:
    asked: list[str] = []
    assert words.in_each(lambda: asked.append(words.language()), ["en"]) is None
    assert asked == ["en"]
    assert words.read_in("cy", words.in_each(lambda: gettext("Monday"), ["cy"])) == "dydd Llun"


def test_a_kept_sentence_of_ours_is_told_again_and_anybody_elses_stays() -> None:
    with spoken("cy"):
        assert words.retold(N_("The order was cancelled")) == "Canslwyd yr archeb"
        assert words.retold("I changed my mind, 100%") == "I changed my mind, 100%"
        assert words.retold("") == "", "the head of a catalogue is no sentence"


def test_a_language_that_nobody_translated_is_said_in_english() -> None:
    with spoken("tlh"):
        assert gettext(N_("Profile and security")) == "Profile and security"


def test_a_region_speaks_its_base_language() -> None:
    with spoken("cy-GB"):
        assert gettext("Monday") == "dydd Llun"


def test_arabic_is_written_from_right_to_left() -> None:
    assert [words.direction(one) for one in ("ar", "ar-EG", "cy", "en")] == ["rtl", "rtl", "ltr", "ltr"]
