"""Why a condition holds or not: its verdict is the engine's, and the parts that are named did decide it (X2)."""

from __future__ import annotations

from random import Random

import pytest

from flows.rules.explaining import UNKNOWN, Part, explain, value_of
from flows.rules.expressions import compile_condition

SCOPE = {"data": {"pets": True, "people": 3, "left_empty": None, "words": "a && b"}, "status": "open"}
PIECES = (
    "data.pets", "data.pets == false", "data.people > 2", "data.people > 9", "data.missing == 1",
    "data.left_empty == 1", 'data.words == "a && b"', 'status in ["open", "(done"]', "has(data.left_empty)",
    "!(data.people > 2)",
    "[1, 2].exists(n, n == 2 && data.people > 1)",
)  # fmt: skip


def decided(text: str) -> list[str]:
    return [part.text for part in explain(text, SCOPE).decisive()]


@pytest.mark.requirement("X2")
@pytest.mark.parametrize(
    ("text", "verdict", "parts"),
    [
        ("data.pets && data.people > 9", False, ["data.people > 9"]),
        ("data.pets && data.people > 2", True, ["data.pets", "data.people > 2"]),
        ("data.missing == 1 || data.people > 2", True, ["data.people > 2"]),
        ("data.missing == 1 && data.people > 2", None, ["data.missing == 1"]),
        ("(data.pets && (data.people > 9 || data.pets == false))", False, ["data.people > 9", "data.pets == false"]),
        ("!(data.people > 2)", False, ["data.people > 2"]),
        ('data.words == "a && b"', True, ['data.words == "a && b"']),
        ("data.pets ? data.people > 9 : data.pets", False, ["data.pets ? data.people > 9 : data.pets"]),
    ],
)
def test_the_part_that_decides_is_named(text: str, verdict: bool | None, parts: list[str]) -> None:
    assert (explain(text, SCOPE).verdict, decided(text)) == (verdict, parts)


@pytest.mark.requirement("X2")
def test_the_verdict_is_always_the_engines() -> None:
    dice = Random(7)
    for _ in range(400):
        text = _made(dice, 3)
        whole = explain(text, SCOPE)
        assert whole.verdict is compile_condition(text).holds(SCOPE), text
        assert all(_agrees(part) for part in _all(whole)), text
        assert [*whole.decisive()], text


def test_a_value_is_known_empty_or_not_there_yet() -> None:
    assert value_of("data.people", SCOPE) == 3
    assert value_of("data.left_empty.deeper", SCOPE) is None
    assert value_of("data.missing", SCOPE) is UNKNOWN


def _made(dice: Random, depth: int) -> str:
    if not depth or dice.random() < 0.3:
        return dice.choice(PIECES)
    mark = dice.choice([" && ", " || "])
    return f"({_made(dice, depth - 1)}{mark}{_made(dice, depth - 1)})"


def _all(part: Part) -> list[Part]:
    return [part, *(inner for one in part.parts for inner in _all(one))]


def _agrees(part: Part) -> bool:
    verdicts = [one.verdict for one in part.parts]
    if part.joined == "&&":
        return part.verdict is (False if False in verdicts else None if None in verdicts else True)
    if part.joined == "||":
        return part.verdict is (True if True in verdicts else None if None in verdicts else False)
    return True
