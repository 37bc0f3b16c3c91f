"""Where every answer goes when an instance moves to another version, and which ones do not fit there any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
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
ASKED_ELSEWHERE = frozenset({"file", "user", "department", "object"})
"""Kinds whose answers only the product can judge; of the same kind they fit."""


@dataclass(frozen=True)
class Carried:
    """Old (step, question) to new (step, question), of those answers that go on; and what is to be said of the rest."""

    places: Mapping[tuple[str, str], tuple[str, str]]
    reasons: tuple[Reason, ...] = ()
    lost: frozenset[str] = field(default_factory=frozenset)
    """New names of questions of which an earlier answer is left behind, because it does not fit."""

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
    befores, afters = fields_of(old), fields_of(new)
    at = {**dict.fromkeys(new.start.questions, ""), **step_of_field(new)}
    places: dict[tuple[str, str], tuple[str, str]] = {}
    reasons: list[Reason] = []
    lost: set[str] = set()
    for step, name, value, is_draft in _all(given, drafts):
        if name not in befores:
            if (paid := names.steps.get(step)) is not None and name == step and new.steps[paid].payment is not None:
                places[step, name] = (paid, paid)
            continue
        before, target = befores[name], names.fields.get(name)
        if target is None:
            told = step in ("", *names.steps, *names.merged) and states.get(step) != "skipped"
            reasons += _left_behind(before, value, is_draft) if told else []
            continue
        after = afters[target]
        misfit = _misfit(before, after, value, today)
        is_open = is_draft or states.get(step) in WITH_ACTOR
        if misfit == "limits" and not is_open:
            said = N_("“%(question)s”: the answer stays, though today it would not be taken any more")
            reasons.append(yellow(_(said, question=after.label)))
        elif misfit not in (None, "limits"):
            lost.add(target)
            reasons.append(_does_not_fit(before, after, misfit, is_open, states.get(step) == "skipped"))
            continue
        places[step, name] = (at[target], target)
    return Carried(places, tuple(reasons), frozenset(lost))


def _all(given: Answers, drafts: Answers) -> Iterator[tuple[str, str, Any, bool]]:
    for step, values in given.items():
        for name, value in values.items():
            yield step, name, value, False
    for step, values in drafts.items():
        for name, value in values.items():
            if name not in given.get(step, {}):
                yield step, name, value, True


def _left_behind(before: Any, value: Any, is_draft: bool) -> list[Reason]:
    if is_blank(value):
        return []
    said = N_("“%(question)s” is not asked any more: its answer stays in the history and is no longer shown")
    if is_draft:
        said = N_("“%(question)s” is not asked any more: what was typed and not sent yet is dropped")
    return [yellow(_(said, question=before.label))]


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
