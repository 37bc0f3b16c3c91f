"""Why a condition holds, does not, or is not yet known: what it read, and which part of its and / or decided."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flows.rules.cel_words import ExpressionProblem, Word, words
from flows.rules.expressions import compile_condition

UNKNOWN = object()
"""The value of a name that leads nowhere yet."""


@dataclass(frozen=True)
class Part:
    """A condition, or a part of one. `joined` says how its parts make its verdict: "&&", "||", "!"; "" by itself."""

    text: str
    verdict: bool | None
    names: frozenset[str]
    joined: str = ""
    parts: tuple[Part, ...] = ()

    def decisive(self) -> Iterator[Part]:
        """The smallest parts that made the verdict what it is."""
        if not self.parts:
            yield self
        for part in self.parts:
            if self.joined == "!" or part.verdict is self.verdict:
                yield from part.decisive()


def explain(text: str, scope: Mapping[str, Any]) -> Part:
    """The condition taken apart, its verdict the one that the engine comes to (`Condition.holds`).

    One that cannot be run with these values, such as text compared with a number, is not known.
    """
    text = _peeled(text)
    condition = compile_condition(text)
    try:
        verdict = condition.holds(scope)
    except ExpressionProblem:
        verdict = None
    whole = Part(text, verdict, condition.names)
    joined, pieces = _pieces(text)
    if not joined:
        return whole
    parts = tuple(explain(piece, scope) for piece in pieces)
    # CEL leaves some operations undone where others decided; then the parts would say something else than the whole.
    return replace(whole, joined=joined, parts=parts) if _together(joined, parts) is verdict else whole


def value_of(name: str, scope: Mapping[str, Any]) -> Any:
    """What a dotted name stands for; null where a part of it is null, UNKNOWN where the way ends."""
    at: Any = scope
    for part in name.split("."):
        if at is None:
            return None
        if not isinstance(at, Mapping) or part not in at:
            return UNKNOWN
        at = at[part]
    return at


def _together(joined: str, parts: Sequence[Part]) -> bool | None:
    verdicts: Collection[bool | None] = [part.verdict for part in parts]
    if joined == "!":
        return None if parts[0].verdict is None else not parts[0].verdict
    decides = joined == "||"
    if decides in verdicts:
        return decides
    return None if None in verdicts else not decides


def _pieces(text: str) -> tuple[str, list[str]]:
    """How a condition is joined at its top, and from what: `a && b` gives ("&&", ["a", "b"])."""
    top = [word for word, depth in _with_depth(text) if not depth]
    if any(word.text == "?" for word in top):
        return "", []
    for mark in ("||", "&&"):
        places = [word.offset for word in top if word.text == mark]
        if places:
            ends = [*places, len(text)]
            begins = [0, *(place + len(mark) for place in places)]
            return mark, [text[begin:end].strip() for begin, end in zip(begins, ends, strict=True)]
    if text.startswith("!(") and _closes_at_end(text, 1):
        return "!", [text[1:].strip()]
    return "", []


def _peeled(text: str) -> str:
    """Without brackets around the whole."""
    text = text.strip()
    while text.startswith("(") and _closes_at_end(text, 0):
        text = text[1:-1].strip()
    return text


def _closes_at_end(text: str, start: int) -> bool:
    """Whether the bracket that opens at `start` closes with the last character."""
    inside = [word for word, depth in _with_depth(text) if word.offset >= start and not depth]
    return bool(inside) and len(inside) == 2 and inside[1].text == ")" and inside[1].offset == len(text) - 1


def _with_depth(text: str) -> Iterator[tuple[Word, int]]:
    """Every word with how many brackets are open around it; a bracket stands outside of itself."""
    depth = 0
    for word in words(text):
        if word.kind == "mark" and word.text in ")]}":
            depth -= 1
        yield word, depth
        if word.kind == "mark" and word.text in "([{":
            depth += 1
