"""Days, moments, money and spans in the words of whoever reads: the one place that says them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from flows.rules.timing import Unit, parse_span
from flows.words import N_, ngettext
from flows.words import gettext as _

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}
DAYS = (N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"), N_("Saturday"), N_("Sunday"))
MONTHS = (
    N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July"), N_("August"),
    N_("September"), N_("October"), N_("November"), N_("December"),
)  # fmt: skip
SHORT_MONTHS = (
    N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"), N_("Jun"), N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"),
    N_("Nov"), N_("Dec"),
)  # fmt: skip


def date_in_words(day: date, year: bool = True) -> str:
    """A day of the calendar: "28 November 2026", or without its year."""
    return f"{day.day} {_(MONTHS[day.month - 1])}{f' {day.year}' if year else ''}"


def short_date(day: date) -> str:
    """As short as it can be read: "28 Nov"."""
    return f"{day.day} {_(SHORT_MONTHS[day.month - 1])}"


def day_in_words(moment: datetime, zone: str, year: bool = True) -> str:
    """The day in that time zone: "Saturday 28 November 2026", or without its year."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{_(DAYS[local.weekday()])} {date_in_words(local, year)}"


def moment_in_words(moment: datetime, zone: str, year: bool = True) -> str:
    """The minute in that time zone: "Saturday 28 November 2026, 11:59pm", or without the year."""
    local = moment.astimezone(ZoneInfo(zone))
    half = _("am") if local.hour < 12 else _("pm")
    return f"{day_in_words(moment, zone, year)}, {local.hour % 12 or 12}:{local:%M}{half}"


def money_in_words(minor: int, currency: str) -> str:
    """Minor units as people read them: "£1,530.00"; a currency without a sign of ours goes in front by its code."""
    amount = f"{abs(minor) // 100:,}.{abs(minor) % 100:02}"
    return f"{'-' if minor < 0 else ''}{SYMBOLS.get(currency, currency + ' ')}{amount}"


def span_in_words(text: str) -> str:
    """A span of the flow language as people say it: "10wd" is "10 working days"."""
    span = parse_span(text)
    return count_in_words(span.amount, span.unit)


def count_in_words(amount: int, unit: Unit) -> str:
    """So many of a unit of time."""
    match unit:
        case "m":
            return ngettext("%(num)s minute", "%(num)s minutes", amount)
        case "h":
            return ngettext("%(num)s hour", "%(num)s hours", amount)
        case "d":
            return ngettext("%(num)s day", "%(num)s days", amount)
        case "wd":
            return ngettext("%(num)s working day", "%(num)s working days", amount)
        case "w":
            return ngettext("%(num)s week", "%(num)s weeks", amount)


def spans_in_words(texts: Sequence[str]) -> str:
    """Several spans, the unit said once where they share it: "3, 5 and 7 days"."""
    spans = [parse_span(text) for text in texts]
    if len(spans) > 1 and len({span.unit for span in spans}) == 1:
        amounts = listed([str(span.amount) for span in spans])
        return {
            "m": _("%(amounts)s minutes", amounts=amounts),
            "h": _("%(amounts)s hours", amounts=amounts),
            "d": _("%(amounts)s days", amounts=amounts),
            "wd": _("%(amounts)s working days", amounts=amounts),
            "w": _("%(amounts)s weeks", amounts=amounts),
        }[spans[0].unit]
    return listed([span_in_words(text) for text in texts])


def listed(words: Sequence[str], last: Literal["and", "or"] = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    first = ", ".join(words[:-1])
    if last == "or":
        return _("%(first)s or %(last)s", first=first, last=words[-1])
    return _("%(first)s and %(last)s", first=first, last=words[-1])


def duration_in_words(duration: timedelta) -> str:
    """How long something took, in the unit that fits: "40 minutes", "5 hours", "2.3 days"."""
    minutes = duration.total_seconds() / 60
    if minutes < 60:
        return count_in_words(round(minutes), "m")
    if minutes < 1440:
        return count_in_words(round(minutes / 60), "h")
    days = minutes / 1440
    said = f"{days:.1f}".removesuffix(".0") if days < 10 else f"{days:.0f}"
    return count_in_words(int(said), "d") if said.isdecimal() else _("%(amounts)s days", amounts=said)
