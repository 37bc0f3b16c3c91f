"""What a move-in chooses from: tenancy agreements of the housing management system, and times to collect keys (C41)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from flows.plugin import (
    LookupContext,
    Option,
    Tenancy,
    calendar_named,
    date_in_words,
    language,
    lookup,
    moment_in_words,
    money_in_words,
)

AS_MANY = 21
"""One more than is shown, so that people are told to search."""
OFFICE = ZoneInfo("Europe/London")
"""Keys are handed over at a counter in England, wherever the tenant reads this."""
HOURS = (time(10), time(14))
SLOTS = 10
STATES = {"waiting": "Not begun", "running": "Running", "ended": "Ended"}

WELSH = {
    "Number": "Rhif", "Tenant": "Tenant", "Email": "E-bost", "Address": "Cyfeiriad", "Rent a month": "Rhent y mis",
    "From": "O", "Until": "Tan", "State": "Cyflwr", "Not begun": "Heb ddechrau", "Running": "Yn rhedeg",
    "Ended": "Wedi dod i ben",
}  # fmt: skip


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
        (_said("Number"), found.number),
        (_said("Tenant"), found.tenant_name),
        (_said("Email"), found.tenant_email),
        (_said("Address"), found.address),
        (_said("Rent a month"), rent),
        (_said("From"), _day(found.starts_on)),
        (_said("Until"), _day(found.ends_on)),
        (_said("State"), _said(STATES[found.state(ctx.now.astimezone(OFFICE).date())])),
    )
    return Option(found.id, found.number, f"{found.tenant_name}, {found.address}", facts, exclusive=True)


def _said(words: str) -> str:
    return WELSH[words] if language().startswith("cy") else words


def _day(day: date | None) -> str:
    return date_in_words(day) if day else ""


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
    return moment_in_words(moment, OFFICE.key, year=False)
