"""What the phone keeps: one SQLite file, in which every change is one transaction, so a phone may die at any point."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
  kind TEXT, id TEXT, account_id TEXT, data TEXT NOT NULL, walk INTEGER NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS objects_by_account ON objects (account_id);
CREATE TABLE IF NOT EXISTS forms (
  instance_id TEXT, step TEXT, etag TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (instance_id, step));
CREATE TABLE IF NOT EXISTS looked (instance_id TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS files (key TEXT PRIMARY KEY, name TEXT NOT NULL, content BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS outbox (
  n INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE NOT NULL, lane TEXT NOT NULL, kind TEXT NOT NULL,
  method TEXT NOT NULL, path TEXT NOT NULL, body TEXT NOT NULL, etag TEXT NOT NULL, seen TEXT NOT NULL,
  state TEXT NOT NULL, tries INTEGER NOT NULL, next_try REAL NOT NULL, first_try REAL, sent_at REAL, answer TEXT);
CREATE INDEX IF NOT EXISTS outbox_by_lane ON outbox (lane, n);
"""
"""`facts`: tokens, cursor and other single values. `objects`: what GET /sync brings, by kind and id; `walk` says in
which full snapshot it was last seen. `forms`: steps that the person may answer; `looked`: for which version of their
request they were fetched. `outbox`: what the person did."""
EMPTYING = (
    "DELETE FROM facts WHERE name <> 'installation_id'",
    "DELETE FROM objects",
    "DELETE FROM forms",
    "DELETE FROM looked",
    "DELETE FROM files",
    "DELETE FROM outbox",
)
BUSY_SECONDS = 30


class NotHere(Exception):
    """What was named is not kept here; says what to do."""


class Store:
    """Rows as dictionaries. Every thread has a connection of its own; `writing` is one transaction."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file, self._mine, self._all = folder / "phone.db", threading.local(), list[sqlite3.Connection]()
        self._connection().executescript(SCHEMA)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All of it is kept, or nothing."""
        connection = self._connection()
        if connection.in_transaction:  # inside another one: part of it
            yield connection
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self._connection().execute(query, values)]

    def row(self, query: str, *values: object) -> dict[str, Any] | None:
        found = self.rows(query, *values)
        return found[0] if found else None

    def fact(self, name: str) -> str | None:
        found = self.row("SELECT value FROM facts WHERE name = ?", name)
        return str(found["value"]) if found else None

    def keep(self, **facts: str | None) -> None:
        """Keep single values; None forgets one."""
        with self.writing() as tx:
            for name, value in facts.items():
                if value is None:
                    tx.execute("DELETE FROM facts WHERE name = ?", (name,))
                else:
                    tx.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def objects(self, kind: str = "") -> dict[tuple[str, str], Any]:
        """What is kept, by kind and id; all kinds, or one."""
        found = self.rows("SELECT kind, id, data FROM objects WHERE ? IN ('', kind) ORDER BY kind, id", kind)
        return {(one["kind"], one["id"]): json.loads(one["data"]) for one in found}

    def form(self, instance_id: str, step: str) -> tuple[str, dict[str, Any]] | None:
        """The tag and the form of a step, as they were last fetched."""
        found = self.row("SELECT etag, data FROM forms WHERE instance_id = ? AND step = ?", instance_id, step)
        return (found["etag"], json.loads(found["data"])) if found else None

    def keep_form(self, instance_id: str, etag: str, step: dict[str, Any]) -> None:
        with self.writing() as tx:
            row = (instance_id, step["key"], etag, json.dumps(step))
            tx.execute("INSERT OR REPLACE INTO forms VALUES (?, ?, ?, ?)", row)

    def empty(self) -> None:
        """As at the first launch, of the same installation."""
        with self.writing() as tx:
            for forget in EMPTYING:
                tx.execute(forget)

    def close(self) -> None:
        for connection in self._all:
            connection.close()

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._mine, "connection"):
            # `close` may come from another thread; nothing else does.
            made = sqlite3.connect(self._file, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            made.row_factory = sqlite3.Row
            made.execute("PRAGMA journal_mode = WAL")  # the screen reads while the engine writes
            made.execute("PRAGMA synchronous = FULL")  # what was kept is there after the battery was pulled out, too
            self._mine.connection = made
            self._all.append(made)
        connection: sqlite3.Connection = self._mine.connection
        return connection
