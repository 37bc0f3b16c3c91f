"""Parts forked from one loaded application, so that several together cost little more memory than one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

from flask import Flask

from worker.queues import work
from worker.supervisor import Child, Log, Supervisor
from worker.tick import Ticker
from worker.web import Web, freeze

Run = Callable[[Flask, str], None]

MEMBERS: dict[str, Run] = {
    "web": lambda app, _redis_url: Web(app).run(),
    "worker": work,
    "ticker": lambda app, redis_url: Ticker(app, redis_url).run(),
}


def run_family(app: Flask, names: Iterable[str], with_logs: bool = False) -> int:
    """Run these members until told to stop; whichever dies is forked again. Returns the exit code."""
    settings = app.config["BATON"]
    supervisor = Supervisor(_say, apart=False)
    supervisor.obey_signals()
    freeze()
    for name in names:
        log = Log(settings.folder / "logs" / f"{name}.log", _say) if with_logs else None
        supervisor.start(Child(name, lambda run=MEMBERS[name]: run(app, settings.redis), log))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    supervisor.watch()
    supervisor.end_all()
    return 0


def _say(line: str) -> None:
    print(line if "[" in line else f"[warning] {line}", file=sys.stderr, flush=True)  # noqa: T201  # its log is the caller's
