"""How the boxes of cases and tasks grow: 1,000 against 100,000 tasks of one person, both in one run, as a ratio.

`python -m tests.bench.boxes [postgres]`
"""

from __future__ import annotations

import sys
import tempfile
from datetime import timedelta

from sqlalchemy import insert, select

from flows import catalogue
from flows.actions import versions
from flows.clock import clock
from flows.db import db
from flows.models import Base, Department, DepartmentStay, Instance, Participant
from flows.models.base import opaque_id
from flows.queries import boxes
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import unit_of_work
from tests.bench.lists import database_url, median_ms
from tests.world import World, build_world
from wsgi import create_app

SMALL, LARGE = 1_000, 100_000
BATCH = 5_000


def fill(world: World, first: int, count: int) -> None:
    """Tasks over time: of four, one is with the agent, one made by them, one that they once had, one of others."""
    loaded = catalogue.current().flows["department-task"]
    agent, other = world.user_ids["agent"], world.user_ids["admin"]
    with unit_of_work(SYSTEM) as work:
        version = versions.publish(work, loaded)
        department = work.session.scalars(select(Department.id).where(Department.uid == "dep_repairs")).one()
        work.session.flush()
        now = clock.now()
        for start in range(first, first + count, BATCH):
            numbers = range(start, min(start + BATCH, first + count))
            made = work.session.execute(
                insert(Instance).returning(Instance.id, Instance.created_at, sort_by_parameter_order=True),
                [
                    {
                        "uid": opaque_id("wt"), "flow": loaded.definition.flow, "flow_hash": loaded.content_hash,
                        "flow_version_id": version.id, "title": f"Task {n}", "kind": "Task", "source": "staff",
                        "state": "New", "status": "not_started", "waiting_on": "staff", "organisation_id": 1,
                        "customer_name": "House", "time_zone": "Europe/London", "inputs": {}, "links": {},
                        "creator_id": agent if n % 4 == 1 else other, "assignee_id": agent if n % 4 == 0 else other,
                        "department_id": department, "created_at": now - timedelta(minutes=n), "last_activity_at": now,
                    }
                    for n in numbers
                ],
            ).all()  # fmt: skip
            rows = [{"instance_id": row[0], "created_at": row[1], "first_at": now} for row in made]
            work.session.execute(insert(DepartmentStay), [{**row, "department_id": department} for row in rows])
            once = [{**row, "user_id": agent} for n, row in zip(numbers, rows, strict=True) if n % 4 == 2]
            work.session.execute(insert(Participant), once)


def measure(world: World) -> dict[str, float]:
    now, agent = clock.now(), world.agent
    found = {box: median_ms(lambda box=box: boxes.in_box(agent, box, now)) for box in boxes.BOXES}  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    deep = boxes.in_box(agent, "related", now, limit=100)
    for _ in range(2):
        deep = boxes.in_box(agent, "related", now, cursor=deep.next_cursor, limit=100)
    found["related, deep"] = median_ms(lambda: boxes.in_box(agent, "related", now, cursor=deep.next_cursor))
    found["counts"] = median_ms(lambda: boxes.counts(agent))
    return found


def main() -> None:
    folder = tempfile.mkdtemp()
    app = create_app(Settings.from_env({}, mode="test", data=folder, database_url=database_url(folder)), parts=())
    with app.app_context():
        Base.metadata.create_all(db.engine)
        world = build_world()
        fill(world, 0, SMALL)
        _analyse()
        small = measure(world)
        fill(world, SMALL, LARGE - SMALL)
        _analyse()
        large = measure(world)
        sys.stdout.write(f"{'':20}{SMALL:>10,}{LARGE:>10,}  ratio\n")
        for name in small:
            sys.stdout.write(f"{name:20}{small[name]:8.2f}ms{large[name]:8.2f}ms  {large[name] / small[name]:.2f}\n")


def _analyse() -> None:
    """As a database stands after its nightly care; the machine's own vacuum would run into what is measured."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if connection.dialect.name == "postgresql" else "ANALYZE")


if __name__ == "__main__":
    main()
