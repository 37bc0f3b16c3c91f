"""Commands that keep running: everything at once, or one part for a server of one's own."""

from __future__ import annotations

import os
import sys

import click

from flows.settings import Settings

WORKER_PARTS = ("messaging",)
"""Workers serve no page, so they load neither portal nor back office: half the memory."""


@click.command()
def up() -> None:
    """Start everything and restart what dies, until Ctrl-C."""
    from worker.launching import launch

    sys.exit(launch(Settings.from_env()))


@click.command()
def web() -> None:
    """Serve the portal, the back office and the JSON API with gunicorn."""
    from worker.gunicorn_conf import command_line

    Settings.from_env()
    os.execv(sys.executable, command_line())  # noqa: S606  # our own interpreter and arguments, no shell


@click.command()
def live() -> None:
    """Serve the sockets that make pages live."""
    from gevent import monkey

    monkey.patch_all()  # before anything else imports sockets or locks
    from messaging.live import serve

    from wsgi import create_app

    settings = Settings.from_env()
    serve(create_app(settings, WORKER_PARTS), settings.host, settings.port_of_live)


@click.command()
@click.option("--tick", "with_ticker", is_flag=True, help="Run a ticker beside it that shares its memory.")
def worker(with_ticker: bool) -> None:
    """Carry out what RQ brings."""
    from worker.pair import run_pair
    from worker.queues import work
    from wsgi import create_app

    settings = Settings.from_env()
    app = create_app(settings, WORKER_PARTS)
    if with_ticker:
        sys.exit(run_pair(app, settings.redis))
    work(app, settings.redis)


@click.command()
def tick() -> None:
    """Find what is due every second and hand it to the workers; two of them at once are safe."""
    from worker.tick import Ticker
    from wsgi import create_app

    settings = Settings.from_env()
    Ticker(create_app(settings, WORKER_PARTS), settings.redis).run()
