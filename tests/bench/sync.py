"""What a copy costs: 10,000 changes page by page against the floor, and what the stamps cost the writers, as ratios.

The floor selects the same rows of one table by id and serialises as many columns of each as a row of the answer has.
`python -m tests.bench.sync [postgres]`
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import orjson
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine

from flows.actions.accounts import NOBODY, Device, issue_app_tokens
from flows.actions.accounts.sessions import open_sign_in
from flows.db import db
from flows.models import Base, User
from flows.rules.actors import Actor
from flows.sessions import WRITES
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from tests.bench.lists import database_url, fill
from tests.world import build_world
from wsgi import create_app

CHANGES, PAGE, ROUNDS, WRITES_A_ROUND = 10_000, 200, 3, 300


def token_of(actor: Actor) -> str:
    with unit_of_work(NOBODY) as work:
        user = work.session.get_one(User, actor.user_id)
        device = Device("127.0.0.1", "Bench", "app", "bench")
        return issue_app_tokens(open_sign_in(work, user, device)).access_token


def walk(get: Callable[[str], Any]) -> tuple[float, int, int]:
    """Milliseconds a page, changes, and the most statements that a page before the last made."""
    made: list[str] = []

    def note(_connection: object, _cursor: object, said: str, *_rest: object) -> None:
        made.append(said)

    event.listen(Engine, "before_cursor_execute", note)
    cursor, changes, pages, most = "", 0, 0, 0
    started = time.perf_counter()
    while True:
        made.clear()
        answer = get(f"?cursor={cursor}" if cursor else "")
        changes, pages, cursor = changes + len(answer["changes"]), pages + 1, answer["cursor"]
        if not answer["has_more"]:
            event.remove(Engine, "before_cursor_execute", note)
            return (time.perf_counter() - started) * 1000 / pages, changes, most
        most = max(most, len([said for said in made if said.startswith(("SELECT", "WITH"))]))


def floor(ids: list[int]) -> float:
    """Milliseconds for a page of rows through SQLAlchemy Core and orjson, without any rule."""
    table = Base.metadata.tables["instances"]
    columns = list(table.c)[:40]
    taken = []
    for start in range(0, len(ids), PAGE):
        started = time.perf_counter()
        rows = db.session.execute(select(*columns).where(table.c.id.in_(ids[start : start + PAGE]))).mappings()
        orjson.dumps([dict(row) for row in rows])
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def writes(ids: list[int], stamped: bool) -> float:
    """Milliseconds for one transaction that updates one row; without the stamp it is set to what it was."""
    table = Base.metadata.tables["instances"]
    more = {} if stamped else {"changed": table.c.changed}
    taken = []
    for number in ids[:WRITES_A_ROUND]:
        started = time.perf_counter()
        with db.engine.connect().execution_options(**{WRITES: stamped}) as connection:
            connection.execute(
                update(table).where(table.c.id == number).values(event_seq=table.c.event_seq + 1, **more)
            )
            connection.commit()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)


def main() -> None:
    folder = tempfile.mkdtemp()
    settings = Settings.from_env(
        {}, mode="test", data=folder, database_url=database_url(folder), public_url="http://localhost"
    )
    app = create_app(settings, parts=("messaging", "portal"))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        world = build_world()
        fill(world, 0, 2 * CHANGES)  # half of them are customers of the buyer's company
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        headers, client = {"Authorization": f"Bearer {token_of(world.buyer)}"}, app.test_client()
        walked = [walk(lambda query: json.loads(client.get(f"/api/v1/sync{query}", headers=headers).data))
                  for _ in range(ROUNDS)]  # fmt: skip
        end_reading()
        ids = list(db.session.scalars(select(Base.metadata.tables["instances"].c.id).limit(CHANGES)))
        bare = floor(ids)
        page, changes, most = min(walked)
        end_reading()
        pairs = [(writes(ids, True), writes(ids, False)) for _ in range(ROUNDS)]
        ratio = statistics.median(with_stamp / without for with_stamp, without in pairs)
    say = sys.stdout.write
    say(f"{changes:,} changes in pages of {PAGE}: {page:.1f} ms a page, at most {most} statements before the last\n")
    say(f"floor {bare:.1f} ms a page; ratio {page / bare:.2f}\n")
    stamped, plain = pairs[0]
    say(f"a transaction that updates one row: {stamped:.2f} ms with stamp, {plain:.2f} ms without; ratio {ratio:.2f}\n")


if __name__ == "__main__":
    main()
