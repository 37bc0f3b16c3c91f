"""The one check of answers for page, API and import: everything wrong at once, every problem with its cure (X17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from flows.rules.answers import choices, dates, groups, numbers, texts
from flows.rules.answers.shapes import DEEPEST, AnswerContext, Checked, FieldLike, Wrong, is_blank, is_deep, noun
from flows.rules.answers.texts import pointer_part, tidy
from flows.rules.errors import Problem
from flows.rules.expressions import compile_condition
from flows.words import gettext as _

KINDS = texts.KINDS | numbers.KINDS | dates.KINDS | choices.KINDS | groups.KINDS


def check(
    fields: Mapping[str, FieldLike], raw: Mapping[str, Any], context: AnswerContext, *, partial: bool = False
) -> Checked:
    """Clean values and all problems (X1, X17).

    A field whose `when`, or that of its page, does not hold is hidden: what was given for it is dropped, whatever the
    door. A question left empty is null. With `partial` (a draft) nothing is required, absent fields stay absent and
    what is wrong is reported and kept as it was typed.
    """
    if not isinstance(raw, Mapping):
        return Checked({}, [Problem("", "type", _("Give the answers as an object of names and values"))])
    if is_deep(raw):
        return Checked(
            {},
            [
                Problem(
                    "",
                    "type",
                    _("Give the answers with at most %(deepest)s levels of lists and objects", deepest=DEEPEST),
                )
            ],
        )
    asked = {name: field for name, field in fields.items() if field.type != "info"}
    given = {name: tidy(raw[name]) for name in asked if name in raw}
    cleaned, problems = _clean_all(asked, given, context)
    shown = _shown(asked, cleaned, context, partial)
    if partial:
        values = {name: cleaned.get(name, given[name]) for name in shown if name in given}
    else:
        values = {name: cleaned.get(name) for name in shown}
        opened = {name: _opened(field, given.get(name), context, f"/{name}") for name, field in asked.items()}
        problems = {name: opened[name] or _required(asked[name], cleaned, name, problems) for name in asked}
    return Checked(values, [*_unknown(asked, raw), *(one for name in shown for one in problems.get(name, ()))])


def understood(fields: Mapping[str, FieldLike], raw: Mapping[str, Any], context: AnswerContext) -> dict[str, Any]:
    """What was typed, clean where it can be: for the conditions of a form that is shown again."""
    given = {name: tidy(raw[name]) for name, field in fields.items() if name in raw and field.type != "info"}
    return {**given, **_clean_all(fields, given, context)[0]}


def _clean_all(
    asked: Mapping[str, FieldLike], given: Mapping[str, Any], context: AnswerContext
) -> tuple[dict[str, Any], dict[str, list[Problem]]]:
    """Every given answer on its own: its clean value (null for a blank one) or its problems.

    One that depends on another beside it (`within`) comes after all the others, wherever it stands in the file.
    """
    cleaned: dict[str, Any] = {}
    problems: dict[str, list[Problem]] = {}
    for name, value in sorted(given.items(), key=lambda one: bool(asked[one[0]].within)):
        try:
            cleaned[name] = None if is_blank(value) else _clean(asked[name], value, replace(context, beside=cleaned))
        except Wrong as mistakes:
            problems[name] = [replace(one, pointer=f"/{name}{one.pointer}") for one in mistakes.problems]
    return cleaned, problems


def _clean(field: FieldLike, raw: Any, context: AnswerContext) -> Any:
    if field.type == "list":
        return _clean_list(field, raw, context)
    return KINDS[field.type].clean(field, raw, context)


def _clean_list(field: FieldLike, raw: Any, context: AnswerContext) -> list[dict[str, Any]]:
    """Each entry is a form of its own whose answers are `data.*` to its own conditions."""
    context = replace(context, pages={})
    checked = [check(field.item, entry, context) for entry in groups.items_of(field, raw)]
    problems = [replace(one, pointer=f"/{n}{one.pointer}") for n, entry in enumerate(checked) for one in entry.problems]
    if problems:
        raise Wrong(*problems)
    return [entry.values for entry in checked]


def _shown(
    asked: Mapping[str, FieldLike], cleaned: Mapping[str, Any], context: AnswerContext, partial: bool
) -> list[str]:
    """The fields that are asked, given these answers. Hiding one may hide another, so ask until nothing changes."""
    shown = list(asked)
    while True:
        given = {name: cleaned.get(name) for name in asked if name in cleaned or not partial}
        data = {**context.scope.get("data", {}), **given, **{name: None for name in asked if name not in shown}}
        scope = {**context.scope, "data": data}
        left = [name for name in shown if _holds(asked[name].when, scope) and _holds(context.pages.get(name), scope)]
        if left == shown:
            return shown
        shown = left


def _holds(condition: str | None, scope: Mapping[str, Any]) -> bool:
    """What is not yet known stays hidden for now (X2)."""
    return not condition or compile_condition(condition).holds(scope) is True


def _required(
    field: FieldLike, cleaned: Mapping[str, Any], name: str, problems: Mapping[str, list[Problem]]
) -> list[Problem]:
    if not field.required or name in problems or cleaned.get(name) is not None:
        return list(problems.get(name, ()))
    return [Problem(f"/{name}", "required", _ask(field))]


def _opened(field: FieldLike, raw: Any, context: AnswerContext, pointer: str) -> list[Problem]:
    """What is missing in the entries of a list that needs some, where nothing but empty ones was opened."""
    if field.type != "list" or not field.required or not raw or not is_blank(raw):
        return []
    try:
        _clean_list(field, raw, context)
    except Wrong as mistakes:
        return [replace(one, pointer=pointer + one.pointer) for one in mistakes.problems]
    return []


def _ask(field: FieldLike) -> str:
    if field.type == "list":
        return _("Add at least one entry to %(field)s", field=noun(field))
    if field.label.endswith("?"):
        return _("Answer “%(question)s”", question=field.label)
    return _(KINDS[field.type].ask, field=noun(field))


def _unknown(asked: Mapping[str, FieldLike], raw: Mapping[str, Any]) -> list[Problem]:
    return [_stranger(str(name), asked) for name in raw if name not in asked]


def _stranger(name: str, asked: Mapping[str, FieldLike]) -> Problem:
    near, called = get_close_matches(name, asked, n=1), repr(name[:80])
    if near:
        said = _("There is no question called %(name)s; did you mean %(near)s?", name=called, near=repr(near[0]))
    elif asked:
        said = _("There is no question called %(name)s; the questions are %(all)s", name=called, all=", ".join(asked))
    else:
        said = _("There is no question called %(name)s", name=called)
    return Problem(f"/{pointer_part(name)}", "unknown", said)
