"""Shipped flow files spoilt at random: bytes that do not belong, lines lost or moved, values of another kind."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from tests.catalogue.shipped import FILES

PIECES = ("&a ", "*a", "!!x ", "\0", "\ufffe", "{", "]", ": ", "- ", "\n", '"', "${{", "}}", "|", "%", "~", "\t", "? ")
VALUES = (
    "", "~", "[]", "{}", "[[]]", "-1", "1e999", "true", "'", '"${{ data. }}"', "${{ 1 / 0 }}", "[a, {b: c}]",
    "{if: x}", "99999999999999999999", "é" * 300, "((" * 40, "data.a." * 30, "*x", "2026-13-99", "${{ }}",
)  # fmt: skip

Spoiling = Callable[[random.Random, str], str]


def spoilt(many: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """So many files, each of one of the flows in turn, with one to six faults; the same seed gives the same."""
    chance, flows = random.Random(seed), list(FILES)
    texts = {flow: FILES[flow].read_text(encoding="utf-8") for flow in flows}
    for number in range(many):
        flow = flows[number % len(flows)]
        text = texts[flow]
        for _ in range(chance.randint(1, 6)):
            text = chance.choice(WAYS)(chance, text)
        raw = text.encode("utf-8", "surrogatepass")
        yield flow, _with_a_strange_byte(chance, raw) if chance.random() < 0.1 else raw


def put_a_piece(chance: random.Random, text: str) -> str:
    start = chance.randrange(len(text) + 1)
    return text[:start] + chance.choice(PIECES) + text[start + chance.choice((0, 1, 3, 40)) :]


def lose_a_line(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    del lines[chance.randrange(len(lines))]
    return "\n".join(lines)


def double_lines(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    first = chance.randrange(len(lines))
    return "\n".join(lines[: first + chance.randint(1, 8)] + lines[first:])


def move_a_line(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    moved = lines.pop(chance.randrange(len(lines)))
    lines.insert(chance.randrange(len(lines) + 1), moved)
    return "\n".join(lines)


def indent_a_line(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = chance.randrange(len(lines))
    lines[at] = chance.choice(("  " + lines[at], lines[at].removeprefix("  "), lines[at].lstrip()))
    return "\n".join(lines)


def give_another_value(chance: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = chance.choice([number for number, line in enumerate(lines) if ":" in line] or [0])
    lines[at] = f"{lines[at].partition(':')[0]}: {chance.choice(VALUES)}"
    return "\n".join(lines)


def cut_it_off(chance: random.Random, text: str) -> str:
    return text[: chance.randrange(len(text) + 1)] if chance.random() < 0.2 else text


WAYS: tuple[Spoiling, ...] = (
    put_a_piece, lose_a_line, double_lines, move_a_line, indent_a_line, give_another_value, cut_it_off,
)  # fmt: skip


def _with_a_strange_byte(chance: random.Random, raw: bytes) -> bytes:
    start = chance.randrange(len(raw) + 1)
    return raw[:start] + bytes([chance.randrange(128, 256)]) + raw[start:]
