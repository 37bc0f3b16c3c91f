"""Answers: one check, one reading of forms and one way to show a value, for every door and all 22 kinds of field."""

from flows.rules.answers.check import check
from flows.rules.answers.forms import display, form_parts, from_form, to_form_text
from flows.rules.answers.prefill import prefill
from flows.rules.answers.shapes import AnswerContext, Checked, FieldLike, Unavailable
from flows.rules.errors import Problem

__all__ = [
    "AnswerContext", "Checked", "FieldLike", "Problem", "Unavailable", "check", "display", "form_parts", "from_form",
    "prefill", "to_form_text",
]  # fmt: skip
