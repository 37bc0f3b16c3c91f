"""What a form already knows: the `default` of each field, filled from what is in scope (A26, A27)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from flows.rules.answers.check import KINDS
from flows.rules.answers.dates import day_of, moment_in
from flows.rules.answers.shapes import AnswerContext, FieldLike, Wrong, is_blank
from flows.rules.expressions import ExpressionProblem, NotYetKnown, compile_text
from flows.rules.private import touches


def prefill(
    fields: Mapping[str, FieldLike],
    scope: Mapping[str, Any],
    today: date | None = None,
    private: Collection[str] = (),
) -> dict[str, Any]:
    """Suggested answers by field name, for people to check; a default that needs something unknown is left out.

    `today` serves date defaults such as today+3d; without it the `now` in scope does. A default that names one of the
    `private` answers is left out too: nobody reads there what was given in confidence elsewhere (X20).
    """
    now = moment_in(scope)
    day = today or (now.date() if now else None)
    found = {name: _suggested(field, scope, day, private) for name, field in fields.items() if field.type != "info"}
    return {name: value for name, value in found.items() if not is_blank(value)}


def _suggested(field: FieldLike, scope: Mapping[str, Any], today: date | None, private: Collection[str]) -> Any:
    default = field.default
    if isinstance(default, str):
        try:
            text = compile_text(default)
            default = None if touches(text.names, private) else text.render(scope)
        except (NotYetKnown, ExpressionProblem):  # a suggestion that cannot be made is none; lint judges the text
            return None
    if is_blank(default) or field.type == "list":
        return None
    if field.type == "date" and isinstance(default, str):
        return _day(default, today)
    return _clean(field, default, today)


def _day(text: str, today: date | None) -> str | None:
    try:
        return day_of(text, today).isoformat() if today else date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def _clean(field: FieldLike, value: Any, today: date | None) -> Any:
    """As an answer looks, where it is one; otherwise as it is: the person who checks it sees what is wrong."""
    try:
        return KINDS[field.type].clean(field, value, AnswerContext(today=today or date.max))
    except Wrong:
        return list(value) if isinstance(value, tuple) else value
