"""Commands of the demo: fill it, empty it, move its clock. Every one refuses outside demo mode."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta

import click
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.clock import clock
from flows.models import Instance, Timer
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from messaging import bell, redis_door
from worker.engines import engine_of
from worker.trouble import Trouble

PARTS = ("messaging",)
FARTHEST = timedelta(days=3653)
UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@click.group()
def demo() -> None:
    """The demo's data and its movable clock."""


@demo.command()
def seed() -> None:
    """Fill an empty demo with two believable worlds."""
    from worker import migrating  # moving the clock does without it

    settings = _demo_settings()
    engine = engine_of(settings)
    migrating.upgrade(engine)
    if not migrating.is_empty(engine):
        raise Trouble("The demo has people already; to begin anew: baton demo reset")
    fill(settings)
    click.echo("The demo is filled.")


@demo.command()
@click.confirmation_option(prompt="Everything in the demo's database is lost. Go on?")
def reset() -> None:
    """Empty the demo, fill it anew and set its clock back to the real time."""
    from worker import migrating

    settings = _demo_settings()
    engine = engine_of(settings)
    migrating.upgrade(engine)
    migrating.downgrade(engine, "base")
    migrating.upgrade(engine)
    clock.move(-clock.shift)
    fill(settings)
    click.echo("The demo is as on its first day.")


@demo.command(name="clock", context_settings={"ignore_unknown_options": True})
@click.argument("by", required=False)
def move_clock(by: str | None) -> None:
    """Move the demo's clock by +3d, -1d, +12h, +2w1d ...; `next` to the next reminder or expiry; `reset` to real time.

    Alone it says the time.
    """
    settings = _demo_settings()
    by_span = (
        -clock.shift if by == "reset" else _until_next(settings) if by == "next" else span(by) if by else timedelta()
    )
    came = coming(settings, clock.now(), clock.now() + by_span)  # asked first: a second later the ticker has done it
    if by:
        clock.move(by_span)
        _ring(settings)
    click.echo("\n".join([_now(), *came]))


@demo.command()
def show() -> None:
    """Say what time it is in the demo, and what comes next."""
    settings = _demo_settings()
    click.echo("\n".join([_now(), *coming(settings, clock.now(), clock.now() + timedelta(days=30))]))


def fill(settings: Settings) -> None:
    """Let the demo's own room write its worlds."""
    from worker.demo import seed as write_worlds
    from wsgi import create_app

    write_worlds(create_app(settings, PARTS))


def span(text: str) -> timedelta:
    """`+3d`, `-1d12h` as a span; Trouble when it is none."""
    if not re.fullmatch(r"[+-]?(\d{1,7}[wdhms])+", text):
        raise Trouble(f"{text!r} is no span; write +3d, -1d, +12h or +2w1d, or next, or reset")
    parts = {UNITS[unit]: int(count) for count, unit in re.findall(r"(\d+)([wdhms])", text)}
    whole = timedelta(**parts) * (-1 if text.startswith("-") else 1)
    if abs(whole) > FARTHEST:
        raise Trouble(f"{text!r} is too far; move the clock by at most ten years")
    return whole


def _until_next(settings: Settings) -> timedelta:
    """How long it is until the next timer; Trouble when none is to come."""
    query = select(func.min(Timer.due_at)).where(Timer.due_at > clock.now(), Timer.ended_at.is_(None))
    with Session(engine_of(settings), info={"actor": SYSTEM}) as session:
        due_at = session.scalar(query)
    if due_at is None:
        raise Trouble("Nothing is to come; place an order first")
    return due_at - clock.now()


def coming(settings: Settings, start: datetime, end: datetime) -> list[str]:
    """Timers that come due in these moments, oldest first, in words."""
    query = (
        select(Timer, Instance)
        .join(Instance, Instance.id == Timer.instance_id)
        .where(Timer.due_at > start, Timer.due_at <= end, Timer.ended_at.is_(None))
        .order_by(Timer.due_at, Timer.id)
        .limit(20)
    )
    with Session(engine_of(settings), info={"actor": SYSTEM}) as session:
        found = session.execute(query).all()
    return [
        f"  {timer.due_at:%a %d %b %H:%M}  {instance.reference}  {timer.name} {timer.n}  ({instance.title})"
        for timer, instance in found
    ]


def _demo_settings() -> Settings:
    settings = Settings.from_env()
    if not settings.is_demo:
        raise Trouble(f"This is not a demo (BATON_MODE is {settings.mode}); set BATON_MODE=demo where it is one")
    clock.follow(settings.folder / "clock-shift")
    return settings


def _now() -> str:
    shift = clock.shift
    how_far = (
        f"{abs(shift)} {'ahead of' if shift > timedelta() else 'behind'} the real time" if shift else "the real time"
    )
    return f"In the demo it is {clock.now():%A %d %B %Y %H:%M} UTC ({how_far})."


def _ring(settings: Settings) -> None:
    """So that what has come due is done at once; without Redis the next tick finds it a second later."""
    with suppress(RedisError):
        redis_door.client(settings.redis).lpush(bell.KEY, b"1")
