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
EQUAL = frozenset({"==", "!="})
COMPARING = EQUAL | {"<", "<=", ">", ">="}
RECKONING = frozenset("+-*/%")


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    offset: int


@dataclass(frozen=True)
class Literal:
    """A value written in an expression. `is_equal` where it is compared with == or in, not with < or >."""

    text: str
    offset: int
    kind: str
    is_equal: bool = True


@dataclass(frozen=True)
class Chain:
    """`parts` from the root name on ("[]" is "an entry of"), the offset of each, and what it is compared with.

    `called` is the function that is called on it, and the text given to it.
    """

    parts: tuple[str, ...]
    offsets: tuple[int, ...]
    compared: tuple[Literal, ...] = ()
    called: tuple[str, str] = ("", "")


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
        at, called = at + 1, ("", "")
        while (step := self._part(at)) is not None:
            part, offset, after = step
            if self._text(after) == "(":
                self._bind(at + 1, self._resolved(tuple(parts)))
                called = part, self._text(after + 1)
                break
            parts.append(part)
            offsets.append(offset)
            at = after
        resolved = self._resolved(tuple(parts))
        places = ((offsets[0],) * (len(resolved) - len(parts)) + tuple(offsets))[: len(resolved)]
        compared = () if called[0] else tuple(self._compared(first, at))  # else what the function gives is compared
        self.result.append(Chain(resolved, places, compared, called))
        if not called[0] and self._text(first - 1) == "in" and (looked_for := tuple(self._literal(first - 2))):
            self.result.append(Chain((*resolved, "[]"), (*places, offsets[-1]), looked_for))
        return at

    def _part(self, at: int) -> tuple[str, int, int] | None:
        """The next part of a chain, its offset, and where it goes on: `.name`, `["name"]` or `[0]`."""
        if self._text(at) not in (".", "[") or at + 1 >= len(self.tokens):
            return None
        token = self.tokens[at + 1]
        if self._text(at) == ".":
            return (token.text, token.offset, at + 2) if token.kind == "name" else None
        if self._text(at + 2) != "]" or token.kind not in ("string", "number"):
            return None
        return ("[]" if token.kind == "number" else token.text[1:-1]), token.offset, at + 3

    def _bind(self, at: int, target: tuple[str, ...]) -> None:
        if self._text(at) in MACROS and self._text(at + 3) == ",":
            self.bound.append((self._text(at + 2), (*target, "[]"), self.depth + 1))

    def _resolved(self, parts: tuple[str, ...]) -> tuple[str, ...]:
        for name, target, _ in reversed(self.bound):
            if name == parts[0]:
                return (*target, *parts[1:])
        return parts

    def _compared(self, first: int, after: int) -> Iterator[Literal]:
        before, then = self._text(first - 1), self._text(after)
        if before in RECKONING:
            return  # the sum is compared, not this part of it
        if then in COMPARING and self._text(after + 2) not in RECKONING:
            yield from self._literal(after + 1, then in EQUAL)
        if before in COMPARING and then not in RECKONING and self._text(first - 3) not in RECKONING | COMPARING:
            yield from self._literal(first - 2, before in EQUAL)
        if then == "in" and self._text(after + 1) == "[":
            at = after + 2
            while at < len(self.tokens) and self._text(at) != "]":
                yield from self._literal(at)
                at += 1

    def _literal(self, at: int, is_equal: bool = True) -> Iterator[Literal]:
        if not 0 <= at < len(self.tokens):
            return
        token = self.tokens[at]
        if token.kind == "string":
            yield Literal(token.text[1:-1], token.offset, "text", is_equal)
        elif token.kind == "number" or token.text in ("true", "false"):
            yield Literal(token.text, token.offset, "number" if token.kind == "number" else "boolean", is_equal)
