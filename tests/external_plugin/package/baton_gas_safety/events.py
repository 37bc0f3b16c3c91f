"""What the housing system tells: a gas safety certificate runs out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flows.plugin import event


@event("gas_safety.due")
@dataclass(frozen=True)
class CheckDue:
    """`tenant` is whom Baton knows under this id; `home` is the housing system's own word for the home."""

    tenant: str
    home: str
    appliances: str
    ends_on: date
