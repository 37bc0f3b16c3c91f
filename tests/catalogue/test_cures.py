"""A value of the wrong kind, word or form: lint says what to write instead, in the words of the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from flows.catalogue.cures import SPAN
from flows.catalogue.schema import FlowDefinition
from flows.catalogue.schema.fields import FIELD_TYPES
from tests.catalogue.test_slips import FLOW, problems, put

pytestmark = pytest.mark.requirement("X35")

STEP = "    title: Brew"
TIMER = "deadline: {after: 5d}"


@pytest.mark.parametrize(
    ("right", "wrong", "cure"),
    [
        ("needs: [choose]", "needs: choose", "write [choose]"),
        ("needs: [choose]", "needs: choose, brew", "write [choose, brew]"),
        ("needs: [choose]", "needs: {choose: 1}", "write [choose]"),
        ("needs: [choose]", "needs: [5]", 'put it in quotes: "5"'),
        (STEP, f"{STEP}\n    do: {{notice: Hello}}", "write [{notice: Hello}]"),
        (STEP, f"{STEP}\n    do: {{notice: {'Hello ' * 12}}}", "put a dash before its first key: a list of one"),
        (STEP, f"{STEP}\n    do: notice", "write {notice: ...} between [ and ]"),
        (STEP, f"{STEP}\n    do: [notice]", "write {notice: ...}"),
        (STEP, f"{STEP}\n    do: [hello]",
         "an effect needs one of: email, notify, notice, message, call, assign, webhook, start"),
        (STEP, f"{STEP}\n    outcome: {{if: data.milk, close: close}}", "write [{if: data.milk, close: close}]"),
        (STEP, f"{STEP}\n    approval: staff", "write {by: staff}"),
        (STEP, f"{STEP}\n    approval: true", "write a map with: by, need, returns, escalate"),
        (STEP, f"{STEP}\n    approval: [{{by: staff}}]", "take the dash away"),
        ("title: Brew", "title: [Brew]", "write Brew"),
        ("when: data.milk == true", "when: [data.milk == true, data.cups > 1]", "join them with &&"),
        ("title: Brew", "title: 42", 'put it in quotes: "42"'),
        ("title: Brew", "title: true", 'put it in quotes: "true"'),
        ("title: Brew", "title: {en: Brew}", "write one text"),
        ("title: Brew", "title: # Brew", "what follows a # is a comment: put it in quotes"),
        ("title: Brew", "title:", "write it after the colon, or take this out"),
        ("actor: staff", "actor: [staff]", "write staff"),
        ("actor: staff", "actor: tenant", "did you mean 'customer'?"),
        (STEP, f"{STEP}\n    do: [{{notice: {{text: Hello, to: tenant}}}}]", "did you mean 'customer'?"),
        ("type: boolean, label: Milk", "type: file, accept: [jpg], label: Milk", "did you mean 'image'?"),
        ("type: boolean, label: Milk", "type: file, accept: [docx], label: Milk", "did you mean 'office'?"),
        ("options: {green: Green, black: Black}", "required: true", "write options: {first: First, second: Second}"),
        ("data.milk == true", 'instance.waiting_on == "xyz"', "known: customer, staff, system"),
        ("needs: [choose]", "needs: [brew]", "take one name out of one 'needs'"),
        ("start: {customer: true, staff: true}", "start: customer", "write {customer: true}"),
        ("start: {customer: true, staff: true}", "start: [customer, staff]", "write {customer: true, staff: true}"),
        ("staff: true", 'staff: "true"', "write true, without quotes"),
        ("staff: true", "staff: 1", "write true"),
        ("options: {green: Green, black: Black}", "options: [Green, Pale black]",
         "write {green: Green, pale_black: Pale black}"),
        ("options: {green: Green, black: Black}", "options: [{green: Green}, {black: Black}]",
         "write {green: Green, black: Black}"),
        ("{type: integer, label: How many}", "integer", "write {type: integer, label: ...}"),
        ("{type: integer, label: How many}", "How many", "write {type: text, label: How many}"),
        ("type: integer", "type: string", "did you mean 'text'?"),
        ("type: boolean, label: Milk", "type: checkbox, label: Milk", "did you mean 'boolean'?"),
        ("schema: 1", 'schema: "1"', "write 1 without quotes"),
        (TIMER, "timers: [{after: 5d, do: [{notice: x}]}]", "give each entry a name in place of its dash: name: ..."),
        (TIMER, "deadline: 5d", "write {after: 5d}"),
        (TIMER, "deadline: 5", "write {after: 5d}"),
        (TIMER, "help: Drink it hot", "write {text: Drink it hot}"),
        (TIMER, "messaging: true", "leave it out, or write false or a map"),
        (TIMER, "cancel: {by: custmer}", "did you mean 'customer'?"),
        (TIMER, "cancel: {by: lettings}", "a role is written role.lettings"),
        (TIMER, "deadline: {after: 5d, time: 9:00}", 'write "09:00"'),
        (TIMER, "deadline: {after: 5d, time: 5pm}", 'write "17:00"'),
        (TIMER, "deadline: {after: 5d, time: 17}", 'write "17:00"'),
        (TIMER, "deadline: {after: 5d, time: endd}", "did you mean 'end'?"),
        ("flow: tea", "flow: Order Tea", "write order-tea"),
        ("      done:", "      All Done:", "write all_done"),
        ("      done:", "      allDone:", "write all_done"),
        (STEP, f"{STEP}\n    do: [{{email: mail/tea.en.md}}]", "write tea"),
        (STEP, f"{STEP}\n    payment: {{currency: gbp, amount: 5}}", "write GBP"),
    ],
)  # fmt: skip
def test_what_to_write_instead_is_said(right: str, wrong: str, cure: str) -> None:
    found = put(right, wrong)
    assert found.cure == cure, found.text()
    assert found.line == FLOW[: FLOW.index(right)].count("\n") + 1 + wrong.count("\n")


# --- spans -------------------------------------------------------------------------------------------------------

SPANS = {
    ("Deadline", "after"): "deadline: {after: SPAN}",
    ("Timer", "after"): "timers: {t: {after: SPAN, do: [{notice: x}]}}",
    ("Timer", "before_due"): "timers: {t: {before_due: [SPAN], do: [{notice: x}]}}",
    ("Timer", "after_due"): "timers: {t: {after_due: SPAN, do: [{notice: x}]}}",
    ("Timer", "every"): "timers: {t: {every: SPAN, do: [{notice: x}]}}",
    ("Escalation", "after"): "steps: {s: {title: S, actor: staff, approval: {escalate: {after: SPAN, to: staff}}}}",
}
BEGIN = "flow: tea\nschema: 1\ntitle: Tea\nstart: {staff: true}\n"


@pytest.mark.parametrize("place", SPANS)
@pytest.mark.parametrize(
    ("written", "cure"),
    [
        ("5", "write 5d for days, 5h for hours"),
        ('"5"', "write 5d for days, 5h for hours"),
        ("5 days", "write 5d"),
        ("5D", "write 5d"),
        ("2 hours", "write 2h"),
        ("3 working days", "write 3wd"),
        ("30 mins", "write 30m"),
    ],
)
def test_a_span_without_its_unit_says_what_to_write(place: tuple[str, str], written: str, cure: str) -> None:
    (found,) = problems(BEGIN + SPANS[place].replace("SPAN", written))
    assert (found.line, found.cure) == (5, cure), found.text()


def test_no_span_of_the_language_is_left_out_here() -> None:
    assert {(model, key) for model, key, node in _values() if node.get("pattern") == SPAN} == SPANS.keys()


# --- words of which only certain are allowed ---------------------------------------------------------------------

WORDS = {
    ("Action", "comment"): "actions: {a: {from: New, by: staff, comment: WORD}}",
    (
        "FileField",
        "accept",
    ): "steps: {s: {title: S, actor: staff, fields: {f: {type: file, label: F, accept: [WORD]}}}}",
    ("Messaging", "open_while"): "messaging: {open_while: WORD}",
    ("Messaging", "remind_unread"): "messaging: {remind_unread: WORD}",
    ("Outcome", "kind"): "outcomes: {o: {label: O, kind: WORD}}",
    ("OutcomeRule", "on"): "steps: {s: {title: S, actor: staff, outcome: [{if: x, on: WORD, close: close}]}}",
    ("Payment", "amount"): "steps: {s: {title: S, actor: customer, payment: {currency: GBP, amount: WORD}}}",
    ("Rating", "ask"): "rating: {ask: WORD}",
    ("Start", "assign"): "start: {staff: true, assign: WORD}",
    ("State", "is"): "states: {New: {is: WORD}}",
    ("Step", "actor"): "steps: {s: {title: S, actor: WORD}}",
    ("Step", "check"): "steps: {s: {title: S, actor: staff, check: WORD}}",
    ("Step", "assign"): "steps: {s: {title: S, actor: staff, assign: WORD}}",
    ("FlowDefinition", "running"): "running: WORD",
    ("FlowDefinition", "status_labels"): "status_labels: {WORD: x}",
    ("Field", "type"): "steps: {s: {title: S, actor: staff, fields: {f: {type: WORD, label: F}}}}",
    ("FlowDefinition", "cancel"): "cancel: {by: WORD}",
    ("FlowDefinition", "effects"): "effects: {WORD: [{notice: x}]}",
}
EXTRA = {
    ("Field", "type"): FIELD_TYPES,
    ("FlowDefinition", "cancel"): ("staff", "customer", "creator", "assignee", "manager", "department"),
    ("FlowDefinition", "effects"): ("created", "assigned", "completed", "closed", "cancelled", "expired", "overdue"),
}
"""Words that stand in the models otherwise than as a choice of words."""


def _words() -> Iterator[tuple[tuple[str, str], str]]:
    for model, key, node in _values():
        if not (model.endswith("Field") and key == "type"):
            yield from (((model, key), word) for word in node.get("enum", ()) if isinstance(word, str))
            yield from (((model, key), node["const"]) for _ in "1" if isinstance(node.get("const"), str))
    yield from ((place, word) for place, words in EXTRA.items() for word in words)


def test_a_misspelt_word_of_every_choice_is_told_with_the_nearest() -> None:
    tried = set()
    for place, word in _words():
        tried.add(place)
        begin = BEGIN.replace("start: {staff: true}\n", "") if place[0] == "Start" else BEGIN
        found = problems(begin + WORDS[place].replace("WORD", word + word[-1]))
        assert f"did you mean '{word}'?" in [one.cure for one in found], (place, word, found)
    assert tried == WORDS.keys()


def _values() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Model, key and schema of every value that the language has."""
    schema = FlowDefinition.model_json_schema()
    for model, node in {**schema["$defs"], "FlowDefinition": schema}.items():
        for key, value in node.get("properties", {}).items():
            yield from ((model, key, one) for one in _parts(value))


def _parts(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in (
        *node.get("anyOf", ()),
        *node.get("oneOf", ()),
        *(node[k] for k in ("items", "propertyNames") if k in node),
    ):
        yield from _parts(inner)
