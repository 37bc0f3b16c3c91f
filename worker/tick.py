"""Finds what is due and sees that it is done: RQ carries it, and when RQ does not, the ticker does it itself.

The database remembers, RQ only carries: a row is claimed and committed before anybody hears of it, and it is claimed
again until it has ended. So Redis may be emptied and any process killed at any moment.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Flask
from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, and_, case, exists, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import InstrumentedAttribute

from flows.access import read_as
from flows.actions.delivering import waits_its_turn
from flows.actions.tidying import forget_the_past, remove_lost_bytes
from flows.clock import clock
from flows.models import Effect, Timer
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from messaging import bell, digests
from worker import jobs
from worker.following import Follower
from worker.queues import DUE, OWED, connect, hand_over

log = structlog.get_logger(__name__)

BATCH = 200
PATIENCE = timedelta(seconds=5)
"""How long a hint may go unanswered before it is given again."""
LONG_PATIENCE = timedelta(seconds=60)
MOST_HINTS = 2
"""After so many unanswered hints the ticker does the work itself; if that fails too, it waits longer each time."""
TIDIED_EVERY = timedelta(days=1)
REMINDED_EVERY = timedelta(minutes=1)
"""How often it is looked who is due a mail about unread messages (C53)."""


@dataclass(frozen=True)
class Duty:
    """One kind of later: which rows are due, and which job is given which id."""

    queue: str
    job: Callable[[Iterable[int]], None]
    rows: type[Timer] | type[Effect]
    key: InstrumentedAttribute[Any]
    at: InstrumentedAttribute[datetime]
    open: ColumnElement[bool]


DUTIES = (
    Duty(DUE, jobs.fire, Timer, Timer.instance_id, Timer.due_at, Timer.ended_at.is_(None)),
    Duty(OWED, jobs.deliver, Effect, Effect.id, Effect.next_at, and_(Effect.state == "pending", ~waits_its_turn())),
)


@dataclass(frozen=True)
class Claim:
    """Ids to hand over, and those that were handed over in vain; `is_full` when more may be waiting."""

    fresh: list[int]
    ignored: list[int]
    is_full: bool


def claim(duty: Duty) -> Claim:
    """Mark what is due as handed over, in one short work; two tickers never claim the same row at once.

    `handed_at` is real time, because how long a worker may take has nothing to do with the demo's clock.
    """
    due = and_(duty.open, duty.at <= clock.now(), _ripe(duty, clock.wall()))
    waiting = read_as(SYSTEM).scalar(select(exists().where(due)))
    end_reading()
    if not waiting:  # most seconds nothing is due, and a write would hold up others for nothing
        return Claim([], [], False)
    with unit_of_work(SYSTEM) as work:
        rows = work.session.execute(
            select(duty.rows.id, duty.key, duty.rows.hints)
            .where(due)
            .order_by(duty.at, duty.rows.id)
            .limit(BATCH)
            .with_for_update(of=duty.rows, skip_locked=True)
        ).all()
        work.session.execute(
            update(duty.rows)
            .where(duty.rows.id.in_([row[0] for row in rows]))
            .values(handed_at=clock.wall(), hints=duty.rows.hints + 1),
            execution_options={"synchronize_session": False},
        )
    ignored = dict.fromkeys(key for _, key, hints in rows if hints >= MOST_HINTS)
    fresh = dict.fromkeys(key for _, key, _ in rows if key not in ignored)
    return Claim([*fresh], [*ignored], len(rows) == BATCH)


def _ripe(duty: Duty, wall: datetime) -> ColumnElement[bool]:
    handed_at, hints = duty.rows.handed_at, duty.rows.hints
    last_hint = case((hints <= MOST_HINTS + 1, wall - PATIENCE), else_=wall - LONG_PATIENCE)
    return or_(handed_at.is_(None), handed_at < last_hint)


class Ticker:
    """Takes a turn every second, or at once when the bell rings."""

    def __init__(self, app: Flask, redis_url: str) -> None:
        self._app = app
        self._redis = connect(redis_url)
        self._redis_was_away = False
        self._tidied_at: float | None = None
        self._reminded_at: float | None = None
        self._follower = Follower()

    def run(self) -> None:
        """Until SIGTERM or SIGINT; a database that is away is waited for."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: sys.exit(0))
        while True:
            if not self.tick():
                self._wait()

    def tick(self) -> bool:
        """Every part once, whatever becomes of the others; True when one of them has more to do at once."""
        parts = (self.turn, self._follower.turn, self._tidy_daily, self._remind_of_unread)
        more = [self._tried(part) for part in parts]
        return any(more)

    def _tried(self, part: Callable[[], bool | None]) -> bool:
        try:
            with self._app.app_context():
                return bool(part())
        except DBAPIError as fault:
            log.warning("database_away", fault=str(fault.orig), part=part.__qualname__)
        except Exception:
            log.exception("tick_failed", part=part.__qualname__)
        return False

    def turn(self) -> bool:
        """See to everything that is due now; True when a batch was full and more may be waiting."""
        more = False
        for duty in DUTIES:
            claimed = claim(duty)
            more |= claimed.is_full
            self._hand_over(duty, claimed.fresh)
            if claimed.ignored:
                log.warning("done_by_ticker", job=duty.queue, count=len(claimed.ignored))
                duty.job(claimed.ignored)
        return more

    def _hand_over(self, duty: Duty, ids: list[int]) -> None:
        if not ids:
            return
        try:
            hand_over(self._redis, duty.queue, f"{duty.job.__module__}.{duty.job.__name__}", ids)
            self._redis_was_away = False
        except RedisError as fault:
            if not self._redis_was_away:
                log.warning("redis_away", fault=str(fault), cure="the ticker does the work itself until it is back")
            self._redis_was_away = True
            duty.job(ids)

    def _wait(self) -> None:
        """A second, or less when something is owed at once."""
        try:
            if self._redis.blpop([bell.KEY], timeout=1):
                self._redis.delete(bell.KEY)  # however often it rang, one turn sees everything
        except RedisError:
            time.sleep(1)

    def _tidy_daily(self) -> None:
        if self._tidied_at is None or time.monotonic() - self._tidied_at > TIDIED_EVERY.total_seconds():
            with unit_of_work(SYSTEM) as work:
                forget_the_past(work)
            remove_lost_bytes()
            self._tidied_at = time.monotonic()

    def _remind_of_unread(self) -> None:
        if self._reminded_at is None or time.monotonic() - self._reminded_at > REMINDED_EVERY.total_seconds():
            self._reminded_at = time.monotonic()
            digests.owe_due()
            end_reading()
