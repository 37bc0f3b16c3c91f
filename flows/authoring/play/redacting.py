"""Answers of real people replaced by samples of the same kind, with which a flow takes the same ways.

What a condition reads stays where it is a choice, a number or a yes and no; everything else, and all that is sensitive,
becomes a sample that passes the same checks. A sample that is read is one for which every condition says the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from random import Random
from typing import Any

import rstr

from flows.authoring.play.cast import DEPARTMENTS, STAFF
from flows.authoring.play.samples import SAMPLE_FILE
from flows.catalogue import FlowDefinition
from flows.catalogue.lint.expressions import every_text
from flows.rules.answers.dates import day_of
from flows.rules.cel_words import words
from flows.rules.explaining import explain
from flows.rules.expressions import compile_condition
from flows.rules.payments import names_in_amounts
from flows.rules.private import touches

PLAIN = frozenset({"boolean", "integer", "number", "money", "choice", "choices", "date", "datetime"})
"""Kinds of answers that name nobody: kept where a condition reads them."""
SAMPLE = "Sample"
SAMPLES: Mapping[str, Any] = {
    "email": "someone@example.com", "phone": "+44 7700 900123", "url": "https://example.com/page",
    "domain": "acme.example.com", "boolean": False, "object": {"name": SAMPLE}, "signature": {"name": SAMPLE},
    "address": {"line1": "12 Mill Lane", "town": "Leeds", "postcode": "LS1 4AB"},
}  # fmt: skip


@dataclass
class Redactor:
    """Redacts the answers of one instance: the same department is the same sample everywhere.

    `scope` is what conditions read besides; `person` says who of these on the stage plays somebody; `first` is the
    department of the stage that the first real one becomes.
    """

    definition: FlowDefinition
    scope: Mapping[str, Any]
    today: date
    person: Callable[[str, Sequence[str]], str]
    first: str = "first"
    departments: dict[Any, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def answers(self, fields: Mapping[str, Any], values: Mapping[str, Any], root: str) -> dict[str, Any]:
        """The answers to these questions; `root` is before their names in expressions: "data.", "ask." or nothing."""
        beside: dict[str, Any] = {}
        for name, question in fields.items():  # in their order: a person is chosen within the department before
            if values.get(name) is not None:
                beside[name] = self._answer(question, values[name], f"{root}{name}", beside)
        return beside

    def plain(self, value: Any, name: str) -> Any:
        """Any value of an event: words stay only where a condition compares with them, numbers where one is read."""
        if isinstance(value, Mapping):
            return {key: self.plain(one, f"{name}.{key}") for key, one in value.items()}
        if isinstance(value, list):
            return [self.plain(one, name) for one in value]
        if isinstance(value, str):
            return value if self._is_read(name) and value in self._literals else name.rpartition(".")[2]
        return value if value is None or isinstance(value, bool) or self._is_read(name) else 1

    def _answer(self, question: Any, value: Any, name: str, beside: Mapping[str, Any]) -> Any:
        if question.type == "list":
            entries = value if isinstance(value, list) else []
            return [self.answers(question.item, one, f"{name}.") for one in entries]
        if question.type == "file":
            return [SAMPLE_FILE] * max(len(value) if isinstance(value, list) else 1, 1)
        if question.type == "object" and not question.sensitive:
            return self.plain(value, name)
        if question.type == "department":
            return self._department(value)
        if question.type == "user":
            within = next((key for key, uid in _UIDS.items() if uid == beside.get(question.within or "")), None)
            return f"usr_{self.person(value, DEPARTMENTS[within] if within else STAFF)}"
        is_read = self._is_read(name)
        if not question.sensitive and question.type in PLAIN and (is_read or question.type in ("choice", "choices")):
            return value if is_read or question.options else self._sample(question)
        return self._alike(question, value, name) if is_read else self._sample(question)

    def _alike(self, question: Any, value: Any, name: str) -> Any:
        """The first sample for which every condition that reads the answer says what it said of the real one."""
        candidates = [self._sample(question), *self._candidates(question)]
        wanted = self._verdicts(name, value)
        for one in candidates:
            if self._verdicts(name, one) == wanted:
                self.scope = self._with(name, one)  # what comes after is held against samples, so that all fit together
                return one
        self.notes.append(f"no sample for {name} takes the same ways as the real answer")
        return candidates[0]

    def _candidates(self, question: Any) -> Iterator[Any]:
        if question.type == "boolean":
            yield from (True, False)
        elif question.options:
            yield from ([one] for one in question.options) if question.type == "choices" else question.options
        elif question.type in ("integer", "money", "number"):
            numbers = sorted({number + step for number in self._numbers for step in (-1, 0, 1)})
            low = question.min if question.min is not None else 0
            yield from (one for one in numbers if one >= low and (question.max is None or one <= question.max))
        else:
            yield from sorted(self._literals)

    def _verdicts(self, name: str, value: Any) -> list[bool | None]:
        scope = self._with(name, value)
        read = (text for text in self._conditions if touches(compile_condition(text).names, (name,)))
        return [explain(text, scope).verdict for text in read]

    def _with(self, name: str, value: Any) -> dict[str, Any]:
        root, _, rest = name.partition(".")
        return {**self.scope, root: {**self.scope.get(root, {}), rest: value} if rest else value}

    def _department(self, value: Any) -> str:
        known = self.departments
        if value not in known:
            order = [self.first, *(key for key in _UIDS if key != self.first)]
            if len(known) >= len(order):
                self.notes.append("a stage has two departments, and here were more")
            known[value] = _UIDS[order[min(len(known), len(order) - 1)]]
        return known[value]

    def _sample(self, question: Any) -> Any:
        match question.type:
            case "text" | "textarea":
                return self._words(question)
            case "integer" | "money" | "number":
                return question.min if question.min is not None else min(1, question.max or 1)
            case "choice":
                return next(iter(question.options or {SAMPLE_FILE: ""}))
            case "choices":
                return [next(iter(question.options or {SAMPLE_FILE: ""}))]
            case "date":
                bounds = [day_of(str(one), self.today) for one in (question.min, question.max) if one]
                return (bounds[0] if bounds else self.today).isoformat()
            case "datetime":
                return f"{self.today.isoformat()}T12:00"
            case _:
                return SAMPLES[question.type]

    @staticmethod
    def _words(question: Any) -> str:
        if question.pattern:
            return str(rstr.Rstr(Random(0)).xeger(question.pattern))[: question.max_length or 500]  # noqa: S311  # a sample
        return SAMPLE[: question.max_length or len(SAMPLE)]

    # --- what the conditions of the flow look at -----------------------------------------------------------------

    @cached_property
    def _conditions(self) -> list[str]:
        return [text for _path, text, is_condition in every_text(self.definition) if is_condition]

    @cached_property
    def _names(self) -> frozenset[str]:
        read = frozenset(name for text in self._conditions for name in compile_condition(text).names)
        return read | names_in_amounts(self.definition)

    @cached_property
    def _literals(self) -> frozenset[str]:
        found = (word.text for text in self._conditions for word in words(text) if word.kind == "text")
        return frozenset(text[1:-1] for text in found)

    @cached_property
    def _numbers(self) -> frozenset[int]:
        found = (word.text for text in self._conditions for word in words(text) if word.kind == "number")
        return frozenset(int(text) for text in found if text.isdecimal())

    def _is_read(self, name: str) -> bool:
        return touches(self._names, (name,))


_UIDS = {key: f"dep_{key}" for key in DEPARTMENTS}
