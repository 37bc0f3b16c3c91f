"""Commands that keep running: everything at once, or one part for a server of one's own."""

from __future__ import annotations

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
    from worker.web import Web
    from wsgi import create_app

    Web(create_app(Settings.from_env())).run()


@click.command()
def family() -> None:
    """What `baton up` runs: web, worker and ticker, forked from one application."""
    from worker.family import run_family
    from wsgi import create_app

    sys.exit(run_family(create_app(Settings.from_env()), ("web", "worker", "ticker"), with_logs=True))


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
    from worker.family import run_family
    from wsgi import create_app

    members = ("worker", "ticker") if with_ticker else ("worker",)
    sys.exit(run_family(create_app(Settings.from_env(), WORKER_PARTS), members))


@click.command()
def tick() -> None:
    """Find what is due every second and hand it to the workers; two of them at once are safe."""
    from worker.tick import Ticker
    from wsgi import create_app

    settings = Settings.from_env()
    Ticker(create_app(settings, WORKER_PARTS), settings.redis).run()
