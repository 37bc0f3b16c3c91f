"""How gunicorn serves the web part: few processes that share the memory of one loaded application, with threads."""

from __future__ import annotations

import gc
import sys
from typing import Any

from flows.settings import Settings

_settings = Settings.from_env()

bind = f"{_settings.host}:{_settings.port}"
worker_class = "gthread"
workers = _settings.web_processes
threads = _settings.web_threads
preload_app = True
graceful_timeout = 5
timeout = 60
keepalive = 15
max_requests = 20_000
max_requests_jitter = 2_000
control_socket_disable = True
accesslog = None
loglevel = "warning"


def command_line() -> list[str]:
    """The arguments that start gunicorn with this file."""
    return [sys.executable, "-m", "gunicorn", "-c", __file__, "wsgi:create_app()"]


def pre_fork(_server: Any, _worker: Any) -> None:
    """What is loaded now stays for ever: the collector need not touch it, so its pages stay shared."""
    gc.collect()
    gc.freeze()
