"""What a move-in chooses from: tenancy agreements of the housing management system, and times to collect keys (C41)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from flows.plugin import LookupContext, Option, Tenancy, calendar_named, lookup, money_in_words

AS_MANY = 21
"""One more than is shown, so that people are told to search."""
OFFICE = ZoneInfo("Europe/London")
"""Keys are handed over at a counter in England, wherever the tenant reads this."""
HOURS = (time(10), time(14))
SLOTS = 10
STATES = {"waiting": "Not begun", "running": "Running", "ended": "Ended"}


def agreement_named(ctx: LookupContext, value: str) -> Option | None:
    found = ctx.agreements.get(value)
    return None if found is None else _option(ctx, found)


@lookup("housing.agreements", one=agreement_named)
def agreements(ctx: LookupContext, query: str) -> Sequence[Option]:
    """Agreements by number, address or name; one of them belongs to one request at a time."""
    return [_option(ctx, found) for found in ctx.agreements.search(query, AS_MANY)]


def slot_at(ctx: LookupContext, value: str) -> Option | None:
    """A time that is offered now, or the one that this tenant was given before."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    offered = {_value(slot) for slot in islice(_slots(ctx.now), SLOTS)}
    return Option(value, _words(moment)) if value in offered | ctx.chosen else None


@lookup("housing.key_slots", one=slot_at)
def key_slots(ctx: LookupContext, query: str) -> Sequence[Option]:
    """The next ten times on working days of England."""
    offered = [Option(_value(slot), _words(slot)) for slot in islice(_slots(ctx.now), SLOTS)]
    return [slot for slot in offered if query.lower() in slot.label.lower()]


def _option(ctx: LookupContext, found: Tenancy) -> Option:
    rent = money_in_words(found.rent_minor, found.currency) if found.rent_minor is not None else ""
    facts = (
        ("Number", found.number),
        ("Tenant", found.tenant_name),
        ("Email", found.tenant_email),
        ("Address", found.address),
        ("Rent a month", rent),
        ("From", _day(found.starts_on)),
        ("Until", _day(found.ends_on)),
        ("State", STATES[found.state(ctx.now.astimezone(OFFICE).date())]),
    )
    return Option(found.id, found.number, f"{found.tenant_name}, {found.address}", facts, exclusive=True)


def _day(day: date | None) -> str:
    return f"{day.day} {day:%B} {day.year}" if day else ""


def _slots(now: datetime) -> Iterator[datetime]:
    calendar, day = calendar_named("england"), now.astimezone(OFFICE).date()
    while True:
        if calendar.is_working(day):
            slots = (datetime.combine(day, hour, OFFICE) for hour in HOURS)
            yield from (slot for slot in slots if slot > now)
        day += timedelta(days=1)


def _value(slot: datetime) -> str:
    return slot.isoformat(timespec="minutes")


def _words(moment: datetime) -> str:
    """Tuesday 24 November, 10:00am."""
    local = moment.astimezone(OFFICE)
    half = "am" if local.hour < 12 else "pm"
    return f"{local:%A} {local.day} {local:%B}, {local.hour % 12 or 12}:{local:%M}{half}"
