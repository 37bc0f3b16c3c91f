"""However often an instance moves, what was given last is what counts, and what is typed is judged for itself."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from flows import access
from flows.actions import submitting
from flows.catalogue.loader import parse_stored
from flows.queries import attempts
from flows.rules.actors import SYSTEM
from flows.rules.migrations import Carried, carry, counterparts
from flows.work import unit_of_work
from tests.changing.conftest import V1, Changing, changed
from tests.changing.test_migrating import change_text
from tests.guided.conftest import IDENTITY

ASKED = (
    "      income: {type: money, label: Household income per month, required: true}\n"
    '      has_pets: {type: boolean, label: "Do you have pets?", required: true}\n'
)
MERGED = (
    (change_text("household"), ""),
    ("    approval:\n      returns: 2", f"{ASKED}    approval:\n      returns: 2"),
    ("needs: [identity, household]", "needs: [identity]"),
    ("rating: {", "moved: {household: identity}\n\nrating: {"),
)
OTHER_WORDS = ("title: Who you are", "title: Who are you")
FIRST, LAST = {"income": 300000, "has_pets": False}, {"income": 999999, "has_pets": False}


def carried(old: str, new: str, given: Any, drafts: Any, **states: str) -> Carried:
    flows = parse_stored(old), parse_stored(new)
    return carry(*flows, counterparts(*flows), given, drafts, states, date(2026, 11, 2))


@pytest.mark.requirement("X13")
def test_an_older_answer_on_a_hidden_step_never_stands_for_a_newer_one() -> None:
    both = changed(V1, *MERGED[1:3]).replace(change_text("household"), "  household: {title: Gone, actor: customer}\n")
    given = {"household": FIRST, "identity": {**IDENTITY, "income": None}}
    found = carried(both, both.replace(*OTHER_WORDS), given, {}, household="skipped", identity="completed")
    assert found.of(given, "identity") == given["identity"], "what was left empty stays empty"
    assert found.of(given, "household") == FIRST, "and it waits where it is"
    back = carried(both, V1, given, {}, household="skipped", identity="completed")
    assert back.of(given, "household") == {"income": None, "has_pets": False}, "nobody was asked again about pets"


@pytest.mark.requirement("X13")
def test_an_answer_and_what_is_typed_over_it_are_judged_apart() -> None:
    more = changed(V1, ('n: "No"}', 'n: "No", m: "Maybe"}'))
    for given, typed, stays in (("m", "y", (False, True)), ("y", "m", (True, False)), ("m", "m", (False, False))):
        values = {"identity": {"right_to_rent": given}}, {"identity": {"right_to_rent": typed}}
        found = carried(more, V1, *values, identity="returned")
        place = ("identity", "right_to_rent")
        assert (place in found.places, place in found.drafts) == stays
        assert {str(one) for one in found.reasons} == {
            "“Do you have the right to rent?”: what was chosen is not among the options any more, so it has to be "
            "answered again"
        }


@pytest.mark.requirement("X13")
def test_the_newest_answers_stay_through_a_second_move_and_the_way_back(change: Changing) -> None:
    change.start()
    change.submit("household", FIRST)
    change.migrate(change.write(*MERGED))
    change.submit("identity", {**IDENTITY, **LAST})
    three = change.write(*MERGED, OTHER_WORDS)
    assert change.said(three) == ("green", [])
    change.migrate(three, yellow=False)
    assert change.step("identity").answers == {**IDENTITY, **LAST}
    change.migrate(change.write())
    assert change.step("household").answers == LAST
    assert change.step("identity").answers == IDENTITY


@pytest.mark.requirement("X13")
def test_an_older_answer_counts_again_when_nobody_gave_another(change: Changing) -> None:
    change.start()
    change.submit("household", FIRST)
    change.migrate(change.write(*MERGED))
    change.migrate(change.write(*MERGED, OTHER_WORDS))
    change.migrate(change.write())
    assert change.step("household").answers == FIRST
    assert change.states()["household"] == "completed"


@pytest.mark.requirement("X13")
def test_what_was_asked_at_the_start_follows_its_question_there_and_back(change: Changing) -> None:
    change.start(fields={"wish": "A garden"})
    asked = "    fields:\n      wish: {type: text, label: What do you wish for?}\n"
    moved = change.write(
        ("  fields:\n    wish: {type: text, label: What do you wish for?}\n", ""),
        ("    actor: customer\n    deadline: {after: 3d}\n    fields:\n", f"    actor: customer\n{asked}"),
    )
    change.migrate(moved)
    assert change.step("identity").draft == {"wish": "A garden"}
    change.submit("identity", {**IDENTITY, "wish": "A balcony"})
    change.migrate(change.write())
    assert change.now().inputs["wish"] == "A balcony"
    assert change.step("identity").answers == IDENTITY


@pytest.mark.requirement("X13")
def test_a_draft_that_fits_is_kept_where_the_earlier_answer_does_not(change: Changing) -> None:
    change.write(('n: "No"}', 'n: "No", m: "Maybe"}'))
    change.start()
    change.submit("identity", {**IDENTITY, "right_to_rent": "m"})
    change.send_back("identity", remarks={"right_to_rent": "Say yes or no"})
    with unit_of_work(change.world.tenant) as work:
        instance = access.instance_to_change(work, change.ref)
        submitting.save_draft(work, instance, instance.step("identity"), IDENTITY)
    change.migrate(change.write())
    assert change.step("identity").draft == IDENTITY
    assert change.step("identity").answers == {"legal_name": IDENTITY["legal_name"]}


@pytest.mark.requirement("X13")
def test_an_earlier_attempt_goes_by_the_new_names_of_questions_not_asked_since(change: Changing) -> None:
    more = (
        "    approval:\n      returns: 2",
        "      note: {type: text, label: Note, when: 'data.legal_name == \"Liv\"'}\n    approval:\n      returns: 2",
    )
    change.write(more)
    change.start()
    change.submit("identity", {**IDENTITY, "legal_name": "Liv", "note": "For short"})
    change.send_back("identity", remarks={"legal_name": "In full"})
    change.submit("identity", IDENTITY)
    renamed = (more[0], more[1].replace("note:", "remark:")), ("rating: {", "moved: {note: remark}\n\nrating: {")
    change.migrate(change.write(*renamed))
    sent = attempts.of_step(SYSTEM, change.step("identity"))
    assert [one.answers.get("remark") for one in sent] == [None, "For short"]
    assert all("note" not in one.answers for one in sent)
