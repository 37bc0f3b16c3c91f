"""Moments and money in words, for mails and messages that no page formats."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


def day_in_words(moment: datetime, zone: str) -> str:
    """The day in that time zone: "Saturday 28 November 2026"."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B} {local.year}"


def moment_in_words(moment: datetime, zone: str) -> str:
    """The minute in that time zone: "Saturday 28 November 2026, 11:59pm"."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day_in_words(moment, zone)}, {local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def money_in_words(minor: int, currency: str) -> str:
    """Minor units as people read them: "£1,530.00"; a currency without a sign of ours goes in front by its code."""
    amount = f"{abs(minor) // 100:,}.{abs(minor) % 100:02}"
    return f"{'-' if minor < 0 else ''}{SYMBOLS.get(currency, currency + ' ')}{amount}"


def duration_in_words(duration: timedelta) -> str:
    """How long something took, in the unit that fits: "40 minutes", "5 hours", "2.3 days"."""
    minutes = duration.total_seconds() / 60
    amount, unit = (minutes, "minute") if minutes < 60 else (minutes / 60, "hour")
    if minutes >= 1440:
        amount, unit = minutes / 1440, "day"
    said = f"{amount:.1f}".removesuffix(".0") if unit == "day" and amount < 10 else f"{amount:.0f}"
    return f"{said} {unit}{'' if said == '1' else 's'}"
