"""What the product asks of systems beside it: small contracts, and which provider answers them in this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol


@dataclass(frozen=True)
class Tenancy:
    """A tenancy agreement as the housing management system knows it (C41).

    `id` is opaque and stays the same for ever; `rent_minor` are minor units a month; `is_active` once it was begun.
    """

    id: str
    number: str
    tenant_name: str
    address: str
    tenant_email: str = ""
    rent_minor: int | None = None
    currency: str = "GBP"
    starts_on: date | None = None
    ends_on: date | None = None
    is_active: bool = False

    def state(self, today: date) -> Literal["waiting", "running", "ended"]:
        """How it stands: begun by a request or by its own date, and not over."""
        if self.ends_on is not None and self.ends_on < today:
            return "ended"
        return "running" if self.is_active or (self.starts_on is not None and self.starts_on <= today) else "waiting"


class AgreementSearch(Protocol):
    """Finds agreements. Raises PassingFault or PermanentFault when it cannot."""

    def search(self, query: str, limit: int) -> Sequence[Tenancy]:
        """Those that fit every word of `query`, the best first; with an empty one, any. At most `limit`."""
        ...

    def get(self, id: str) -> Tenancy | None:
        """The one with this id; None when there is none."""
        ...


class Agreements(AgreementSearch, Protocol):
    """The housing management system, whoever it is: our own table, or one that is asked over HTTP."""

    def activate(self, id: str, move_in: date, key: str) -> None:
        """The tenancy begins on that day. Told again (the same `key`), nothing happens a second time."""
        ...


_outside: Agreements | None = None


def use_agreements(provider: Agreements | None) -> None:
    """Ask this provider from now on; None means the product's own table. `messaging` says it when it registers."""
    global _outside
    _outside = provider


def outside_agreements() -> Agreements | None:
    """The provider beside the product; None when the product's own table is asked."""
    return _outside
