"""What the person did, on its way to the server: kept when the button is pressed, sent until it has been answered.

A lane is one request, order or case: what is in it goes in the order in which it was done, and waits when something
before it waits. A body or a path may name what an earlier row will make, as `local:<key of that row>`.
"""

from __future__ import annotations

import json
import random
import re
import time
import uuid
from collections.abc import Sequence
from typing import Any

import httpx

from phone.line import Declined, NoAnswer
from phone.store import NotHere, Store
from phone.tokens import Tokens

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 300.0
KEY_LIVES_SECONDS = 23 * 3600
"""The server keeps the answer to a key for 24 hours. A message is safe for ever, because its `client_id` is part of it;
of the rest nobody knows after that whether it happened, so the person is asked to look."""
SAFE_FOR_EVER = ("message", "draft", "rating", "read")
LOCAL = re.compile(r"local:([0-9a-f-]{36})")
KEPT_SECONDS = 7 * 86400
"""How long what was answered is kept, for rows that name it."""


class Outbox:
    """Rows are `waiting`, `checking` (a file that was sent and is looked at), `conflict` (for the person) or `sent`."""

    def __init__(self, store: Store, tokens: Tokens, longest_pause: float = LONGEST_PAUSE) -> None:
        self._store, self._tokens, self._longest = store, tokens, longest_pause

    def add(
        self, kind: str, method: str, path: str, body: dict[str, Any], *,
        lane: str, key: str = "", etag: str = "", seen: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """Keep one thing to do; its key. `etag` and `seen` say what the person saw when they did it."""
        key = key or new_key()
        if kind == "message":
            body = {**body, "client_id": key}
        row = (key, lane, kind, method, path, json.dumps(body), etag, json.dumps(seen))
        with self._store.writing() as tx:
            if method == "PUT":  # the newest state is all that counts
                tx.execute("DELETE FROM outbox WHERE method = 'PUT' AND path = ? AND state <> 'sent'", (path,))
            tx.execute(
                "INSERT INTO outbox (key, lane, kind, method, path, body, etag, seen, state, tries, next_try)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting', 0, 0)",
                row,
            )
        return key

    def add_file(self, name: str, content: bytes, lane: str) -> str:
        """A file of its own, before what names it; `local:<key>` stands for its id."""
        with self._store.writing() as tx:
            key = self.add("upload", "POST", "/uploads", {}, lane=lane)
            tx.execute("INSERT INTO files VALUES (?, ?, ?)", (key, name, content))
        return f"local:{key}"

    def rows(self, *states: str) -> list[dict[str, Any]]:
        found = self._store.rows("SELECT * FROM outbox ORDER BY n")
        return [{**row, "body": json.loads(row["body"]), "seen": json.loads(row["seen"]),
                 "answer": json.loads(row["answer"] or "null")} for row in found if row["state"] in states]  # fmt: skip

    def conflict(self, key: str) -> dict[str, Any]:
        found = next((row for row in self.rows("conflict") if row["key"] == key), None)
        if found is None:
            raise NotHere(f"{key} is no conflict")
        return found

    def deliver(self) -> float | None:
        """Send whatever is due, lane by lane; how many seconds until more is, None when nothing waits.

        It stops where there is no answer: when the line is down, one request finds it out, not one for each row.
        """
        while due := [row for row in self._heads() if row["next_try"] <= time.time()]:
            if not all(self._send(row) for row in due):
                break
        with self._store.writing() as tx:
            tx.execute("DELETE FROM outbox WHERE state = 'sent' AND sent_at < ?", (time.time() - KEPT_SECONDS,))
        waits = [row["next_try"] - time.time() for row in self._heads()]
        return max(0.0, min(waits)) if waits else None

    def pause_after(self, tries: int) -> float:
        """Longer each time, and not for all phones alike: those that were cut off together shall not come together."""
        longest: float = min(FIRST_PAUSE * 2 ** min(tries, 20), self._longest)
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  # spread, no secret

    def discard(self, key: str) -> None:
        """The person gives it up. What names it cannot be sent any more and is theirs to decide on, too."""
        with self._store.writing() as tx:
            tx.execute("DELETE FROM outbox WHERE key = ? AND state <> 'sent'", (key,))
            tx.execute("DELETE FROM files WHERE key = ?", (key,))

    def again(self, key: str, body: dict[str, Any] | None = None, etag: str | None = None) -> str:
        """The person decided to send it, as it is or otherwise: a new thing to do, so with a new key, in its place."""
        new = new_key()
        with self._store.writing() as tx:
            row = self.conflict(key)
            changed = row["body"] if body is None else body
            if row["kind"] == "message":
                changed = {**changed, "client_id": new}
            tx.execute(
                "UPDATE outbox SET key = ?, body = ?, etag = ?, state = 'waiting', tries = 0, next_try = 0,"
                " first_try = NULL, answer = NULL WHERE key = ?",
                (new, json.dumps(changed), row["etag"] if etag is None else etag, key),
            )
            tx.execute("UPDATE files SET key = ? WHERE key = ?", (new, key))
            tx.execute(
                "UPDATE outbox SET body = replace(body, :key, :new), path = replace(path, :key, :new),"
                " lane = replace(lane, :key, :new)",
                {"key": key, "new": new},
            )
        return new

    def _heads(self) -> list[dict[str, Any]]:
        """The first row of each lane that is not done; a conflict holds its lane."""
        return self._store.rows(
            "SELECT * FROM outbox WHERE n IN (SELECT min(n) FROM outbox WHERE state <> 'sent' GROUP BY lane)"
            " AND state <> 'conflict' ORDER BY n"
        )

    def _send(self, row: dict[str, Any]) -> bool:
        """One try; False when there was no answer."""
        try:
            self._check_age(row)
            # Written before it leaves, because afterwards nobody may be alive to write it.
            self._mark_first_try(row, row["first_try"] or time.time())
            answer = self._attempt(row)
        except NoAnswer as no:
            if not no.has_left:
                self._mark_first_try(row, row["first_try"])
            self._put_off(row, no.retry_after)
            return False
        except Declined as no:
            self._declined(row, no)
        else:
            self._answered(row, answer.json() if answer.content else {})
        return True

    def _attempt(self, row: dict[str, Any]) -> httpx.Response:
        if row["state"] == "checking":
            return self._tokens.ask("GET", f"/uploads/{json.loads(row['answer'])['id']}")
        path = self._resolved(row["path"])
        headers = {"Idempotency-Key": row["key"]} if row["method"] == "POST" else {}
        if row["kind"] == "upload":
            file = self._store.row("SELECT name, content FROM files WHERE key = ?", row["key"]) or {}
            return self._tokens.ask("POST", path, headers=headers, files={"file": (file["name"], file["content"])})
        if row["etag"]:
            headers["If-Match"] = row["etag"]
        body = json.loads(self._resolved(row["body"]))
        return self._tokens.ask(row["method"], path, headers=headers, json=body)

    def _answered(self, row: dict[str, Any], said: dict[str, Any]) -> None:
        if row["kind"] != "upload" or said["state"] == "ready":
            self._settle(row["key"], "sent", said)
        elif said["state"] == "refused":
            self._settle(row["key"], "conflict", {"code": "upload-refused", "detail": said["refusal"], "status": 422})
        else:
            self._settle(row["key"], "checking", said)
            self._put_off({**row, "tries": 0}, FIRST_PAUSE)

    def _declined(self, row: dict[str, Any], no: Declined) -> None:
        wait = _not_yet(no)
        if wait is not None:
            self._put_off(row, wait)
        elif row["kind"] == "read":  # nothing that the person wrote, and nothing to decide
            self._settle(row["key"], "sent", no.problem)
        else:
            self._settle(row["key"], "conflict", no.problem)

    def _settle(self, key: str, state: str, answer: dict[str, Any]) -> None:
        with self._store.writing() as tx:
            tx.execute(
                "UPDATE outbox SET state = ?, answer = ?, sent_at = ? WHERE key = ?",
                (state, json.dumps(answer), time.time(), key),
            )
            if state == "sent":
                tx.execute("DELETE FROM files WHERE key = ?", (key,))

    def _put_off(self, row: dict[str, Any], at_least: float | None) -> None:
        pause = self.pause_after(row["tries"])
        with self._store.writing() as tx:
            tx.execute(
                "UPDATE outbox SET tries = ?, next_try = ? WHERE key = ?",
                (row["tries"] + 1, time.time() + max(pause, at_least or 0.0), row["key"]),
            )

    def _mark_first_try(self, row: dict[str, Any], moment: float | None) -> None:
        with self._store.writing() as tx:
            tx.execute("UPDATE outbox SET first_try = ? WHERE key = ?", (moment, row["key"]))

    def _check_age(self, row: dict[str, Any]) -> None:
        since = row["first_try"] if row["state"] == "waiting" else None
        if since is not None and row["kind"] not in SAFE_FOR_EVER and time.time() - since > KEY_LIVES_SECONDS:
            detail = "It was sent a day ago and never answered. Look whether it is there; if not, send it again"
            raise Declined({"code": "unanswered", "detail": detail, "status": 409})

    def _resolved(self, text: str) -> str:
        """With the ids that earlier rows were given in place of `local:<key>`."""

        def id_of(found: re.Match[str]) -> str:
            made = self._store.row("SELECT answer FROM outbox WHERE key = ? AND state = 'sent'", found[1])
            if made is None:
                detail = "Something that belongs to it, such as a file, was not sent. Give it again, or leave it out"
                raise Declined({"code": "incomplete", "detail": detail, "status": 409})
            return str(json.loads(made["answer"])["id"])

        return LOCAL.sub(id_of, text)


def _not_yet(no: Declined) -> float | None:
    """Seconds to wait, when the server says no only because a file is still looked at."""
    early = [one for one in no.problem.get("errors", []) if one["code"] == "upload_not_ready"]
    waits = [one["meta"].get("retry_after", 1) for one in early]
    return float(max(waits)) if waits else None


def new_key() -> str:
    return str(uuid.uuid4())
