"""What the rooms of this package share: a field as they see it, what they may ask, and how they say no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, NoReturn, Protocol

from flows.rules.errors import Problem
from flows.words import N_, USUAL, language
from flows.words import gettext as _

DEEPEST = 20
_GROUPS = (Mapping, list, tuple)
_VERBS = frozenset({"pick", "choose", "select", "enter", "tell", "upload", "give", "describe", "say", "tick"})
_LITTLE = frozenset({
    "about", "after", "at", "before", "between", "by", "during", "for", "from", "in", "into", "near", "of", "on",
    "over", "per", "since", "to", "under", "until", "with", "without",
})  # fmt: skip
"""Words that lead to another one: "On a visit" and "Inspected on" name no thing."""
_OPENING = _LITTLE | frozenset({
    "a", "an", "any", "anybody", "anyone", "anything", "each", "every", "everything", "i", "if", "is", "it",
    "nobody", "nothing", "some", "somebody", "something", "that", "there", "this", "these", "those", "we", "you",
    "what", "when", "where", "whether", "which", "who", "whom", "whose", "why", "how", "my", "our",
})  # fmt: skip
_FINITE = frozenset({
    "am", "are", "can", "cannot", "could", "did", "do", "does", "had", "has", "have", "is", "should", "was", "were",
    "will", "would",
})  # fmt: skip
_OWNERS = frozenset({"the", "your", "their", "his", "her", "its"})
"""What stands where "the" would."""
_ANSWER = N_("an answer to “%(label)s”")
_QUOTED = {"file": N_("a file for “%(label)s”"), "list": "“%(label)s”"}


class FieldLike(Protocol):
    """A field of a flow. A key that its type does not know reads as None or False."""

    @property
    def type(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def when(self) -> str | None: ...
    def __getattr__(self, name: str) -> Any: ...


class UploadCheck(Protocol):
    """Says why an upload cannot be the answer of a field (its pointer is filled in here), or None when it can."""

    def __call__(self, upload_id: str, field: FieldLike) -> Problem | None: ...


class PeopleCheck(Protocol):
    """The name of a user or department (`kind`) that may be chosen here, or None. `within`: the chosen department."""

    def __call__(self, kind: str, person_id: int | str, within: int | str | None) -> str | None: ...


class Unavailable(Exception):
    """A lookup or picker that cannot be asked right now; what it was asked for is neither right nor wrong."""


@dataclass(frozen=True)
class AnswerContext:
    """What checking needs to know besides the fields; a callable that is absent refuses the answers that need it.

    `scope` is for `when`; `options(source)` lists the values of an `options_from` with their labels, `lookup(source,
    value)` gives one label where a source is too large to list. Each may raise Unavailable. `beside` holds the clean
    answers of the same form, `pages` the condition of the page that a field stands on, by the name of the field.
    """

    today: date
    zone: str = "UTC"
    scope: Mapping[str, Any] = field(default_factory=dict)
    lookup: Callable[[str, str], str | None] | None = None
    options: Callable[[str], Mapping[str, str]] | None = None
    people: PeopleCheck | None = None
    uploads: UploadCheck | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)
    pages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """Clean values by field name, and everything that is wrong."""

    values: dict[str, Any]
    problems: list[Problem]


class Wrong(Exception):
    """One or more problems of one answer; pointers are relative to its field."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.detail for problem in problems))
        self.problems = problems


def wrong(code: str, detail: str, pointer: str = "", **meta: Any) -> NoReturn:
    raise Wrong(Problem(pointer, code, detail, meta))


class Kind(NamedTuple):
    """How one field type is cleaned (JSON or form value in, answer out, `Wrong` when it cannot be) and shown."""

    clean: Callable[[FieldLike, Any, AnswerContext], Any]
    show: Callable[[FieldLike, Any, AnswerContext | None], str]
    ask: str = N_("Enter %(field)s")


def noun(field: FieldLike) -> str:
    """The label inside a sentence: "Admin Email" is "the admin email"; what names no thing stays in quotes.

    So do a question, "Pick a time", "A photo of it", "Inspected on" and "What was found".
    """
    if not _names_thing(field.label):
        return _(_QUOTED.get(field.type, _ANSWER), label=field.label)
    lowered = (word.lower() if word[1:].islower() or len(word) == 1 else word for word in field.label.split())
    words = " ".join(lowered)
    if language().partition("-")[0] != USUAL:
        return f"“{field.label}”"  # where "the" and small letters make no part of a sentence of it
    return words if words.partition(" ")[0] in _OWNERS else _("the %(thing)s", thing=words)


def subject(field: FieldLike) -> str:
    """The label at the start of a sentence."""
    return _("The answer to “%(label)s”", label=field.label) if _is_sentence(field.label) else field.label


def _is_sentence(label: str) -> bool:
    """A question, or something to do: neither is the name of a thing."""
    return label.endswith("?") or label.partition(" ")[0].lower() in _VERBS


def _names_thing(label: str) -> bool:
    """Whether "the" can stand before it: no sentence, nothing that has an article, asks, or ends in the middle."""
    words = label.lower().split()
    return not (_is_sentence(label) or {*words[:1]} & _OPENING or {*words[-1:]} & _LITTLE or {*words} & _FINITE)


def is_blank(value: Any) -> bool:
    """Nothing was given: absent, white space, an empty list, or an object of nothing but blanks."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, (list, tuple)):
        return not value or all(is_blank(entry) for entry in value)
    return value is None or (isinstance(value, Mapping) and all(is_blank(entry) for entry in value.values()))


def is_deep(value: Any) -> bool:
    """Nested deeper than any answer is, so that nothing that walks through it runs out of stack."""
    level = [value]
    for _level in range(DEEPEST):
        groups = (one.values() if isinstance(one, Mapping) else one for one in level if isinstance(one, _GROUPS))
        level = [inner for group in groups for inner in group]
    return any(isinstance(one, _GROUPS) for one in level)
