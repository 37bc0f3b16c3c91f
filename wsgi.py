"""create_app(): settings from the environment, every part registered. The only place that knows everybody."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection
from importlib import import_module

import structlog
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from flows import catalogue
from flows import settings as settings_room
from flows.clock import clock
from flows.db import db, engine_options
from flows.settings import Settings

PARTS = ("messaging", "portal", "admin")
"""Each is a package with `register(app)`, in the order of the ladder; a worker needs only the first."""


def create_app(settings: Settings | None = None, parts: Collection[str] = PARTS) -> Flask:
    """An application with these parts. It opens no connection and writes nothing until it is asked something.

    Raises SettingsError when the environment does not make a product that may start.
    """
    settings = settings or Settings.from_env()
    begin_process(settings)
    app = Flask("baton", static_folder=None, template_folder=None)
    app.config.update(
        BATON=settings,
        SECRET_KEY=settings.signing_key(),
        SQLALCHEMY_DATABASE_URI=settings.database,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database, settings.web_threads),
        SESSION_COOKIE_NAME="baton",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.origin.startswith("https://"),
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_MEMORY_SIZE=512 * 1024,
        TRUSTED_HOSTS=settings.hosts or None,
    )
    if settings.behind_proxy:
        hops = settings.behind_proxy
        app.wsgi_app = ProxyFix(app.wsgi_app, hops, hops, hops)  # type: ignore[method-assign]  # Flask's own idiom
    db.init_app(app)
    for part in PARTS:
        if part in parts:
            import_module(part).register(app)
    return app


def begin_process(settings: Settings) -> None:
    """What a process has one of: its settings, its data folder, its log, its clock and the flows that it knows."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    settings_room.use(settings)
    set_up_logs(settings)
    clock.follow(settings.folder / "clock-shift" if settings.is_demo else None)
    if settings.mode in ("demo", "development"):
        catalogue.follow(lambda: catalogue.load(settings.folders_of_flows), settings.folders_of_flows)
    else:
        catalogue.use(catalogue.load(settings.folders_of_flows))


def set_up_logs(settings: Settings) -> None:
    """One line of JSON a fact on standard error; readable lines while developing."""
    for_people = settings.mode in ("demo", "development", "test")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False) if for_people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper(), logging.INFO)),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
