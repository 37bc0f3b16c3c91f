"""`fuzz` finds each of eleven faults that lint lets pass, says nothing of a flow that is well, and repeats itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.authoring.play import fuzz as fuzzing
from flows.authoring.play.fuzz import fuzz
from flows.catalogue.registry import Registry

GUIDED = """\
flow: seeded
schema: 1
title: Seeded
start: {customer: true}
steps:
  first:
    title: First
    actor: customer
    fields:
      words: {type: text, label: Words, required: true}
      number: {type: integer, label: Number, required: true, min: 1, max: 9}
    approval: {by: [staff]}
  second:
    title: Second
    actor: customer
    needs: [first]
    fields:
      more: {type: text, label: More}
expires: {after: 20d}
timers:
  nudge:
    after: [1d, 2d]
    do:
      - notice: {text: "Please go on, ${{ customer.first_name }}"}
effects:
  completed:
    - notice: {text: Done}
"""
BY_HAND = """\
flow: seeded
schema: 1
title: Seeded
type: Case
start:
  customer: true
  staff: true
  fields:
    subject: {type: text, label: Subject, required: true}
states:
  New: {is: todo, start: true}
  Doing: {is: doing}
  Done: {is: done}
actions:
  begin: {label: Begin, from: [New], to: Doing, by: [manager, assignee]}
  finish: {label: Finish, from: [Doing], to: Done, by: [manager, assignee]}
  again: {label: Again, from: [Done], to: New, by: [customer]}
"""
BY_EVENT = """\
flow: seeded
schema: 1
title: Seeded
start:
  event: order.placed
  once_per: ${{ order.id }}
  for: ${{ order.customer.id }}
  assign: ${{ order.placed_by }}
steps:
  first:
    title: First
    actor: customer
    fields:
      words: {type: text, label: Words, required: true}
"""
HIDES = "    needs: [first]\n"
AGAIN = "from: [Done], to: New, by: [customer]"
FINISH = "from: [Doing], to: Done, by: [manager, assignee]"
FAULTS = {
    "a step that nobody ever sees": (
        GUIDED, HIDES, HIDES + "    when: data.number > 50\n", "never", "step 'second' was never reached",
    ),
    "a required answer that hides the step after it": (
        GUIDED, HIDES, HIDES + "    when: data.words == ''\n", "never", "step 'second' was never reached",
    ),
    "a mail that is owed twice": (
        GUIDED, "- notice: {text: Done}", "- email: seeded/done\n    - email: seeded/done",
        "double", "email seeded/done",
    ),
    "words with a hole that stays empty": (
        GUIDED, "text: Done", 'text: "${{ data.more + data.words }}"', "incident", "notice",
    ),
    "a timer whose condition never holds": (
        GUIDED, "    after: [1d, 2d]\n", "    after: [1d, 2d]\n    while: data.number > 9\n",
        "never", "timer 'nudge' never fired",
    ),
    "a mail that no condition lets out": (
        GUIDED, "- notice: {text: Done}", "- {email: seeded/done, if: data.number > 9}", "never", "email seeded/done",
    ),
    "a state that nobody can leave": (
        BY_HAND, FINISH, FINISH + ', if: data.subject == ""', "dead-end", "nobody can lead it on (Doing)",
    ),
    "a state that is never entered": (
        BY_HAND, FINISH, FINISH + ', if: data.subject == ""', "never", "state 'Done' was never entered",
    ),
    "an action whose condition never holds": (
        BY_HAND, AGAIN, AGAIN + ', if: data.subject == ""', "never", "action 'again' was never taken",
    ),
    "an event that comes again and is not known": (
        BY_EVENT, "  once_per: ${{ order.id }}\n", "", "double", "starts a second instance",
    ),
    "an action for somebody who is never there": (
        BY_HAND, AGAIN, 'from: [Done], to: New, by: [customer], if: creator.id == ""',
        "never", "action 'again' was never taken",
    ),
}  # fmt: skip


@pytest.mark.requirement("X31")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_seeded_fault_is_found(written: Callable[..., Registry], fault: str) -> None:
    """In a hundred steps, of which sixty bring everything of the same flow without the fault."""
    text, right, wrong, code, said = FAULTS[fault]
    assert right in text
    report = fuzz(written(text.replace(right, wrong, 1)), "seeded", steps=100)
    found = [one for one in report.findings.values() if one.code == code and said in one.text]
    assert found, [str(one) for one in report.findings.values()]


@pytest.mark.requirement("X31")
@pytest.mark.parametrize("text", [GUIDED, BY_HAND, BY_EVENT], ids=["steps", "states", "event"])
def test_a_flow_that_is_well_has_no_findings(written: Callable[..., Registry], text: str) -> None:
    report = fuzz(written(text), "seeded", steps=200)
    assert [str(one) for one in report.findings.values()] == []


@pytest.mark.requirement("X31")
def test_a_life_in_which_nothing_can_happen_any_more_is_left(written: Callable[..., Registry]) -> None:
    """Its steps are for others."""
    ends = BY_HAND.replace(f"  again: {{label: Again, {AGAIN}}}\n", "")
    report = fuzz(written(ends), "seeded", steps=60)
    assert report.lives > 1
    assert [str(one) for one in report.findings.values()] == []


LONG = """\
flow: seeded
schema: 1
title: Seeded
start: {customer: true}
cancel: {by: [staff, customer]}
steps:
""" + "".join(f"""\
  step{n}:
    title: Step
    actor: customer
    needs: [{f"step{n - 1}" if n else ""}]
    fields: {{words{n}: {{type: text, label: Words}}}}
    approval: {{by: [staff], returns: 5}}
""" for n in range(7))  # fmt: skip
"""Seven steps, each of which can be sent back and at each of which the request can be closed."""


@pytest.mark.requirement("X31")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_had_no_turn_yet_is_favoured_so_the_end_of_a_long_flow_is_seen(
    written: Callable[..., Registry], seed: int
) -> None:
    report = fuzz(written(LONG), "seeded", steps=250, seed=seed)
    assert [str(one) for one in report.findings.values()] == []


@pytest.mark.requirement("X31")
def test_what_never_came_in_few_steps_is_a_note_with_its_cure_and_after_many_a_finding(
    written: Callable[..., Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    text, right, wrong, *_ = FAULTS["a step that nobody ever sees"]
    registry = written(text.replace(right, wrong, 1))
    report = fuzz(registry, "seeded", steps=120)
    assert report.faults == []
    said = fuzzing.text_of(report)
    assert "note: step 'second' was never reached" in said
    assert f"{report.steps} steps may be too few for that; try --steps 10000" in said
    monkeypatch.setattr(fuzzing, "ENOUGH", 120)
    assert [one.code for one in report.faults] == ["never"]
    assert "note" not in fuzzing.text_of(report)


@pytest.mark.requirement("X31")
def test_a_seed_tells_the_same_stories_again_and_another_one_others(written: Callable[..., Registry]) -> None:
    text, right, wrong, *_ = FAULTS["a mail that is owed twice"]
    registry = written(text.replace(right, wrong, 1))

    def stories(seed: int) -> list[tuple[str, ...]]:
        return [one.story for one in fuzz(registry, "seeded", steps=120, seed=seed).findings.values() if one.story]

    told = stories(1)
    assert told
    assert stories(1) == told
    assert stories(2) != told
