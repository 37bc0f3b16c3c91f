"""How gunicorn serves the web part: few processes with threads, all sharing the memory of one loaded application."""

from __future__ import annotations

import gc
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from flows.settings import Settings


class Web(BaseApplication):
    """gunicorn without a command line or a file: `Web(app).run()` listens until SIGTERM."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        super().__init__()

    def load_config(self) -> None:
        for name, value in options(self._app.config["BATON"]).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app


def options(settings: Settings) -> dict[str, Any]:
    """gunicorn's settings; a socket that stays open holds the end up for five seconds at most."""
    return {
        "bind": f"{settings.host}:{settings.port}",
        "worker_class": "gthread",
        "workers": settings.web_processes,
        "threads": settings.web_threads,
        "preload_app": True,
        "graceful_timeout": 5,
        "timeout": 60,
        "keepalive": 15,
        "max_requests": 20_000,
        "max_requests_jitter": 2_000,
        "control_socket_disable": True,
        "loglevel": "warning",
        "proc_name": "baton-web",
        "pre_fork": freeze,
    }


def freeze(_server: Any = None, _worker: Any = None) -> None:
    """What is loaded now stays for ever: the collector need not touch it, so its pages stay shared after a fork."""
    gc.collect()
    gc.freeze()
