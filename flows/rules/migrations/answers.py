"""Where every answer goes when an instance moves to another version, and which ones do not fit there any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from flows.rules import answers
from flows.rules.answers import AnswerContext
from flows.rules.answers.shapes import is_blank
from flows.rules.migrations.names import FlowLike, Names, fields_of, step_of_field
from flows.rules.migrations.plan import Reason, red, yellow
from flows.rules.moves import WITH_ACTOR
from flows.words import N_
from flows.words import gettext as _

Answers = Mapping[str, Mapping[str, Any]]
"""By step and question."""
Place = tuple[str, str]
"""A step and a question of it."""
ASKED_ELSEWHERE = frozenset({"file", "user", "department", "object"})
"""Kinds whose answers only the product can judge; of the same kind they fit."""


@dataclass(frozen=True)
class Carried:
    """Old (step, question) to new (step, question), of those answers that go on; and what is to be said of the rest."""

    places: Mapping[Place, Place]
    reasons: tuple[Reason, ...] = ()
    lost: frozenset[str] = field(default_factory=frozenset)
    """New names of questions of which an earlier answer is left behind, because it does not fit."""
    drafts: Mapping[Place, Place] = field(default_factory=dict)
    """The same as `places`, of what is typed and not sent yet: each is judged for itself."""

    def of(self, given: Answers, step: str) -> dict[str, Any]:
        """The answers that stand on a new step."""
        return {
            new[1]: given[old[0]][old[1]]
            for old, new in self.places.items()
            if new[0] == step and old[1] in given.get(old[0], {})
        }


def carry(
    old: FlowLike,
    new: FlowLike,
    names: Names,
    given: Answers,
    drafts: Answers,
    states: Mapping[str, str],
    today: date,
) -> Carried:
    """Every answer's way. The start's stand under the step "". `states` are those of the old steps; values in clear."""
    deciding = _Deciding(old, new, names, given, drafts, states, today)
    sent = {(step, name): deciding.way(step, name, value, False) for step, name, value in _all(given)}
    typed = {(step, name): deciding.way(step, name, value, True) for step, name, value in _all(drafts)}
    return Carried(
        {place: way.to for place, way in sent.items() if way.to is not None},
        tuple(way.reason for way in (*sent.values(), *typed.values()) if way.reason is not None),
        frozenset(names.fields[name] for (_, name), way in sent.items() if way.is_lost),
        {place: way.to for place, way in typed.items() if way.to is not None},
    )


@dataclass(frozen=True)
class _Way:
    """Where one answer goes, if anywhere, and what is to be said of it; `is_lost`: it does not fit there."""

    to: Place | None = None
    reason: Reason | None = None
    is_lost: bool = False


@dataclass(frozen=True)
class _Deciding:
    """Everything that says which way an answer goes."""

    old: FlowLike
    new: FlowLike
    names: Names
    given: Answers
    drafts: Answers
    states: Mapping[str, str]
    today: date

    def way(self, step: str, name: str, value: Any, is_draft: bool) -> _Way:
        if name not in self._befores:
            paid = self.names.steps.get(step)
            is_paid = paid is not None and name == step and self.new.steps[paid].payment is not None
            return _Way((paid, paid) if paid is not None and is_paid else None)
        if name not in self.names.fields:
            return _Way(None, self._left_behind(step, name, value, is_draft))
        if self._asked.get(name, "") != step:
            return self._waiting(step, name, value, is_draft)
        return self._fitting(step, name, value, is_draft)

    def _waiting(self, step: str, name: str, value: Any, is_draft: bool) -> _Way:
        """An older answer, on a step whose question has gone to another: it never stands for what was given there.

        It stays where it is, and counts again when its question comes back and nobody answered it elsewhere.
        """
        target, home = self.names.fields[name], "" if step == "" else self.names.steps.get(step)
        if home is None:
            return _Way()
        if self._at[target] != home:
            return _Way((home, target))
        newer, typed = (several.get(self._asked.get(name, ""), {}) for several in (self.given, self.drafts))
        if name in newer or (is_draft and name in typed):
            return _Way()
        return self._fitting(step, name, value, is_draft)

    def _fitting(self, step: str, name: str, value: Any, is_draft: bool) -> _Way:
        target = self.names.fields[name]
        before, after, state = self._befores[name], self._afters[target], self.states.get(step)
        misfit = _misfit(before, after, value, self.today)
        is_open = is_draft or state in WITH_ACTOR
        to = (self._at[target], target)
        if misfit is None or (misfit == "limits" and is_open):
            return _Way(to)
        if misfit == "limits":
            said = N_("“%(question)s”: the answer stays, though today it would not be taken any more")
            return _Way(to, yellow(_(said, question=after.label)))
        return _Way(None, _does_not_fit(before, after, misfit, is_open, state == "skipped"), is_lost=True)

    def _left_behind(self, step: str, name: str, value: Any, is_draft: bool) -> Reason | None:
        told = step in ("", *self.names.steps, *self.names.merged) and self.states.get(step) != "skipped"
        if not told or is_blank(value) or (is_draft and name in self.given.get(step, {})):
            return None
        said = N_("“%(question)s” is not asked any more: its answer stays in the history and is no longer shown")
        if is_draft:
            said = N_("“%(question)s” is not asked any more: what was typed and not sent yet is dropped")
        return yellow(_(said, question=self._befores[name].label))

    @cached_property
    def _befores(self) -> Mapping[str, Any]:
        return fields_of(self.old)

    @cached_property
    def _afters(self) -> Mapping[str, Any]:
        return fields_of(self.new)

    @cached_property
    def _asked(self) -> Mapping[str, str]:
        return step_of_field(self.old)

    @cached_property
    def _at(self) -> Mapping[str, str]:
        return {**dict.fromkeys(self.new.start.questions, ""), **step_of_field(self.new)}


def _all(answered: Answers) -> Iterator[tuple[str, str, Any]]:
    return ((step, name, value) for step, values in answered.items() for name, value in values.items())


def _does_not_fit(before: Any, after: Any, misfit: str, is_open: bool, is_hidden: bool) -> Reason:
    if misfit == "option":
        said = _("“%(question)s”: what was chosen is not among the options any more", question=after.label)
        cure = _("keep the option, or give the new question a name of its own")
    elif misfit == "entries":
        said = _("“%(question)s”: what was entered does not fit the new list", question=after.label)
        cure = _("keep what its entries ask, or give the new question a name of its own")
    else:
        kinds = {"before": kind_in_words(before.type), "now": kind_in_words(after.type)}
        said = _("“%(question)s” was answered as %(before)s and is %(now)s now", question=after.label, **kinds)
        cure = _("keep its kind, or give the new question a name of its own")
    if is_open:
        return yellow(_("%(what)s, so it has to be answered again", what=said))
    if after.required and not is_hidden:
        return red(said, cure)
    return yellow(_("%(what)s; the answer stays in the history and is no longer shown", what=said))


def kind_in_words(kind: str) -> str:
    """A kind of question in the middle of a sentence."""
    return {
        "text": _("a text"), "textarea": _("a longer text"), "email": _("an email address"),
        "phone": _("a phone number"),
        "url": _("a web address"), "domain": _("a domain"), "integer": _("an integer"), "number": _("a number"),
        "money": _("an amount of money"), "date": _("a date"), "datetime": _("a day and a time"),
        "boolean": _("a yes or no"), "choice": _("a choice"), "choices": _("several choices"), "file": _("a file"),
        "list": _("a list"), "address": _("an address"), "signature": _("a signature"), "user": _("a person"),
        "department": _("a department"), "object": _("a group of answers"), "info": _("a text to read"),
    }[kind]  # fmt: skip


def _misfit(before: Any, after: Any, value: Any, today: date) -> str | None:
    """None: it fits. "kind", "option", "entries": it means nothing there. "limits": only its limits are others."""
    if is_blank(value) or before == after:
        return None
    same = before.type == after.type
    if after.type in ASKED_ELSEWHERE or after.options_from or before.options_from:
        return None if same and before.options_from == after.options_from else "kind"
    plain = after.model_copy(update={"required": False, "when": None})
    checked = answers.check({"it": plain}, {"it": value}, AnswerContext(today=today))
    if not checked.problems and checked.values.get("it") == value:
        return None
    if not same:
        return "kind"
    return {"choice": "option", "choices": "option", "list": "entries"}.get(after.type, "limits")
