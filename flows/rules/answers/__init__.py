"""Answers: one check, one reading of forms and one way to show a value, for every door and all 22 kinds of field."""

from flows.rules.answers.check import check, understood
from flows.rules.answers.files import Place, asks_for_files, dressed, file_controls, files_in, guard_of, ids_in
from flows.rules.answers.forms import KEPT, display, form_parts, from_form, pressed, to_form_text
from flows.rules.answers.prefill import prefill
from flows.rules.answers.shapes import AnswerContext, Checked, FieldLike, Unavailable
from flows.rules.errors import Problem

__all__ = [
    "KEPT", "AnswerContext", "Checked", "FieldLike", "Place", "Problem", "Unavailable", "asks_for_files", "check",
    "display", "dressed", "file_controls", "files_in", "form_parts", "from_form", "guard_of", "ids_in", "prefill",
    "pressed", "to_form_text", "understood",
]  # fmt: skip
