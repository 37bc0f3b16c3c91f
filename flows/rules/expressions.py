"""CEL conditions and `${{ }}` holes: three-valued where an answer is missing, never false by accident (X2)."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from functools import lru_cache
from types import ModuleType
from typing import Any

from flows.rules.cel_words import FUNCTIONS, ExpressionProblem, Reading, read
from flows.rules.private import MASK, touches

__all__ = ["Condition", "ExpressionProblem", "NotYetKnown", "Text", "compile_condition", "compile_text"]

_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_HOLE = re.compile(r"""\$\{\{((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^"'}]|\}(?!\}))*)\}\}""")


class NotYetKnown(Exception):
    """A value that a text needs has not been given yet; `name` is its dotted name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not known yet")
        self.name = name


class _Expression:
    """One compiled expression with what it refers to."""

    def __init__(self, text: str) -> None:
        reading = read(text)
        _compiled(text)  # as written first, so that a mistake has its place in the author's text
        _check_calls(reading)
        self.text = text
        self.names = reading.names
        self._roots = frozenset(name.split(".")[0] for name in reading.names)
        self._tested = frozenset(path for _, _, path in reading.tests)
        self._program = _compiled(_null_is_absent(text, reading))

    def value(self, scope: Mapping[str, Any]) -> Any:
        """The value in a scope. NotYetKnown when a name, key or entry is missing, `_Nothing` when one is null."""
        try:
            return self._program.execute({root: _plain(scope[root]) for root in self._roots if root in scope})
        except (KeyError, IndexError):
            raise NotYetKnown(self._leading_to(_ABSENT, scope) or self.text) from None
        except RuntimeError as error:
            if any(root not in scope for root in self._roots):
                raise NotYetKnown(self._leading_to(_ABSENT, scope) or self.text) from None
            raise ExpressionProblem(_sentence(error)) from None
        except TypeError as error:
            if null := self._leading_to(None, scope):
                missing = self._leading_to(_ABSENT, scope, self._tested)
                raise NotYetKnown(missing) if missing else _Nothing(null) from None
            raise ExpressionProblem(_sentence(error)) from None
        except (ValueError, ArithmeticError) as error:
            raise ExpressionProblem(_sentence(error)) from None

    def _leading_to(self, end: object, scope: Mapping[str, Any], but: frozenset[str] = frozenset()) -> str | None:
        """The first name that leads to null or nowhere (`_ABSENT`), leaving out those in `but`."""
        return next((name for name in sorted(self.names - but) if _follow(name, scope) is end), None)


class _Nothing(NotYetKnown):
    """A value that was asked for and left empty: an operation on it holds for nothing."""


_ABSENT = object()


def _follow(name: str, scope: Mapping[str, Any]) -> Any:
    """What a dotted name leads to: null as soon as it meets one, `_ABSENT` where the way ends."""
    at: Any = scope
    for part in name.split("."):
        if at is None:
            return None
        if not isinstance(at, Mapping) or part not in at:
            return _ABSENT
        at = at[part]
    return at


def _compiled(text: str) -> Any:
    # `cel` loads its own command line and a terminal toolkit with it: 8 MB in every process for what nobody here runs.
    sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
    from cel import compile as compile_cel  # a native library: processes that run no condition start without it

    try:
        return compile_cel(text)
    except ValueError as error:
        raise _parse_problem(text, str(error)) from None


def _parse_problem(text: str, message: str) -> ExpressionProblem:
    found = _PLACE.search(message)
    if found is None:
        return ExpressionProblem("this is no condition that can be read")
    before = text.split("\n")[: int(found[1]) - 1]
    offset = sum(len(line) + 1 for line in before) + max(int(found[2]) - 1, 0)  # of some faults the column is 0
    said = found[3].removeprefix("Syntax error: ").split(" expecting ")[0]
    return ExpressionProblem("it ends too early" if "<EOF>" in said else f"cannot be read here: {said}", offset)


def _check_calls(reading: Reading) -> None:
    for call in reading.calls:
        if call.text not in FUNCTIONS:
            near = get_close_matches(call.text, FUNCTIONS, n=1)
            cure = f"did you mean {near[0]}?" if near else f"use one of {', '.join(sorted(FUNCTIONS))}"
            raise ExpressionProblem(f"no function is called {call.text}; {cure}", call.offset)


def _null_is_absent(text: str, reading: Reading) -> str:
    """`has(x.y)` also asks that x.y is not null: a question left empty is an answer that is not there."""
    for start, end, path in sorted(reading.tests, reverse=True):
        text = f"{text[:start]}({text[start:end]} && {path} != null){text[end:]}"
    return text


def _sentence(error: Exception) -> str:
    """What the library says, without the value it was given: that may be somebody's answer."""
    return str(error).split(". ")[0].split(" Check that")[0].split(": Parsing Error")[0]


def _plain(value: Any) -> Any:
    """A value as CEL takes it: dates as ISO text, tuples and sets as lists."""
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(entry) for entry in value]
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    return value


@dataclass(frozen=True)
class Condition:
    """A compiled condition; `names` are the dotted names it refers to."""

    text: str
    names: frozenset[str]
    _expression: _Expression

    def holds(self, scope: Mapping[str, Any]) -> bool | None:
        """True, False, or None while something it needs is not yet known (X2).

        A null (a question left empty) is known: comparing equal to it works, any other operation on it does not hold.
        ExpressionProblem for every other mistake, such as comparing text with a number.
        """
        try:
            result = self._expression.value(scope)
        except _Nothing:
            return False
        except NotYetKnown:
            return None
        if result is None:
            return False
        if not isinstance(result, bool):
            raise ExpressionProblem(f"a condition is true or false; this one gives {type(result).__name__}")
        return result


@dataclass(frozen=True)
class Text:
    """A compiled text with holes; `names` are the dotted names its holes refer to."""

    source: str
    names: frozenset[str]
    _parts: tuple[str | _Expression, ...]

    @property
    def is_constant(self) -> bool:
        return all(isinstance(part, str) for part in self._parts)

    def masked(self, private: Collection[str]) -> Text:
        """The same text with every hole masked that names a private answer: for words that people read (X20)."""
        if not private or not touches(self.names, private):
            return self
        parts = tuple(
            MASK if isinstance(part, _Expression) and touches(part.names, private) else part for part in self._parts
        )
        return Text(self.source, self.names, parts)

    def worded(self, words: Mapping[str, str]) -> Text:
        """The same text where a hole that is nothing but one of these names has its words: 1 December 2031."""
        parts = tuple(words.get(part.text, part) if isinstance(part, _Expression) else part for part in self._parts)
        return Text(self.source, self.names, parts)

    def render(self, scope: Mapping[str, Any]) -> Any:
        """The filled text; a text that is one hole keeps its value's type. NotYetKnown(name) when one is missing."""
        if len(self._parts) == 1 and isinstance(self._parts[0], _Expression):
            return self._parts[0].value(scope)
        return "".join(part if isinstance(part, str) else _written(part.value(scope)) for part in self._parts)

    def filled(self, scope: Mapping[str, Any], quote: Callable[[str], str]) -> str:
        """The filled text with every value passed through `quote`, such as an escape for markdown."""
        return "".join(part if isinstance(part, str) else quote(_written(part.value(scope))) for part in self._parts)

    def told(self, scope: Mapping[str, Any]) -> str:
        """The filled text for a page that must be shown whatever is missing: what cannot be said yet is empty."""
        return "".join(part if isinstance(part, str) else _said_or_nothing(part, scope) for part in self._parts)

    def render_or(self, scope: Mapping[str, Any], default: Any) -> Any:
        """Like `render`, and `default` while something is not yet known."""
        try:
            return self.render(scope)
        except NotYetKnown:
            return default


def _said_or_nothing(part: _Expression, scope: Mapping[str, Any]) -> str:
    try:
        return _written(part.value(scope))
    except (NotYetKnown, ExpressionProblem):
        return ""


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_written(entry) for entry in value)
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)


@lru_cache(maxsize=4096)
def compile_condition(text: str) -> Condition:
    """A condition ready to be asked. ExpressionProblem with its offset when it cannot be read or breaks a limit."""
    expression = _Expression(text)
    return Condition(text, expression.names, expression)


@lru_cache(maxsize=4096)
def compile_text(text: str) -> Text:
    """A text with `${{ CEL }}` holes ready to be filled. ExpressionProblem with its offset in the text."""
    parts = tuple(_parts(text))
    names = frozenset(name for part in parts if isinstance(part, _Expression) for name in part.names)
    return Text(text, names, parts)


def _parts(text: str) -> Iterator[str | _Expression]:
    at = 0
    for hole in _HOLE.finditer(text):
        yield from _literal(text, at, hole.start())
        yield _hole(hole[1], hole.start(1))
        at = hole.end()
    yield from _literal(text, at, len(text))


def _literal(text: str, start: int, end: int) -> Iterator[str]:
    if (opened := text.find("${{", start, end)) >= 0:
        raise ExpressionProblem("a hole opens with ${{ and is never closed; end it with }}", opened)
    if start < end:
        yield text[start:end]


def _hole(expression: str, offset: int) -> _Expression:
    lead = len(expression) - len(expression.lstrip())
    try:
        return _Expression(expression.strip())
    except ExpressionProblem as problem:
        raise ExpressionProblem(problem.message, offset + lead + problem.offset) from None
