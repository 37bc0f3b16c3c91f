"""When a customer is asked how it was, and how long they may think better of it (Q28)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

CHANGEABLE = timedelta(days=7)
USUAL_SCALE = 5


class RatingLike(Protocol):
    """The `rating` of a flow, as far as the rules look at it."""

    @property
    def ask(self) -> str: ...
    @property
    def scale(self) -> int: ...


def is_asked(status: str, rating: RatingLike | None) -> bool:
    """Whether a rating is wanted: the request ended with an outcome, and its flow asks."""
    return status == "completed" and rating is not None and rating.ask == "completed"


def may_change(rated_at: datetime | None, now: datetime) -> bool:
    """The first rating may be given at any time, and changed for 7 days."""
    return rated_at is None or now - rated_at <= CHANGEABLE
