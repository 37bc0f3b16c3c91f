"""Which names an expression walks through: `order.lines` and, inside a macro, `order.lines[].vendor`, with offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<string>[rb]{0,2}(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))|(?P<number>\d[\w.]*)|(?P<name>[A-Za-z_]\w*)"""
    r"""|(?P<sign>==|!=|<=|>=|&&|\|\||[^\s\w])"""
)
HOLE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
MACROS = frozenset({"exists", "exists_one", "all", "map", "filter"})
RESERVED = frozenset({"true", "false", "null", "in"})


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    offset: int


@dataclass(frozen=True)
class Chain:
    """`parts` from the root name on ("[]" is "an entry of"), the offset of each, and the texts it is compared with."""

    parts: tuple[str, ...]
    offsets: tuple[int, ...]
    compared: tuple[tuple[str, int], ...] = ()


def holes(text: str) -> Iterator[tuple[str, int]]:
    """The expressions in a text, each with its offset in the text."""
    for hole in HOLE.finditer(text):
        yield hole.group(1), hole.start(1)


def walk(expression: str) -> list[Chain]:
    """Read an expression that compiles; for one that does not, whatever can be read."""
    return _Reader(expression).read()


class _Reader:
    def __init__(self, expression: str) -> None:
        self.tokens = [
            Token(match.lastgroup or "", match.group(), match.start()) for match in TOKEN.finditer(expression)
        ]
        self.bound: list[tuple[str, tuple[str, ...], int]] = []
        self.depth = 0
        self.result: list[Chain] = []

    def read(self) -> list[Chain]:
        at = 0
        while at < len(self.tokens):
            at = self._step(at)
        return self.result

    def _text(self, at: int) -> str:
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def _step(self, at: int) -> int:
        token = self.tokens[at]
        if token.text in "([{":
            self.depth += 1
        elif token.text in ")]}":
            self.depth -= 1
            self.bound = [entry for entry in self.bound if entry[2] <= self.depth]
        elif token.kind == "name" and token.text not in RESERVED:
            return self._name(at)
        return at + 1

    def _name(self, at: int) -> int:
        if self._text(at + 1) == "(" or self._text(at - 1) == ".":
            return at + 1  # a function, or an attribute of a call's or index's result: nothing is known of it
        return self._chain(at)

    def _chain(self, at: int) -> int:
        first = at
        parts, offsets = [self.tokens[at].text], [self.tokens[at].offset]
        at += 1
        while self._text(at) == "." and at + 1 < len(self.tokens) and self.tokens[at + 1].kind == "name":
            if self._text(at + 2) == "(":
                self._bind(at + 1, self._resolved(tuple(parts)))
                break
            parts.append(self.tokens[at + 1].text)
            offsets.append(self.tokens[at + 1].offset)
            at += 2
        resolved = self._resolved(tuple(parts))
        padding = (offsets[0],) * (len(resolved) - len(parts))
        self.result.append(Chain(resolved, (*padding, *offsets), tuple(self._compared(first, at))))
        return at

    def _bind(self, at: int, target: tuple[str, ...]) -> None:
        if self._text(at) in MACROS and self._text(at + 3) == ",":
            self.bound.append((self._text(at + 2), (*target, "[]"), self.depth + 1))

    def _resolved(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        for name, target, _ in reversed(self.bound):
            if name == parts[0]:
                return (*target, *parts[1:])
        return parts

    def _compared(self, first: int, after: int) -> Iterator[tuple[str, int]]:
        if self._text(after) in ("==", "!="):
            yield from self._literal(after + 1)
        if self._text(first - 1) in ("==", "!="):
            yield from self._literal(first - 2)
        if self._text(after) == "in" and self._text(after + 1) == "[":
            at = after + 2
            while at < len(self.tokens) and self._text(at) != "]":
                yield from self._literal(at)
                at += 1

    def _literal(self, at: int) -> Iterator[tuple[str, int]]:
        if 0 <= at < len(self.tokens) and self.tokens[at].kind == "string":
            token = self.tokens[at]
            yield token.text[1:-1], token.offset
