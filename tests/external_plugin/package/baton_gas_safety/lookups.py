"""What a tenant chooses from: visits of the engineers in the coming working days that nobody has booked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from baton_gas_safety import diary
from flows.plugin import LookupContext, Option, calendar_named, lookup

ENGINEERS = {"ann": "Ann Price", "dai": "Dai Rees"}
TIMES = (time(9), time(13))
DAYS = 10
NOTICE = timedelta(days=2)
HERE = ZoneInfo("Europe/London")
"""The visits are in England and Wales, wherever the tenant reads this."""


def slot_named(ctx: LookupContext, value: str) -> Option | None:
    """One that can still be had, or the one that this tenant has already."""
    offered = next((slot for slot in _slots(ctx.now) if slot.value == value), None)
    if value in ctx.chosen:
        return offered or Option(value, value)
    return offered if offered is not None and value not in diary.taken() else None


@lookup("gas_safety.slots", one=slot_named)
def slots(ctx: LookupContext, query: str) -> Sequence[Option]:
    """Two visits a day of each engineer, for ten working days from the day after tomorrow on."""
    taken = diary.taken()
    wanted = query.lower()
    free = (slot for slot in _slots(ctx.now) if slot.value not in taken)
    return [slot for slot in free if wanted in f"{slot.label} {slot.detail}".lower()]


def _slots(now: datetime) -> Iterator[Option]:
    calendar, day = calendar_named("england"), (now.astimezone(HERE) + NOTICE).date()
    found = 0
    while found < DAYS:
        if calendar.is_working(day):
            found += 1
            for at in TIMES:
                moment = datetime.combine(day, at)
                for name, engineer in ENGINEERS.items():
                    yield Option(
                        f"{moment:%Y-%m-%dT%H:%M}-{name}", f"{moment:%A} {day.day} {moment:%B, %H:%M}", engineer
                    )
        day += timedelta(days=1)
