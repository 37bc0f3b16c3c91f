"""A step with its form: questions, answers, draft, review."""

from __future__ import annotations

from typing import Any

from portal.api.shapes.payments import StepPayment
from portal.api.shapes.plain import Answers, FieldProblem, Moment, Shape


class Option(Shape):
    value: str
    label: str


class Field(Shape):
    """A question. `when` is the condition as CEL, `show_if` the same as a small JSON form where it is simple."""

    key: str
    type: str
    label: str
    hint: str | None
    required: bool
    sensitive: bool
    when: str | None
    show_if: dict[str, Any] | None
    options: list[Option] | None
    lookup: str | None
    min: int | float | str | None
    max: int | float | str | None
    max_length: int | None
    pattern: str | None
    max_items: int | None
    max_mb: int | None
    accept: list[str] | None
    currency: str | None
    fields: list[Field] | None


class FormPage(Shape):
    key: str
    title: str
    fields: list[str]


class Draft(Shape):
    """`masked` are JSON pointers to private answers, which are null here."""

    answers: Answers
    masked: list[str]
    saved_at: Moment | None
    base_version: int | None


class DraftSaved(Shape):
    draft: Draft
    errors: list[FieldProblem] | None


class Effects(Shape):
    on_submit: str


class Review(Shape):
    """What was said when answers were handed back."""

    message: str
    by: str
    at: Moment
    fields: dict[str, str]


class Step(Shape):
    """`masked` are JSON pointers to private answers, which are null in `answers`. Whose step it is has them in clear
    while it takes answers, staff one at a time through `reveal`. `check_again`: what it stands on was reopened.
    """

    id: str
    key: str
    title: str
    help: str | None
    state: str
    actor: str
    version: int
    attempt: int
    review: Review | None
    check_again: bool
    due_at: Moment | None
    pages: list[FormPage]
    fields: list[Field]
    answers: Answers
    masked: list[str]
    labels: dict[str, dict[str, str]]
    draft: Draft | None
    payment: StepPayment | None
    allowed_actions: list[str]
    effects: Effects
    locked_until: Moment | None
    submitted_at: Moment | None


class Revealed(Shape):
    """A private answer in clear, and in words. `value` is null and `lost` true when its key is gone."""

    key: str
    label: str
    value: Any
    text: str
    lost: bool
