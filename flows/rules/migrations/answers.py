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
            reasons.append(yellow(f"“{after.label}”: the answer stays, though today it would not be taken any more"))
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
    if is_draft:
        return [yellow(f"“{before.label}” is not asked any more: what was typed and not sent yet is dropped")]
    return [yellow(f"“{before.label}” is not asked any more: its answer stays in the history and is no longer shown")]


def _does_not_fit(before: Any, after: Any, misfit: str, is_open: bool, is_hidden: bool) -> Reason:
    if misfit == "option":
        said, cure = f"“{after.label}”: what was chosen is not among the options any more", "keep the option"
    elif misfit == "entries":
        said, cure = f"“{after.label}”: what was entered does not fit the new list", "keep what its entries ask"
    else:
        said = f"“{after.label}” was answered as {_kind(before)} and is {_kind(after)} now"
        cure = "keep its kind"
    if is_open:
        return yellow(f"{said}, so it has to be answered again")
    if after.required and not is_hidden:
        return red(said, f"{cure}, or give the new question a name of its own")
    return yellow(f"{said}; the answer stays in the history and is no longer shown")


def _kind(one: Any) -> str:
    words = {"choices": "several choices", "boolean": "a yes or no", "user": "a person", "url": "a web address"}
    return words.get(one.type) or f"a{'n' if one.type[0] in 'aeiou' else ''} {one.type}"


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
