"""Commands about the tables: bring them to the newest shape, take them back, say whether they fit."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from flows.settings import Settings
from worker import migrating
from worker.engines import engine_of
from worker.trouble import Trouble


@click.group()
def db() -> None:
    """Upgrade, downgrade and check the database."""


@db.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the database to REVISION, the newest unless you name one."""
    engine = engine_of(Settings.from_env())
    migrating.upgrade(engine, revision)
    click.echo(f"The database is at revision {migrating.behind(engine)[0]}.")


@db.command()
@click.argument("revision")
@click.confirmation_option(prompt="Tables and rows that REVISION does not know are lost. Go on?")
def downgrade(revision: str) -> None:
    """Take the database back to REVISION; `base` drops every table."""
    engine = engine_of(Settings.from_env())
    migrating.downgrade(engine, revision)
    click.echo(f"The database is at revision {migrating.behind(engine)[0] or 'base (no tables)'}.")


@db.command()
def check() -> None:
    """Say whether the database has the shape that this version needs; exit code 2 when not."""
    engine = engine_of(Settings.from_env())
    current, newest = migrating.behind(engine)
    if current != newest:
        raise Trouble(f"The database is at {current or 'no revision'}, not {newest}; run: baton db upgrade")
    if found := migrating.differences(engine):
        raise Trouble("The tables differ from the models:\n" + "\n".join(found))
    click.echo(f"The database is at {current} and fits the models.")


@db.command()
def reseal() -> None:
    """Put every private answer under the first key of BATON_FIELD_KEY, so that the older ones can go."""
    from flows.actions import resealing
    from flows.db import db as database
    from flows.rules.actors import SYSTEM
    from flows.work import unit_of_work
    from wsgi import create_app

    with create_app(Settings.from_env(), parts=()).app_context():
        ids = resealing.instances_with_sealed(database.session())
        for instance_id in ids:
            with unit_of_work(SYSTEM) as work:
                resealing.reseal_instance(work, instance_id)
        with unit_of_work(SYSTEM) as work:
            resealing.reseal_the_rest(work)
        left = resealing.lost(database.session())
    click.echo(f"The private answers of {len(ids)} instances are under the newest key.")
    if left:
        raise Trouble(f"{left} private answers cannot be opened: add their key to BATON_FIELD_KEY and run this again")


@db.command(hidden=True)
@click.argument("revision")
@click.argument("words")
def draft(revision: str, words: str) -> None:
    """Write migrations/versions/REVISION_*.py with what the models have and the revisions so far have not."""
    with tempfile.TemporaryDirectory() as folder:
        engine = engine_of(Settings.from_env({"BATON_DATA": str(Path(folder))}))
        migrating.upgrade(engine)
        migrating.draft(engine, words, revision)
        engine.dispose()


@db.command(hidden=True)
def prepare() -> None:
    """What `baton up` does first: upgrade, and in an empty demo fill it."""
    settings = Settings.from_env()
    engine = engine_of(settings)
    migrating.upgrade(engine)
    if settings.is_demo and migrating.is_empty(engine):
        from worker.commands.demo import fill

        fill(settings)
