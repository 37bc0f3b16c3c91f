"""What is different in two versions of a flow, in plain English, and what each difference means for running ones."""

from __future__ import annotations

import json

import pytest

from flows.authoring.diff import FORMATS, PARTS, difference
from flows.catalogue.loader import parse_stored
from tests.changing.conftest import changed

STEPS = """
flow: leak
schema: 1
title: A leak
start: {staff: true, inputs: {rent: {type: money, label: Rent}}}
deadline: {after: 5d}
steps:
  report:
    title: Report it
    actor: customer
    fields:
      what: {type: choice, label: What, options: {tap: Tap, pipe: Pipe}}
      where: {type: text, label: Where}
  visit: {title: Visit, actor: staff, needs: [report], approval: {}}
outcomes:
  mended: {label: Mended, kind: positive}
links:
  home: {label: Home, lookup: places.homes}
timers:
  nudge: {after: [1d, 2d], do: [{notice: Go on}]}
effects:
  created:
    - notice: It has begun
"""
STATES = """
flow: case
schema: 1
title: A case
start: {staff: true}
states:
  New: {is: todo, start: true}
  Working: {is: doing}
  Done: {is: done}
actions:
  work: {from: New, to: Working, by: staff}
  finish: {from: [New, Working], to: Done, by: staff}
"""


def told(text: str, *changes: tuple[str, str]) -> list[tuple[str, str]]:
    new = parse_stored(changed(text, *changes))
    return [(one.sentence, one.means) for one in difference(parse_stored(text), new)]


@pytest.mark.requirement("X12")
def test_a_text_that_only_is_put_otherwise_is_no_difference() -> None:
    assert told(STEPS, ("schema: 1\n", "schema: 1\n\n# a remark\n")) == []
    assert told(STEPS, ("label: Where}", "label: Where, required: false}")) == [], "what is usual, written out"


@pytest.mark.requirement("X12")
@pytest.mark.parametrize(("change", "sentence", "means"), [
    (("title: Report it", "title: Tell us"), "report “Tell us”, title: “Report it” → “Tell us”", "harmless"),
    (("actor: customer", "actor: staff"), "report “Report it”, actor: customer → staff",
     "while it is open, it is for staff now"),
    (("label: Where}", "label: Where, required: true}"), "where “Where”, required: no → yes",
     "a step that is open has to say it; completed, it goes without"),
    (("type: text, label: Where", "type: date, label: Where"), "where “Where”, type: text → date",
     "lost answers: one that does not fit stays in the history; if it is required, it cannot be moved"),
    ((", pipe: Pipe", ""), "what “What”, options: {tap: Tap, pipe: Pipe} → {tap: Tap}",
     "lost answers: an option that was chosen is gone; if an answer is required, it cannot be moved"),
    ((", pipe: Pipe", ", pipe: Pipe, other: Other"), None, "harmless"),
    (("      where: {type: text, label: Where}\n", ""), "where “Where” removed",
     "lost answers: they stay in the history and are no longer shown"),
    ((", approval: {}", ""), None, "cannot be moved while it waits for approval"),
    (("deadline: {after: 5d}", "deadline: {after: 9d}"), "leak “A leak”, deadline: {after: 5d} → {after: 9d}",
     "other dates: they move, unless somebody has set them by hand"),
    (("after: [1d, 2d]", "after: 3d"), "nudge, after: 1d, 2d → 3d",
     "other moments: what is still to come is planned anew"),
    (("notice: It has begun", "notice: Begun"), None,
     "holds for what happens from now on; what has happened owes nothing"),
    (("  mended: {label: Mended, kind: positive}", "  done: {label: Done, kind: positive}"),
     "mended “Mended” removed", "harmless"),
    (("  home: {label: Home, lookup: places.homes}", "  house: {label: House, lookup: places.homes}"),
     "home “Home” removed", "links that were made stay in the history and are no longer shown"),
    (("rent: {type: money, label: Rent}", "rent: {type: money, label: Rent}, flat: {type: text, label: Flat}"),
     "start.inputs.flat “Flat” added", "only those that begin from now on"),
])  # fmt: skip
def test_each_difference_is_told_with_what_it_means(change: tuple[str, str], sentence: str | None, means: str) -> None:
    found = told(STEPS, change)
    assert (sentence or found[0][0], means) in found


@pytest.mark.requirement("X12")
def test_names_that_moved_and_orders_that_changed() -> None:
    first, second = STEPS[STEPS.index("  report:") : STEPS.index("  visit:")], "  visit: {title: Visit, actor: staff,"
    assert told(STEPS, (first, ""), ("outcomes:\n", first + "outcomes:\n")) == [
        ("steps in another order: visit, report", "harmless")
    ]
    moved = ("timers:\n", "moved: {report: tell, where: place}\ntimers:\n")
    renamed = told(STEPS, ("  report:\n", "  tell:\n"), ("[report]", "[tell]"), ("where: {", "place: {"), moved)
    assert renamed == [
        ("report “Report it” is called tell now", "found again by `moved`; no answer is lost"),
        ("where “Where” is called place now", "found again by `moved`; no answer is lost"),
    ]
    where = "      where: {type: text, label: Where}\n"
    to_visit = told(STEPS, (where, ""), (second, f"{second} fields: {{where: {{type: text, label: Where}}}},"))
    assert to_visit == [
        (
            "where “Where”, step: report → visit",
            "the answer goes with it; in a step that was not sent yet it waits in the form",
        )
    ]


@pytest.mark.requirement("X12")
def test_states_and_their_buttons() -> None:
    assert told(STATES, ("Working: {is: doing}", "Working: {is: todo}")) == [
        ("Working, is: doing → todo", "they count as todo now")
    ]
    over = told(STATES, ("Working: {is: doing}", "Working: {is: cancelled}"))
    assert over[0][1] == "cannot be moved while they are in it: they would end at once"
    assert told(STATES, ("  work: {from: New, to: Working, by: staff}\n", ""))[0] == (
        "work removed", "nobody can take it any more",
    )  # fmt: skip


@pytest.mark.requirement("X12")
def test_both_formats_tell_all_of_it() -> None:
    old, new = parse_stored(STEPS), parse_stored(STEPS.replace("title: Visit", "title: We come"))
    changes = difference(old, new)
    told_to_programs = json.loads(FORMATS["json"]("leak", ("version 1", "file"), changes))
    assert told_to_programs["changes"][0]["part"] in PARTS
    assert told_to_programs["changes"][0]["after"] == "We come"
    assert FORMATS["text"]("leak", ("version 1", "file"), changes).endswith(
        "1 difference, 1 of them harmless for running ones"
    )
