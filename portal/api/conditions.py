"""A CEL condition as the small form that a phone can run: field with eq ne in gt lt empty; all, any, not (API 7.9)."""

from __future__ import annotations

import json
from typing import Any

from flows.rules.cel_words import words

MARKS = {"==": "eq", "!=": "ne", ">": "gt", "<": "lt"}


class _TooMuch(Exception):
    """More than the small form can say."""


def small_form(condition: str | None) -> dict[str, Any] | None:
    """The JSON form of a condition over `data.*`; None where there is none, or where it needs all of CEL.

    The server decides in any case: a phone that cannot run the condition shows the field and is told on saving.
    """
    if condition is None:
        return None
    reader = _Reader([word.text for word in words(condition)])
    try:
        form = reader.any()
        reader.end()
    except _TooMuch:
        return None
    return form


class _Reader:
    """One pass, from the loosest binding to the tightest."""

    def __init__(self, found: list[str]) -> None:
        self.words, self.at = found, 0

    def any(self) -> dict[str, Any]:
        return self._several("||", "any", self.all)

    def all(self) -> dict[str, Any]:
        return self._several("&&", "all", self.one)

    def one(self) -> dict[str, Any]:
        if self._takes("!"):
            return {"not": self.one()}
        if self._takes("("):
            inner = self.any()
            self._must(")")
            return inner
        if self._takes("has"):
            self._must("(")
            name = self._field()
            self._must(")")
            return {"not": {"field": name, "empty": True}}
        return self._comparison()

    def end(self) -> None:
        if self.at < len(self.words):
            raise _TooMuch

    def _several(self, mark: str, key: str, part: Any) -> dict[str, Any]:
        parts = [part()]
        while self._takes(mark):
            parts.append(part())
        return parts[0] if len(parts) == 1 else {key: parts}

    def _comparison(self) -> dict[str, Any]:
        name = self._field()
        if self._takes("in"):
            return {"field": name, "in": self._list()}
        for mark, key in MARKS.items():
            if self._takes(mark):
                return {"field": name, key: self._literal()}
        raise _TooMuch

    def _list(self) -> list[Any]:
        self._must("[")
        found = [self._literal()]
        while self._takes(","):
            found.append(self._literal())
        self._must("]")
        return found

    def _field(self) -> str:
        self._must("data")
        self._must(".")
        name = self._next()
        if not name.isidentifier():
            raise _TooMuch
        return name

    def _literal(self) -> Any:
        word = self._next()
        if word in ("true", "false"):
            return word == "true"
        if word[:1] == "'" and "\\" not in word and '"' not in word:
            return word[1:-1]
        try:
            return json.loads(word)
        except ValueError:
            raise _TooMuch from None

    def _next(self) -> str:
        if self.at == len(self.words):
            raise _TooMuch
        self.at += 1
        return self.words[self.at - 1]

    def _takes(self, word: str) -> bool:
        taken = self.at < len(self.words) and self.words[self.at] == word
        self.at += taken
        return taken

    def _must(self, word: str) -> None:
        if not self._takes(word):
            raise _TooMuch
