"""Flows that cannot work: lint says so before anybody starts one, and says nothing of those that can."""

from __future__ import annotations

import pytest

from flows.catalogue.problems import FlowProblem
from tests.catalogue.test_slips import FLOW, problems, put

pytestmark = pytest.mark.requirement("X35")

WHEN = "when: data.milk == true"
FAST = """\
flow: tea
schema: 1
title: Order tea
start: {customer: true}
steps:
  fast: {title: Look fast, actor: staff, WHEN}
  look:
    title: Look
    actor: staff
    needs: [fast]
    fields: {gone: {type: boolean, label: Gone}, note: {type: text, label: Note}}
"""


def codes(text: str) -> list[str]:
    return [one.code for one in problems(text)]


def fast(condition: str) -> list[FlowProblem]:
    return problems(FAST.replace("WHEN", condition))


@pytest.mark.parametrize(
    "condition",
    [
        'data.kind == "green" && data.kind == "black"',
        '"green" == data.kind && (data.kind == "black")',
        "data.milk == true && data.milk == false",
        "data.milk && data.cups > 2 && !data.milk",
        "data.cups == 1 && data.cups == 2 || data.milk == true && data.milk == false",
    ],
)
def test_what_contradicts_itself_never_holds(condition: str) -> None:
    found = put(WHEN, f"when: {condition}" if condition[0] != '"' else f"when: '{condition}'")
    assert (found.code, found.severity, found.line) == ("F237", "error", 18), found.text()


@pytest.mark.parametrize(
    "condition",
    [
        'data.kind == "green" || data.kind == "black"',
        'data.kind == "green" && data.kind == "green"',
        "data.cups == 1 && data.cups == 1.0",
        "data.milk == true && data.cups == 1 || data.milk == false",
        "data.milk ? data.cups == 1 && data.milk : data.cups == 2 && !data.milk",
    ],
)
def test_what_may_hold_is_left_alone(condition: str) -> None:
    assert codes(FLOW.replace(WHEN, f"when: >-\n      {condition}")) == []


@pytest.mark.parametrize(
    "condition", ["when: data.gone == true", "when: data.gone == true && now != null", "done_when: data.gone"]
)
def test_a_step_that_waits_for_what_is_asked_after_it_is_a_dead_end(condition: str) -> None:
    (found,) = fast(condition)
    assert (found.code, found.severity, found.line) == ("F228", "error", 6), found.text()
    assert "on 'look', which waits for this step" in found.message


def test_a_circle_through_two_conditions_and_a_step_that_asks_what_opens_it_are_dead_ends() -> None:
    own = FLOW.replace(WHEN, "when: data.done == true")
    (found,) = problems(own)
    assert (found.code, found.line) == ("F228", 18)
    assert "on this step itself" in found.message
    round_about = own.replace("    actor: customer", "    actor: customer\n    when: data.done == true").replace(
        "when: data.done == true\n    fields:\n      done", "when: data.milk == true\n    fields:\n      done"
    )
    assert {one.code for one in problems(round_about)} == {"F228"}


@pytest.mark.parametrize(
    "condition",
    [
        "when: has(data.gone)",  # no, as long as nothing is answered: it is skipped, and the other one opens
        "when: instance.source == 'x' || data.gone",
        "needs: []",
    ],
)
def test_a_condition_that_says_something_without_the_answer_is_none(condition: str) -> None:
    assert [one.code for one in fast(condition)] == []


def test_what_a_step_is_done_by_may_be_answered_on_it() -> None:
    assert codes(FLOW.replace(WHEN, "done_when: data.done == true")) == []


def test_a_question_that_is_asked_once_it_is_answered_is_never_asked() -> None:
    found = put("label: Milk}", "label: Milk, when: data.milk == true}")
    assert (found.code, found.line) == ("F211", 13)


def test_a_circle_of_needs_is_shown_once() -> None:
    text = FLOW.replace("    actor: customer", "    actor: customer\n    needs: [brew]")
    (found,) = [one for one in problems(text) if one.code == "F220"]
    assert found.message.endswith("none can ever open: choose -> brew -> choose")


# --- questions, pages, departments -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [
        "type: date, min: today+30d, max: today",
        "type: date, min: 2026-04-01, max: 2026-03-31",
        "type: date, min: today-17y, max: today-18y",
        "type: datetime, min: today+2d, max: now+3h",
    ],
)
def test_days_that_end_before_they_begin_are_told(limits: str) -> None:
    found = put("type: integer", limits)
    assert (found.code, found.line) == ("F109", 12), found.text()


@pytest.mark.parametrize(
    "limits",
    [
        "type: date, min: today, max: 2026-03-31",
        "type: date, min: today-18y, max: today",
        "type: date, min: today+30d, max: today+1m",
        "type: datetime, min: now, max: now+30m",
    ],
)
def test_days_between_which_something_lies_are_left_alone(limits: str) -> None:
    assert codes(FLOW.replace("type: integer", limits)) == []


ROOMS = "{type: list, label: Rooms, item: {size: {type: integer, label: Size}, name: {type: text, label: Name}}}"


@pytest.mark.parametrize(
    ("condition", "cure"),
    [
        ('data.rooms == "bedroom"', 'write data.rooms.exists(one, one.name == "bedroom")'),
        ('data.rooms.contains("bedroom")', 'write data.rooms.exists(one, one.name == "bedroom")'),
        ('"bedroom" in data.rooms', 'write data.rooms.exists(one, one.name == "bedroom")'),
        ('data.extras == "lemon"', 'write "lemon" in data.extras'),
        ('data.extras.contains("lemon")', 'write "lemon" in data.extras'),
    ],
)
def test_a_list_is_no_text(condition: str, cure: str) -> None:
    more = f"      rooms: {ROOMS}\n      extras: {{type: choices, label: Extras, options: {{lemon: Lemon}}}}\n  brew:"
    (found,) = problems(FLOW.replace("  brew:", more).replace(WHEN, f"when: >-\n      {condition}"))
    assert (found.code, found.cure) == ("F234", cure), found.text()


def test_what_is_asked_of_a_list_in_its_own_words_is_left_alone() -> None:
    condition = 'data.rooms.exists(one, one.name.contains("bed")) && size(data.rooms) > 1 && data.rooms[0].size == 3'
    condition += ' && "bed" in data.rooms.map(one, one.name) && 3 == data.rooms.size()'
    text = FLOW.replace("  brew:", f"      rooms: {ROOMS}\n  brew:").replace(WHEN, f"when: >-\n      {condition}")
    assert codes(text) == []


@pytest.mark.parametrize(
    ("pages", "where"),
    [("a: {title: A, fields: [kind, kind]}", "this page"),
     ("a: {title: A, fields: [kind]}, b: {title: B, fields: [cups, kind]}", "the page 'a'")],
)  # fmt: skip
def test_a_question_stands_on_one_page(pages: str, where: str) -> None:
    found = put("    actor: customer", f"    actor: customer\n    pages: {{{pages}}}")
    assert (found.code, found.severity, found.line) == ("F212", "warning", 10)
    assert where in found.message


def test_who_is_chosen_by_turn_needs_a_department() -> None:
    found = put("staff: true}", "staff: true, assign: least_busy}")
    assert (found.code, found.severity, found.line) == ("F213", "warning", 4)
    found = put("    title: Brew", "    title: Brew\n    assign: round_robin")
    assert (found.code, found.line) == ("F213", 16)
    given = "    title: Brew\n    assign: round_robin\n    do: [{assign: {department: '${{ data.kind }}'}}]"
    assert codes(FLOW.replace("    title: Brew", given)) == []
    assert codes(FLOW.replace("staff: true}", "staff: true, department: x, assign: least_busy}")) == []
