"""The phone as its screens use it: what can be pressed, what is shown, and the loop that does the rest."""

from __future__ import annotations

import queue
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from phone import sync
from phone.line import Line, NoAnswer
from phone.outbox import LONGEST_PAUSE, Outbox, new_key
from phone.store import NotHere, Store
from phone.tokens import Tokens

Answers = dict[str, Any]
Files = Mapping[str, Sequence[Path]]
"""Files by the field they answer."""
NO_FILES: Files = {}
POLL_SECONDS = 25.0
"""Hints may get lost, so we also look without one while the app is open."""


class Fresh(NamedTuple):
    """A step that has moved on: what is new in it, what can be kept of what was typed, and what it asks no more."""

    form: dict[str, Any]
    etag: str
    kept: Answers
    new: list[str]
    gone: list[str]


class Phone:
    """One installation of the app. What is pressed is kept at once and needs no line."""

    def __init__(
        self,
        folder: Path,
        server: str,
        *,
        longest_pause: float = LONGEST_PAUSE,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.store = Store(folder)
        self.line = Line(server, transport)
        self.tokens = Tokens(self.store, self.line)
        self.outbox = Outbox(self.store, self.tokens, longest_pause)

    def close(self) -> None:
        self.line.close()
        self.store.close()

    # What is pressed. Each gives the key of the row that will send it.

    def order(self, customer_id: str, items: Mapping[str, int]) -> str:
        wanted = [{"product_id": product, "quantity": quantity} for product, quantity in items.items()]
        key = new_key()
        body = {"customer_id": customer_id, "items": wanted}
        return self.outbox.add("order", "POST", "/orders", body, key=key, lane=key)

    def start(self, flow: str, answers: Answers, customer_id: str | None = None) -> str:
        """Ask for something: a request of this flow."""
        return self._begin("request", "/instances", flow, answers, customer_id, NO_FILES)

    def raise_case(self, flow: str, answers: Answers, customer_id: str | None = None, files: Files = NO_FILES) -> str:
        return self._begin("case", "/cases", flow, answers, customer_id, files)

    def submit(self, instance_id: str, step: str, answers: Answers, files: Files = NO_FILES) -> str:
        """Send the answers of a step, filled in on the form that is kept here."""
        kept = self.store.form(instance_id, step)
        if kept is None:
            raise NotHere(f"There is no form of {instance_id}/{step} here; it is not to be answered, or not synced yet")
        etag, form = kept
        place = f"/instances/{instance_id}/steps/{step}"
        with self.store.writing() as tx:
            tx.execute("DELETE FROM outbox WHERE path = ? AND state <> 'sent'", (f"{place}/draft",))
            whole = {"answers": {**answers, **self._files(files, instance_id)}}
            seen = [field["key"] for field in form["fields"]]
            return self.outbox.add("submission", "POST", f"{place}/submissions", whole,
                                   lane=instance_id, etag=etag, seen=seen)  # fmt: skip

    def draft(self, instance_id: str, step: str, answers: Answers) -> str:
        """Keep what was typed, here and on the server; it joins what is there already."""
        path, body = f"/instances/{instance_id}/steps/{step}/draft", {"answers": answers, "merge": True}
        return self.outbox.add("draft", "PUT", path, body, lane=instance_id)

    def say(self, instance_id: str, words: str, files: Sequence[Path] = ()) -> str:
        with self.store.writing():
            body = {"body": words, "upload_ids": self._files({"": files}, instance_id).get("", [])}
            return self.outbox.add("message", "POST", f"/instances/{instance_id}/messages", body, lane=instance_id)

    def read(self, instance_id: str, message_id: str) -> str:
        path = f"/instances/{instance_id}/read_marker"
        return self.outbox.add("read", "PUT", path, {"message_id": message_id}, lane=f"read {instance_id}")

    def rate(self, instance_id: str, score: int, comment: str = "") -> str:
        path = f"/instances/{instance_id}/rating"
        return self.outbox.add("rating", "PUT", path, {"score": score, "comment": comment}, lane=instance_id)

    def comment(self, case_id: str, words: str, files: Sequence[Path] = ()) -> str:
        """`case_id` may be `local:<key>` of a case that is still in the outbox."""
        lane = case_id.removeprefix("local:")
        with self.store.writing():
            body = {"text": words, "upload_ids": self._files({"": files}, lane).get("", [])}
            return self.outbox.add("comment", "POST", f"/cases/{case_id}/comments", body, lane=lane)

    def set_status(self, case_id: str, status: str, comment: str = "") -> str:
        body, lane = {"status": status, "comment": comment}, case_id.removeprefix("local:")
        return self.outbox.add("status", "POST", f"/cases/{case_id}/status", body, lane=lane)

    # Conflicts: what the server declined. Nothing is dropped; the person looks, and sends it again or gives it up.

    def conflicts(self) -> list[dict[str, Any]]:
        return self.outbox.rows("conflict")

    def look_again(self, key: str) -> Fresh:
        """After a 412: the step as it is now, with the answers whose field is still there."""
        row = self.outbox.conflict(key)
        instance_id, step = row["path"].split("/")[2], row["path"].split("/")[4]
        form = sync.fetch_form(self.store, self.tokens, instance_id, step)
        asked = [field["key"] for field in form["fields"]]
        typed = row["body"]["answers"]
        kept = {name: value for name, value in typed.items() if name in asked}
        return Fresh(
            form,
            (self.store.form(instance_id, step) or ("",))[0],
            kept,
            new=[name for name in asked if name not in row["seen"]],
            gone=[name for name in typed if name not in asked],
        )

    def send_again(self, key: str, fresh: Fresh | None = None, answers: Answers | None = None) -> str:
        """What was declined, as it is or with other answers; after a 412, on the form that was looked at again."""
        if fresh is not None:
            return self.outbox.again(key, {"answers": fresh.kept | (answers or {})}, fresh.etag)
        if answers is None:
            return self.outbox.again(key)
        body = self.outbox.conflict(key)["body"]
        if "answers" not in body:
            raise NotHere(f"{key} has no answers to change: discard it, and do it otherwise")
        return self.outbox.again(key, {**body, "answers": body["answers"] | answers})

    # The loop.

    def round(self) -> float | None:
        """Send what is due, fetch what changed; seconds until more is due, None when nothing waits."""
        due = self.outbox.deliver()
        sync.pull(self.store, self.tokens)
        sync.fetch_forms(self.store, self.tokens)
        return due

    def live(self, hints: queue.Queue[str | None], poll: float = POLL_SECONDS, push_token: str = "") -> None:
        """Until None comes. A hint, be it a push, a socket or the app in front again, says "sync now" and no more.

        Begins as each launch does: with a new pair of tokens, and by saying where pushes go to.
        """
        failures, launched = 0, False
        hint: str | None = ""
        while hint is not None:
            try:
                if not launched:
                    self.tokens.refresh(self.store.fact("access_token") or "")
                    self._register(push_token)
                    launched = True
                due, failures = self.round(), 0
            except NoAnswer:
                failures += 1
                due = self.outbox.pause_after(failures)
            hint = _next(hints, poll if due is None else min(due, poll))

    def _register(self, push_token: str, platform: str = "android") -> None:
        if push_token:
            body = {"platform": platform, "provider": "fcm", "token": push_token}
            self.tokens.ask("PUT", f"/devices/{self.tokens.installation_id}", json=body)

    def _begin(self, kind: str, path: str, flow: str, answers: Answers, customer_id: str | None, files: Files) -> str:
        key = new_key()
        with self.store.writing():
            body = {"flow": flow, "answers": {**answers, **self._files(files, key)}}
            whole = body | ({"customer_id": customer_id} if customer_id else {})
            return self.outbox.add(kind, "POST", path, whole, key=key, lane=key)

    def _files(self, files: Files, lane: str) -> dict[str, list[str]]:
        return {
            name: [self.outbox.add_file(path.name, path.read_bytes(), lane) for path in paths]
            for name, paths in files.items()
        }


def _next(hints: queue.Queue[str | None], seconds: float) -> str | None:
    """The next hint, or an empty one after this time; those that came together are one."""
    try:
        hint = hints.get(timeout=seconds)
        while hint is not None and not hints.empty():
            hint = hints.get_nowait()
    except queue.Empty:
        return ""
    return hint
