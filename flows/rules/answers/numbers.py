"""Answers that count: integer, number, money (whole minor units), and boolean."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from flows.rules.answers.shapes import AnswerContext, FieldLike, Kind, noun, subject, wrong
from flows.rules.answers.texts import plain
from flows.rules.words import money_in_words
from flows.words import gettext as _

LARGEST = 2**53 - 1  # what every JSON reader keeps exactly
_GROUPED = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d+)?", re.ASCII)
_YES = frozenset({"true", "yes", "y", "on", "1"})
_NO = frozenset({"false", "no", "n", "off", "0"})


def _decimal(raw: Any) -> Decimal | None:
    """A number from JSON or from text like "1,200.50"; None when it is none."""
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str)):
        return None
    text = re.sub(r"[\s_£$€]", "", plain(raw).replace("−", "-")) if isinstance(raw, str) else repr(raw)
    if isinstance(raw, str):
        if not text or len(text) > 40 or not _GROUPED.fullmatch(text):
            return None
        text = text.replace(",", "")
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) <= LARGEST else None


def _within(field: FieldLike, value: Any, show: Callable[[Any], str]) -> Any:
    low, high = field.min, field.max
    if low is not None and value < low:
        wrong("min", _("%(field)s must be %(show)s or more", field=subject(field), show=show(low)), min=low)
    if high is not None and value > high:
        wrong("max", _("%(field)s must be %(show)s or less", field=subject(field), show=show(high)), max=high)
    return value


def _integer(field: FieldLike, raw: Any, _context: AnswerContext) -> int:
    number = _decimal(raw)
    if number is None or number != number.to_integral_value():
        wrong("integer", _("Enter %(field)s as a whole number, like 12", field=noun(field)))
    return int(_within(field, int(number), str))


def _number(field: FieldLike, raw: Any, _context: AnswerContext) -> float:
    number = _decimal(raw)
    if number is None:
        wrong("number", _("Enter %(field)s as a number, like 12.5", field=noun(field)))
    return float(_within(field, float(number), lambda limit: f"{limit:g}"))


def _money(field: FieldLike, raw: Any, _context: AnswerContext) -> int:
    """Text is in whole units ("1,200.50"), a JSON number is in minor units (120050) and therefore whole."""
    number = _decimal(raw)
    minor = number * 100 if number is not None and isinstance(raw, str) else number
    if minor is None or minor != minor.to_integral_value() or isinstance(raw, float) or abs(minor) > LARGEST:
        wrong("money", _("Enter %(field)s as an amount, like 1,200.50", field=noun(field)))
    return int(_within(field, int(minor), money_text))


def money_text(minor: int) -> str:
    """120050 as "1,200.50"."""
    whole, part = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{whole:,}.{part:02}"


def _boolean(field: FieldLike, raw: Any, _context: AnswerContext) -> bool:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else ""
    if word not in _YES | _NO:
        wrong("boolean", _("Answer “%(label)s” with yes or no", label=field.label))
    return word in _YES


def _show_number(_field: FieldLike, value: Any, _context: AnswerContext | None) -> str:
    return f"{value:,}".removesuffix(".0") if isinstance(value, (int, float)) else str(value)


def _show_money(field: FieldLike, value: Any, _context: AnswerContext | None) -> str:
    return money_in_words(value, field.currency or "GBP") if isinstance(value, int) else str(value)


def _show_boolean(_field: FieldLike, value: Any, _context: AnswerContext | None) -> str:
    return (_("Yes") if value else _("No")) if isinstance(value, bool) else str(value)


KINDS = {
    "integer": Kind(_integer, _show_number),
    "number": Kind(_number, _show_number),
    "money": Kind(_money, _show_money),
    "boolean": Kind(_boolean, _show_boolean, "Choose"),
}
