"""A worker and a ticker forked from one loaded application, so that the two together cost little more than one."""

from __future__ import annotations

import gc
import sys

from flask import Flask

from worker.queues import work
from worker.supervisor import Child, Supervisor
from worker.tick import Ticker


def run_pair(app: Flask, redis_url: str) -> int:
    """Run both until told to stop; whichever dies is forked again."""
    gc.collect()
    gc.freeze()
    supervisor = Supervisor(lambda line: print(f"[warning] {line}", file=sys.stderr, flush=True), apart=False)  # noqa: T201
    supervisor.obey_signals()
    supervisor.start(Child("ticker", lambda: Ticker(app, redis_url).run()))
    supervisor.start(Child("worker", lambda: work(app, redis_url)))
    supervisor.watch()
    supervisor.end_all()
    return 0
