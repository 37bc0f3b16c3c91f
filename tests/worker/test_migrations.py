"""Migrations: the tables they make are the models' on both databases, up and down."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url

from flows.settings import Settings
from worker import migrating
from worker.engines import engine_of


@pytest.fixture
def engine(database: str, request: pytest.FixtureRequest, tmp_path: object) -> Iterator[Engine]:
    """An engine on a database without tables."""
    url = ""
    if database == "postgres":
        server = make_url(Settings.from_env({}, database_url=request.getfixturevalue("postgres_url")).database)
        name = f"migrations_{uuid4().hex[:8]}"
        admin = create_engine(server, isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = server.set(database=name).render_as_string(hide_password=False)
    engine = engine_of(Settings.from_env({}, mode="test", data=str(tmp_path), database_url=url))
    yield engine
    engine.dispose()


def test_migrations_make_the_models_tables_and_take_them_away(engine: Engine) -> None:
    migrating.upgrade(engine)
    assert migrating.differences(engine) == []
    assert migrating.behind(engine)[0] == migrating.behind(engine)[1] is not None
    migrating.downgrade(engine, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    migrating.upgrade(engine)
    assert migrating.is_empty(engine)


def test_a_missing_column_is_noticed(engine: Engine) -> None:
    migrating.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE products DROP COLUMN summary"))
    assert "summary" in migrating.differences(engine)[0]
