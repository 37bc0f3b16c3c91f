"""How long after its end a customer may ask that a request is taken up again (P10)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

ASKED_WITHIN = timedelta(days=14)


class Ended(Protocol):
    """An instance, as far as its end goes."""

    @property
    def state(self) -> str | None: ...
    @property
    def order_uid(self) -> str | None: ...
    @property
    def closed_at(self) -> datetime | None: ...


def may_be_asked_for(instance: Ended, now: datetime) -> bool:
    """For 14 days. Never what belongs to an order, which went on without it; cases are reopened by their own action."""
    over = instance.state is None and instance.order_uid is None and instance.closed_at is not None
    return over and instance.closed_at is not None and now - instance.closed_at <= ASKED_WITHIN
