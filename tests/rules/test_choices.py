"""Answers picked from somewhere else: narrowed, refused, or not to be asked right now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from flows.rules.answers import AnswerContext, Unavailable, check
from flows.words import spoken

Make = Callable[..., Any]
TEAM = {"usr_gus": "dep_repairs", "usr_maya": "dep_lettings"}


def away(_source: str, _value: str) -> str | None:
    raise Unavailable("the other side does not answer")


def people(kind: str, uid: int | str, within: int | str | None) -> str | None:
    if kind == "department":
        return str(uid) if uid in TEAM.values() else None
    return str(uid) if uid in TEAM and within in (None, TEAM[str(uid)]) else None


@pytest.mark.requirement("X17")
@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Street", "Street cannot be chosen right now; try again in a minute"),
        ("Pick a time", "The answer to “Pick a time” cannot be chosen right now; try again in a minute"),
        ("Which day?", "The answer to “Which day?” cannot be chosen right now; try again in a minute"),
    ],
)
def test_a_source_that_is_away_is_no_wrong_answer(field: Make, today: AnswerContext, label: str, words: str) -> None:
    for kind, given in (("choice", "a"), ("choices", ["a", "b"])):
        made = {"x": field(kind, label, options_from="test.away", required=True)}
        [problem] = check(made, {"x": given}, replace(today, lookup=away)).problems
        assert (problem.code, problem.detail) == ("options_unavailable", words)
        drafted = check(made, {"x": given}, replace(today, lookup=away), partial=True)
        assert drafted.values == {"x": given}, "what was chosen is kept"


def test_what_is_to_be_done_is_not_the_name_of_a_thing(field: Make, today: AnswerContext) -> None:
    for label, words in (("Pick a time", "Choose an answer to “Pick a time”"), ("Time", "Choose the time")):
        [problem] = check({"x": field("choice", label, options={"a": "A"}, required=True)}, {}, today).problems
        assert problem.detail == words


NO_THINGS = (
    ("date", "Inspected on", "Enter an answer to “Inspected on”"),
    ("date", "Seen since", "Enter an answer to “Seen since”"),
    ("text", "What was found", "Enter an answer to “What was found”"),
    ("text", "Nobody is at home", "Enter an answer to “Nobody is at home”"),
    ("text", "On which floor", "Enter an answer to “On which floor”"),
    ("file", "A photo of it", "Upload a file for “A photo of it”"),
    ("file", "Photos of the meter", "Upload the photos of the meter"),
    ("list", "Which rooms", "Add at least one entry to “Which rooms”"),
    ("list", "Rooms", "Add at least one entry to the rooms"),
    ("text", "Their name", "Enter their name"),
    ("text", "My reason", "Enter an answer to “My reason”"),
)


@pytest.mark.parametrize(("kind", "label", "words"), NO_THINGS)
def test_a_label_that_names_no_thing_stays_in_quotes(
    field: Make, today: AnswerContext, kind: str, label: str, words: str
) -> None:
    more = {"item": {"x": field("text", "X")}} if kind == "list" else {}
    [problem] = check({"x": field(kind, label, required=True, **more)}, {}, today).problems
    assert problem.detail == words


@pytest.mark.parametrize(
    ("kind", "label", "words"),
    [
        ("date", "Inspected on", "Rhowch ateb i “Inspected on”"),
        ("file", "A photo of it", "Uwchlwythwch ffeil ar gyfer “A photo of it”"),
        ("list", "Which rooms", "Ychwanegwch o leiaf un cofnod at “Which rooms”"),
    ],
)
def test_so_it_does_in_welsh(field: Make, today: AnswerContext, kind: str, label: str, words: str) -> None:
    more = {"item": {"x": field("text", "X")}} if kind == "list" else {}
    with spoken("cy"):
        [problem] = check({"x": field(kind, label, required=True, **more)}, {}, today).problems
    assert problem.detail == words


@pytest.mark.requirement("Q12")
@pytest.mark.parametrize("order", [("who", "team"), ("team", "who")])
def test_a_person_is_narrowed_wherever_the_department_stands(
    field: Make, today: AnswerContext, order: tuple[str, str]
) -> None:
    made = {"who": field("user", "Colleague", within="team"), "team": field("department", "Department")}
    fields, context = {name: made[name] for name in order}, replace(today, people=people)
    right = {"who": "usr_gus", "team": "dep_repairs"}
    assert check(fields, right, context).values == right
    [problem] = check(fields, {"who": "usr_gus", "team": "dep_lettings"}, context).problems
    assert problem.pointer == "/who"
    assert "no such user of that department" in problem.detail
