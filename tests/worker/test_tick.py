"""The tick: what is due is claimed once, handed over, given again, and done by the ticker when nobody else does it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select, update

from flows.access import read_as
from flows.actions.tidying import forget_the_past
from flows.clock import clock
from flows.models import Effect, Replay, SignInCode, Tally, TimelineEvent, Timer
from flows.queries import invariants
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.world import World
from worker import tick
from worker.tick import DUTIES, Ticker, claim

TIMERS, EFFECTS = DUTIES
NOBODY = "unix:///nowhere/valkey.sock"


def count(*conditions: object) -> int:
    return read_as(SYSTEM).scalar(select(func.count()).select_from(Timer).where(*conditions)) or 0  # type: ignore[arg-type]  # conditions of any column


def let_wait(seconds: int, hints: int) -> None:
    """As if what is open had been handed over so often, so long ago, and nobody had taken it."""
    with unit_of_work(SYSTEM) as work:
        for rows in (Timer, Effect):
            values = {"handed_at": clock.wall() - timedelta(seconds=seconds), "hints": hints}
            work.session.execute(update(rows).values(values), execution_options={"synchronize_session": False})


def test_due_rows_are_claimed_once_and_future_ones_not(order_coro: Callable[[int], None]) -> None:
    order_coro(3)
    assert len(claim(TIMERS).fresh) == 3
    assert claim(TIMERS).fresh == []
    assert count(Timer.handed_at.is_not(None)) == 3


def test_an_unanswered_hint_is_given_again_then_done_by_the_ticker(order_coro: Callable[[int], None]) -> None:
    order_coro(1)
    first = claim(TIMERS).fresh
    let_wait(4, 1)
    assert claim(TIMERS).fresh == []
    let_wait(6, 1)
    assert claim(TIMERS).fresh == first
    let_wait(6, 2)
    assert claim(TIMERS).ignored == first


def test_what_fails_again_and_again_waits_longer(order_coro: Callable[[int], None]) -> None:
    order_coro(1)
    let_wait(30, 4)
    assert claim(TIMERS).ignored == []
    let_wait(61, 4)
    assert len(claim(TIMERS).ignored) == 1


@pytest.mark.requirement("A10")
def test_without_redis_the_ticker_fires_and_delivers_itself(app: Flask, order_coro: Callable[[int], None]) -> None:
    order_coro(2)
    ticker = Ticker(app, NOBODY)
    ticker.turn()
    ticker.turn()
    assert count(Timer.ending == "fired") == 2
    told = select(func.count()).where(TimelineEvent.kind == "timer_fired")
    assert read_as(SYSTEM).scalar(told) == 2
    assert read_as(SYSTEM).scalar(select(func.count()).where(Effect.state == "pending")) == 0
    assert not any(invariants.broken(read_as(SYSTEM)).values())


def test_with_redis_nothing_is_done_before_a_worker_takes_it(
    app: Flask, order_coro: Callable[[int], None], valkey_url: str
) -> None:
    Redis.from_url(valkey_url).flushall()
    order_coro(60)
    Ticker(app, valkey_url).turn()
    assert count(Timer.ending == "fired") == 0
    redis = Redis.from_url(valkey_url)
    assert redis.llen("rq:queue:due") == 3
    assert int(redis.llen("rq:queue:owed")) > 0


def test_an_effect_behind_a_call_is_not_handed_over(world: World) -> None:
    with unit_of_work(SYSTEM) as work:
        for position, kind in enumerate(("call", "webhook")):
            work.session.add(
                Effect(
                    key=f"k:{position}",
                    chain="k",
                    position=position,
                    kind=kind,
                    payload={},
                    next_at=work.now,
                    created_at=work.now,
                )
            )
    assert len(claim(EFFECTS).fresh) == 1
    with unit_of_work(SYSTEM) as work:
        work.session.execute(update(Effect).where(Effect.position == 0).values(state="done"))
    assert len(claim(EFFECTS).fresh) == 1


def test_two_tickers_at_once_share_the_work(app: Flask, order_coro: Callable[[int], None]) -> None:
    order_coro(20)
    found: list[int] = []

    def one() -> None:
        with app.app_context():
            found.extend(claim(TIMERS).fresh)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(set(found)) == 20


def test_one_that_fails_does_not_hide_the_others(
    order_coro: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    order_coro(3)
    ids = claim(TIMERS).fresh
    fire_due = tick.jobs.fire_due

    def stumble(work: object, instance_id: int) -> int:
        if instance_id == ids[0]:
            raise RuntimeError("this one is broken")
        return fire_due(work, instance_id)  # type: ignore[arg-type]  # passed on untouched

    monkeypatch.setattr(tick.jobs, "fire_due", stumble)
    tick.jobs.fire(ids)
    assert count(Timer.ending == "fired") == 2


def test_what_has_served_its_time_is_forgotten(world: World) -> None:
    old, user_id = clock.wall() - timedelta(hours=25), world.user_ids["buyer"]
    for moment in (old, clock.wall()):
        with unit_of_work(SYSTEM) as work:
            work.session.add_all(
                [
                    Tally(key="sign-in", window_at=moment, count=1),
                    SignInCode(
                        user_id=user_id, code_hash="c", link_hash=str(moment), created_at=moment, expires_at=moment
                    ),
                    Replay(
                        user_id=user_id,
                        scope="s",
                        key=str(moment),
                        fingerprint="f",
                        status=200,
                        body={},
                        created_at=moment,
                    ),
                ]
            )
    with unit_of_work(SYSTEM) as work:
        forget_the_past(work)
    for rows in (Tally, SignInCode, Replay):
        assert read_as(SYSTEM).scalar(select(func.count()).select_from(rows)) == 1


@pytest.mark.requirement("C53")
def test_the_ticker_looks_once_a_minute_who_is_due_a_mail_about_unread_messages(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    monkeypatch.setattr(tick.digests, "owe_due", lambda: looked.append(1))
    ticker = Ticker(app, NOBODY)
    for _ in range(3):
        ticker._remind_of_unread()
    assert looked == [1]
    ticker._reminded_at = (ticker._reminded_at or 0) - 61
    ticker._remind_of_unread()
    assert looked == [1, 1]


def test_a_part_of_the_tick_that_fails_holds_up_no_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fails() -> bool:
        done.append("fails")
        raise ValueError("one bad row")

    ticker = Ticker(app, NOBODY)
    monkeypatch.setattr(ticker, "turn", fails)
    monkeypatch.setattr(ticker._follower, "turn", fails)
    monkeypatch.setattr(ticker, "_tidy_daily", lambda: done.append("tidy"))
    monkeypatch.setattr(ticker, "_remind_of_unread", lambda: done.append("remind") or True)
    assert ticker.tick()
    assert done == ["fails", "fails", "tidy", "remind"]
