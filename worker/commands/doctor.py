"""Looks at the installation from the settings to the flows; each line that is not well names its cure."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from flows import settings as settings_room
from flows.queries import invariants
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from worker import migrating
from worker.engines import engine_of
from worker.queues import connect

VERSIONS = {"postgresql": "SELECT version()", "sqlite": "SELECT 'SQLite ' || sqlite_version()"}


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, and the cure when it is not well."""

    what: str
    how: str
    cure: str = ""


@click.command()
@click.option("--invariants", "with_invariants", is_flag=True, help="Also ask whether all rows fit together.")
@click.option("--settings", "with_settings", is_flag=True, help="Also list every setting.")
def doctor(with_invariants: bool, with_settings: bool) -> None:
    """Say what is wrong with this installation, and the cure; exit code 2 when anything is."""
    settings = Settings.from_env()
    if with_settings:
        for name, default, meaning in Settings.documented():
            click.echo(f"{name:<22} {'(set)' if os.environ.get(name) else default or '-':<12} {meaning}")
    looks: list[Callable[[Settings], Iterator[Finding]]] = [_settings, _folder, _database, _answers, _redis, _flows]
    if with_invariants:
        looks.append(_invariants)
    ill = 0
    for look in looks:
        for finding in look(settings):
            ill += bool(finding.cure)
            click.echo(f"{'ill ' if finding.cure else 'well'}  {finding.what:<12} {finding.how}")
            if finding.cure:
                click.echo(f"      cure: {finding.cure}")
    sys.exit(2 if ill else 0)


def _settings(settings: Settings) -> Iterator[Finding]:
    yield Finding("settings", f"mode {settings.mode}, {settings.origin}")
    if settings.mode == "production" and not settings.origin.startswith("https://"):
        yield Finding("address", "is not encrypted", "set BATON_PUBLIC_URL to https://...")
    if settings.mode == "production" and not settings.mail_url:
        yield Finding("mail", "mails go to files only", "set BATON_MAIL_URL, e.g. smtp://user:password@host:587")
    if settings.stripe_key:
        is_real = "_live_" in settings.stripe_key
        cure = "set BATON_STRIPE_KEY to a live key" if settings.mode == "production" and not is_real else ""
        yield Finding("payments", f"Stripe, {'real' if is_real else 'test'} money", cure)


def _folder(settings: Settings) -> Iterator[Finding]:
    folder = settings.folder
    if os.access(folder, os.W_OK):
        yield Finding("data folder", str(folder))
    else:
        yield Finding(
            "data folder", f"{folder} cannot be written", "give it to the user who runs Baton, or set BATON_DATA"
        )


def _database(settings: Settings) -> Iterator[Finding]:
    engine = engine_of(settings)
    name = engine.url.render_as_string(hide_password=True)
    try:
        with engine.connect() as connection:
            version = connection.scalar(text(VERSIONS[engine.dialect.name]))
        current, newest = migrating.behind(engine)
    except DBAPIError as fault:
        yield Finding("database", f"{name} does not answer: {fault.orig}", "start it, or set DATABASE_URL")
        return
    yield Finding("database", f"{name}, {str(version).partition(' on ')[0]}")
    cure = "" if current == newest else "baton db upgrade"
    yield Finding("migrations", f"at {current or 'none'}, newest is {newest}", cure)


def _answers(settings: Settings) -> Iterator[Finding]:
    """Whether every private answer can be opened (X20)."""
    from flows import settings as room
    from flows.actions import resealing

    room.use(settings)
    try:
        with Session(engine_of(settings), info={"actor": SYSTEM}) as session:
            lost = resealing.lost(session)
    except DBAPIError:
        return  # the line about the database says why
    cure = "add the key that they were sealed under to BATON_FIELD_KEY, or bring back the SECRET_KEY of then"
    yield Finding(
        "answers", f"{lost} private ones cannot be opened (key)" if lost else "all can be opened", cure * (lost > 0)
    )


def _redis(settings: Settings) -> Iterator[Finding]:
    try:
        connect(settings.redis, 1).ping()
    except RedisError as fault:
        yield Finding(
            "redis",
            f"{settings.redis} does not answer: {fault}",
            "start it, or set REDIS_URL; `baton up` brings its own",
        )
    else:
        yield Finding("redis", settings.redis.rpartition("@")[2])


def _flows(settings: Settings) -> Iterator[Finding]:
    from flows import catalogue

    registry = catalogue.load(settings.folders_of_flows)
    yield Finding("flows", f"{len(registry.flows)} loaded: {', '.join(sorted(registry.flows))}")
    for broken in registry.broken:
        problem = broken.problems[0].text() if broken.problems else "unknown"
        yield Finding("flows", f"{broken.file} is not loaded", problem)


def _invariants(settings: Settings) -> Iterator[Finding]:
    settings_room.use(settings)  # the store of files is below their folder
    with Session(engine_of(settings), info={"actor": SYSTEM}) as session:
        for sentence, rows in invariants.broken(session).items():
            cure = f"not so for {', '.join(rows)}; keep a copy of the database and report it" if rows else ""
            yield Finding("invariant", sentence, cure)
