"""The small words of the language: names, spans, times, conditions, people; each with its pattern."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from flows.words import Borrowed


class Strict(BaseModel):
    """A part of a flow: every key known, nothing changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def listed(value: Any) -> Any:
    """One thing where a list may stand is a list of one."""
    return value if isinstance(value, list | tuple) else (value,)


def _as_borrowed(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Words go on saying whose language they are in; they were looked at when they were read."""
    return value if isinstance(value, Borrowed) else check(value)


def _text(pattern: str, longest: int = 64) -> StringConstraints:
    return StringConstraints(pattern=pattern, max_length=longest)


Name = Annotated[str, _text(r"^[a-z][a-z0-9_]*$")]
Slug = Annotated[str, _text(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
StateName = Annotated[str, _text(r"^[A-Za-z][A-Za-z0-9_]*$")]
Dotted = Annotated[str, _text(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$", 128)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=4000), WrapValidator(_as_borrowed)]
Hole = Annotated[str, _text(r"\$\{\{", 4000)]
Chosen = Literal["unassigned", "round_robin", "least_busy"] | Hole
Condition = Annotated[str, StringConstraints(min_length=1, max_length=500)]
CONDITIONS = frozenset({"if", "when", "while", "done_when"})
"""The keys under which conditions stand."""
SpanText = Annotated[str, _text(r"^(0|[1-9][0-9]{0,6})(m|h|d|wd|w)$")]
Clock = Annotated[str, _text(r"^(([01][0-9]|2[0-3]):[0-5][0-9]|end)$")]
Day = Annotated[str, _text(r"^(today([+-][0-9]{1,4}[dwmy])?|[0-9]{4}-[0-9]{2}-[0-9]{2})$")]
Moment = Annotated[str, _text(r"^((now|today)([+-][0-9]{1,4}[mhdwy])?|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9:]{5,8})?)$")]
Person = Annotated[str, _text(r"^(staff|customer|creator|assignee|manager|department|role\.[a-z][a-z0-9_]*)$")]
TemplateName = Annotated[str, _text(r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$", 128)]
RelativeFile = Annotated[str, _text(r"^([A-Za-z0-9_-]+/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*$", 200)]
Currency = Annotated[str, _text(r"^[A-Z]{3}$")]
WebAddress = Annotated[str, _text(r"^https?://[^\s/]+\S*$", 2000)]
Flag = StrictBool
Whole = StrictInt
Number = StrictInt | StrictFloat
Scalar = StrictBool | StrictInt | StrictFloat | str

People = Annotated[
    tuple[Person, ...], BeforeValidator(listed, json_schema_input_type=Person | list[Person]), Field(min_length=1)
]
Spans = Annotated[
    tuple[SpanText, ...], BeforeValidator(listed, json_schema_input_type=SpanText | list[SpanText]), Field(min_length=1)
]
Doer = Literal["customer", "staff", "system"]
StatusName = Literal["not_started", "in_progress", "awaiting_review", "completed", "cancelled", "expired", "overdue"]

PLAIN = {
    r"^[a-z][a-z0-9_]*$": "a name is small letters, digits and _, beginning with a letter",
    r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$": "a flow's name is small letters, digits and single hyphens",
    r"^[A-Za-z][A-Za-z0-9_]*$": "a state is one word of letters, digits and _",
    r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$": "write it as plugin.name, in small letters",
    r"^(0|[1-9][0-9]{0,6})(m|h|d|wd|w)$": "a span is a number and a unit: 30m, 12h, 3d, 1w or 5wd",
    r"^(([01][0-9]|2[0-3]):[0-5][0-9]|end)$": "a time is 00:00 to 23:59, or end",
    r"^(today([+-][0-9]{1,4}[dwmy])?|[0-9]{4}-[0-9]{2}-[0-9]{2})$": "a day is today, today-18y or 2026-03-31",
    r"^(staff|customer|creator|assignee|manager|department|role\.[a-z][a-z0-9_]*)$": (
        "people are staff, customer, creator, assignee, manager, department or role.<name>"
    ),
    r"^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$": "a template is words and /, such as case/overdue",
    r"^([A-Za-z0-9_-]+/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*$": "a file inside the plugin, such as locales/name.cy.yaml",
    r"^[A-Z]{3}$": "a currency is three capitals, such as GBP",
    r"^https?://[^\s/]+\S*$": "an address begins with https://",
    r"\$\{\{": "write a value, or a hole such as ${{ customer.name }}",
    r"^[a-z]{2,3}(-[A-Z]{2})?$": "a language is written as cy or en-GB",
    r"^(created|step\.[a-z][a-z0-9_]*\.[a-z]+|entered\.[A-Za-z]\w*)$": (
        "a timer counts from created, step.<name>.opened or entered.<State>"
    ),
}
