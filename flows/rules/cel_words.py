"""Reads the words of a CEL expression without running it: which names it needs, and whether it keeps the limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

MAX_LENGTH = 500
MAX_NESTING = 50
LOOPS = frozenset({"all", "exists", "exists_one", "filter", "map"})
FUNCTIONS = LOOPS | frozenset({
    "has", "size", "contains", "startsWith", "endsWith", "matches", "string", "int", "uint", "double", "duration",
    "timestamp", "type", "bytes", "dyn", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfWeek",
    "getDayOfYear", "getHours", "getMinutes", "getSeconds",
})  # fmt: skip
_NOT_NAMES = frozenset(
    {"true", "false", "null", "in", "int", "uint", "double", "string", "bool", "bytes", "list", "map"}
)
_WORD = re.compile(
    r"""(?P<text>[rRbB]{0,2}(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      | (?P<number>\d[\w.]*)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<mark>&&|\|\||[=!<>]=|\S)""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)


class ExpressionProblem(ValueError):
    """An expression that cannot be read or run; `offset` counts characters from its start."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class Word(NamedTuple):
    """One word of an expression: `kind` is text, number, name or mark."""

    kind: str
    text: str
    offset: int


@dataclass(frozen=True)
class Reading:
    """What an expression refers to: dotted names, the functions it calls, and its has(...) tests (start, end, path)."""

    names: frozenset[str]
    calls: tuple[Word, ...]
    tests: tuple[tuple[int, int, str], ...]


def words(text: str) -> Iterator[Word]:
    """The words of an expression in order; text in quotes is one word."""
    for found in _WORD.finditer(text):
        yield Word(found.lastgroup or "mark", found[0], found.start())


def read(text: str) -> Reading:
    """Names and calls of an expression. ExpressionProblem when it is too long, too deep or loops inside a loop."""
    if len(text) > MAX_LENGTH:
        raise ExpressionProblem(f"at most {MAX_LENGTH} characters, this has {len(text)}", MAX_LENGTH)
    reader = _Reader(list(words(text)))
    reader.run()
    return Reading(frozenset(reader.names), tuple(reader.calls), tuple(reader.tests))


@dataclass
class _Open:
    """An open bracket: the call it belongs to, the name a loop binds inside it, and the names read there."""

    call: Word | None
    bound: str | None
    names: list[str] = field(default_factory=list)


class _Reader:
    """One pass over the words with a stack of open brackets."""

    def __init__(self, all_words: list[Word]) -> None:
        self.words = [*all_words, Word("end", "", 0)]
        self.names: set[str] = set()
        self.calls: list[Word] = []
        self.tests: list[tuple[int, int, str]] = []
        self.stack: list[_Open] = []
        self.at = 0

    def run(self) -> None:
        while self.at < len(self.words) - 1:
            word = self.words[self.at]
            if word.kind == "name" and word.text not in _NOT_NAMES:
                self._name(word)
            elif word.text in ("(", "[", "{"):
                self._opens(word)
            elif word.text in (")", "]", "}") and self.stack:
                self._closes(word)
            self.at += 1

    def _name(self, word: Word) -> None:
        """A name with its .parts, as far as they are no call: `order.lines.exists(` gives order.lines."""
        if self._is_call(self.at):
            return
        if self.at and self.words[self.at - 1].text == ".":
            return
        path = [word.text]
        while self.words[self.at + 1].text == "." and self.words[self.at + 2].kind == "name":
            if self._is_call(self.at + 2):
                break
            path.append(self.words[self.at + 2].text)
            self.at += 2
        if all(open_.bound != path[0] for open_ in self.stack):
            self.names.add(".".join(path))
        for open_ in self.stack[-1:]:
            open_.names.append(".".join(path))

    def _is_call(self, at: int) -> bool:
        return self.words[at].kind == "name" and self.words[at + 1].text == "("

    def _opens(self, word: Word) -> None:
        if len(self.stack) == MAX_NESTING:
            raise ExpressionProblem(f"brackets are nested at most {MAX_NESTING} deep", word.offset)
        call = self.words[self.at - 1] if word.text == "(" and self.at and self._is_call(self.at - 1) else None
        bound = None
        if call is not None:
            self.calls.append(call)
            bound = self._bound_by(call)
        self.stack.append(_Open(call, bound))

    def _bound_by(self, call: Word) -> str | None:
        """The name that a loop like `.exists(line, ...)` gives to each entry; None for other calls."""
        if call.text not in LOOPS or self.at < 2 or self.words[self.at - 2].text != ".":
            return None
        if any(open_.bound for open_ in self.stack):
            raise ExpressionProblem(f"{call.text} stands inside another loop; use one at a time", call.offset)
        return self.words[self.at + 1].text

    def _closes(self, word: Word) -> None:
        closed = self.stack.pop()
        if closed.call is not None and closed.call.text == "has" and len(closed.names) == 1:
            self.tests.append((closed.call.offset, word.offset + 1, closed.names[0]))
