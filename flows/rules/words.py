"""Moments, money and spans in words, for mails, messages and pictures that no page formats."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flows.rules.timing import parse_span
from flows.words import N_
from flows.words import gettext as _

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
DAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))
MONTHS = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July"), N_("August"),
    N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
UNITS = {"m": "minute", "h": "hour", "d": "day", "wd": "working day", "w": "week"}


def day_in_words(moment: datetime, zone: str) -> str:
    """The day in that time zone: "Saturday 28 November 2026"."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{_(DAYS[local.weekday()])} {local.day} {_(MONTHS[local.month - 1])} {local.year}"


def moment_in_words(moment: datetime, zone: str) -> str:
    """The minute in that time zone: "Saturday 28 November 2026, 11:59pm"."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day_in_words(moment, zone)}, {local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def money_in_words(minor: int, currency: str) -> str:
    """Minor units as people read them: "£1,530.00"; a currency without a sign of ours goes in front by its code."""
    amount = f"{abs(minor) // 100:,}.{abs(minor) % 100:02}"
    return f"{'-' if minor < 0 else ''}{SYMBOLS.get(currency, currency + ' ')}{amount}"


def span_in_words(text: str) -> str:
    """A span of the flow language as people say it: "10wd" is "10 working days"."""
    span = parse_span(text)
    return f"{span.amount} {UNITS[span.unit]}{'' if span.amount == 1 else 's'}"


def spans_in_words(texts: Sequence[str]) -> str:
    """Several spans, the unit said once where they share it: "3, 5 and 7 days"."""
    spans = [parse_span(text) for text in texts]
    if len(spans) > 1 and len({span.unit for span in spans}) == 1:
        return f"{listed([str(span.amount) for span in spans])} {UNITS[spans[0].unit]}s"
    return listed([span_in_words(text) for text in texts])


def listed(words: Sequence[str], last: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return f" {last} ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def duration_in_words(duration: timedelta) -> str:
    """How long something took, in the unit that fits: "40 minutes", "5 hours", "2.3 days"."""
    minutes = duration.total_seconds() / 60
    amount, unit = (minutes, "minute") if minutes < 60 else (minutes / 60, "hour")
    if minutes >= 1440:
        amount, unit = minutes / 1440, "day"
    said = f"{amount:.1f}".removesuffix(".0") if unit == "day" and amount < 10 else f"{amount:.0f}"
    return f"{said} {unit}{'' if said == '1' else 's'}"
