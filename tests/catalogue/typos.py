"""Single-letter slips in the shipped flows: at every key, reference, value and name used, none in free words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any

from flows.catalogue.lint.chains import RESERVED, TOKEN, holes
from flows.catalogue.schema.words import CONDITIONS
from flows.catalogue.source import Path, Source, read_source

FREE_WORDS = frozenset(
    {"title", "label", "summary", "hint", "text", "url", "message", "link", "reason", "reference", "customer_label"}
)
NAMED_BELOW = frozenset(
    {"steps", "states", "actions", "timers", "outcomes", "links", "fields", "inputs", "item", "options"}
)


@dataclass(frozen=True)
class Slip:
    """One letter changed: what was there, what is there now, and the line that should be blamed."""

    was: str
    now: str
    line: int
    text: str


def slips(text: str, seed: int) -> Iterator[Slip]:
    """One slip for every place where an author writes something that means something."""
    chance = random.Random(seed)
    values, source = read_source(text, "typos")
    lines = text.split("\n")
    for line, column, word in sorted(set(_places(values, source, lines))):
        wrong = _slipped(word, chance)
        row = lines[line - 1]
        assert row[column - 1 :].startswith(word), (row, word)
        changed = [*lines[: line - 1], row[: column - 1] + wrong + row[column - 1 + len(word) :], *lines[line:]]
        yield Slip(word, wrong, line, "\n".join(changed))


def _slipped(word: str, chance: random.Random) -> str:
    """Drop, double, swap or replace one letter."""
    at = chance.choice([n for n, letter in enumerate(word) if letter.isalnum()])
    other = chance.choice([letter for letter in "etaoinshrdlu" if letter != word[at]])
    ways = [word[:at] + other + word[at + 1 :], word[: at + 1] + word[at] + word[at + 1 :]]
    if len(word) > 2:
        ways.append(word[:at] + word[at + 1 :])
    if at + 1 < len(word) and word[at] != word[at + 1] and word[at + 1].isalnum():
        ways.append(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
    return chance.choice(ways)


def _places(values: Any, source: Source, lines: list[str]) -> Iterator[tuple[int, int, str]]:
    for path, place in source.keys.items():
        named_by_author = len(path) > 1 and path[-2] in NAMED_BELOW
        if not named_by_author and path[-2:-1] != ("i18n",):
            yield place.line, place.column, str(path[-1])
    for path, place in source.values.items():
        if isinstance(reduce(getitem, path, values), str):
            yield from _in_value(path, place.line, place.column + place.opening, lines)


def _in_value(path: Path, line: int, column: int, lines: list[str]) -> Iterator[tuple[int, int, str]]:
    rest = lines[line - 1][column - 1 :]
    if not rest or rest[0] in "{[#" or (path[-1] in FREE_WORDS and "${{" not in rest) or _is_free(path):
        return
    value = rest.split("  #")[0].rstrip()
    if path[-1] in CONDITIONS:
        yield from _in_expression(value, line, column)
    elif "${{" in value:
        for hole, offset in holes(value):
            yield from _in_expression(hole, line, column + offset)
    else:
        word = value.split(",")[0].split("}")[0].split("]")[0].strip().strip("\"'")
        if any(letter.isalpha() for letter in word):
            yield line, column, word


def _is_free(path: Path) -> bool:
    return path[-2:-1] in (("options",), ("status_labels",)) or path in (("type",), ("title",))


def _in_expression(expression: str, line: int, column: int) -> Iterator[tuple[int, int, str]]:
    for token in TOKEN.finditer(expression):
        kind, word = token.lastgroup, token.group()
        if kind == "name" and word not in RESERVED and len(word) > 1:
            yield line, column + token.start(), word
        elif kind == "string" and len(word) > 2:
            yield line, column + token.start() + 1, word[1:-1]
