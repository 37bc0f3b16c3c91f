"""Moments and money in words, for mails and messages that no page formats."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$"}


def day_in_words(moment: datetime, zone: str) -> str:
    """"Saturday 28 November 2026", in that time zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%A} {local.day} {local:%B} {local.year}"


def moment_in_words(moment: datetime, zone: str) -> str:
    """"Saturday 28 November 2026, 11:59pm", in that time zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{day_in_words(moment, zone)}, {local.hour % 12 or 12}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def money_in_words(minor: int, currency: str) -> str:
    """"£1,530.00": minor units to what people read; a currency without a sign of ours stands in front by its code."""
    amount = f"{abs(minor) // 100:,}.{abs(minor) % 100:02}"
    return f"{'-' if minor < 0 else ''}{SYMBOLS.get(currency, currency + ' ')}{amount}"
