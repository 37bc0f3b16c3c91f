"""Who was found away, or hung, is left in peace for a while: one thing owed waits for them and not each of them (X36).

Everything owed goes through few hands. Without this, a mail server or push service that hangs would hold up the mails,
pushes and webhooks to everybody else, five or ten seconds for each thing owed to it. Each process finds out for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from flows.clock import clock
from flows.plugin import PassingFault
from messaging.wanting import PutOff

PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=2)
"""Each pause is twice as long as the one before it, up to this."""


class Unreachable(PassingFault):
    """Nobody answered, or not in time; whatever a server does answer is something else."""


class Away(NamedTuple):
    """Until when somebody is left in peace, and for how long."""

    until: datetime
    pause: timedelta


_away: dict[str, Away] = {}


def check(*places: str) -> None:
    """Raises PutOff while one of these (hosts, say) is left in peace."""
    until = max((_away[place].until for place in places if place in _away), default=None)
    if until is not None and until > clock.now():
        raise PutOff(until)


def found_away(*places: str) -> None:
    """Nobody answers there."""
    for place in places:
        pause = min(_away[place].pause * 2, LONGEST_PAUSE) if place in _away else PAUSE
        _away[place] = Away(clock.now() + pause, pause)


def found_well(*places: str) -> None:
    """There was an answer."""
    for place in places:
        _away.pop(place, None)


@contextmanager
def left_in_peace(*places: str) -> Iterator[None]:
    """For calling these: raises PutOff instead while one is left in peace, and notes how they were found."""
    check(*places)
    try:
        yield
    except Unreachable:
        found_away(*places)
        raise
    except Exception:
        found_well(*places)
        raise
    found_well(*places)
