"""Which days are working days: Monday to Friday, less the public holidays of a named country."""

from __future__ import annotations

from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Protocol

OFFICE = "office"
_COUNTRIES: dict[str, tuple[str, str | None]] = {
    "australia": ("AU", None), "austria": ("AT", None), "belgium": ("BE", None), "canada": ("CA", None),
    "denmark": ("DK", None), "england": ("GB", "ENG"), "finland": ("FI", None), "france": ("FR", None),
    "germany": ("DE", None), "india": ("IN", None), "ireland": ("IE", None), "italy": ("IT", None),
    "netherlands": ("NL", None), "new_zealand": ("NZ", None), "northern_ireland": ("GB", "NIR"),
    "norway": ("NO", None), "poland": ("PL", None), "portugal": ("PT", None), "scotland": ("GB", "SCT"),
    "spain": ("ES", None), "sweden": ("SE", None), "switzerland": ("CH", None), "united_states": ("US", None),
    "wales": ("GB", "WLS"),
}  # fmt: skip


class Calendar(Protocol):
    """Anything that knows its working days."""

    def is_working(self, day: date) -> bool: ...


class _Office:
    """Monday to Friday without holidays."""

    def is_working(self, day: date) -> bool:
        return day.weekday() < 5


class _Country(_Office):
    """Monday to Friday without the public holidays of one country."""

    def __init__(self, holidays: Any) -> None:
        self._holidays = holidays

    def is_working(self, day: date) -> bool:
        return super().is_working(day) and day not in self._holidays


def calendar_names() -> tuple[str, ...]:
    """Every name that `calendar:` of a flow may have."""
    return (OFFICE, *_COUNTRIES)


@lru_cache(maxsize=64)
def calendar_named(name: str | None) -> Calendar:
    """The calendar of that name, `office` for None. ValueError names the nearest one that exists."""
    if name is None or name == OFFICE:
        return _Office()
    if name not in _COUNTRIES:
        near = get_close_matches(name, calendar_names(), n=1)
        cure = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(calendar_names())}"
        raise ValueError(f"no calendar is called {name!r}; {cure}")
    from holidays import country_holidays  # takes long to import, and most processes need no holidays

    country, part = _COUNTRIES[name]
    return _Country(country_holidays(country, subdiv=part))
