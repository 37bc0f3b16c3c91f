"""Counters of tries, in the database, so that no restart and no second process forgets them."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite

from flows.clock import clock
from flows.models import Tally
from flows.rules.errors import Busy
from flows.words import gettext as _
from flows.work import Work

WINDOW_SECONDS = 15 * 60
MOST_TRIES = 10


def count_try(work: Work, key: str, most: int = MOST_TRIES, window_seconds: int = WINDOW_SECONDS) -> None:
    """Count one try of `key` in this window; raises Busy with the seconds to wait when there were `most` already.

    The try that is refused is not kept: the work it is part of rolls back, and the counter stands where it stood.
    """
    began = _window(window_seconds)
    insert = (postgresql if work.session.get_bind().dialect.name == "postgresql" else sqlite).insert(Tally)
    count = work.session.scalar(
        insert.values(key=key[:200], window_at=began, count=1)
        .on_conflict_do_update(index_elements=["key", "window_at"], set_={"count": Tally.count + 1})
        .returning(Tally.count)
    )
    if (count or 0) > most:
        raise Busy(
            _("Too many tries. Please wait a little"), int((began - clock.wall()).total_seconds()) + window_seconds + 1
        )


def uncount(work: Work, key: str) -> None:
    """Take back the try just counted: it was a right one, and an office behind one address has many of those."""
    began = _window(WINDOW_SECONDS)
    work.session.execute(
        update(Tally)
        .where(Tally.key == key[:200], Tally.window_at == began, Tally.count > 0)
        .values(count=Tally.count - 1)
    )


def _window(seconds: int) -> datetime:
    return datetime.fromtimestamp(int(clock.wall().timestamp()) // seconds * seconds, UTC)
