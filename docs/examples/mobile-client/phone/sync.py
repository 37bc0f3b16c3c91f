"""Keeps the copy in step: pages of GET /sync, each applied in one transaction together with its cursor."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from phone.line import Declined
from phone.store import Store
from phone.tokens import Tokens

PAGE = 200


def pull(store: Store, tokens: Tokens) -> int:
    """Fetch what changed, page after page, until there is no more; how many changes that were."""
    changes = 0
    while True:
        page = _next_page(store, tokens)
        with store.writing() as tx:
            _apply(tx, store, page)
        changes += len(page["changes"])
        if not page["has_more"]:
            return changes


def _next_page(store: Store, tokens: Tokens) -> dict[str, Any]:
    cursor = store.fact("cursor")
    try:
        given = tokens.ask("GET", "/sync", params={"limit": PAGE} | ({"cursor": cursor} if cursor else {}))
    except Declined as no:
        if no.code not in ("sync-cursor-expired", "cursor-mismatch"):
            raise
        # Start over. What is kept stays on the screen until the whole snapshot is here, and is then replaced by it.
        store.keep(cursor=None, walk=None)
        return _next_page(store, tokens)
    page: dict[str, Any] = given.json()
    return page


def _apply(tx: sqlite3.Connection, store: Store, page: dict[str, Any]) -> None:
    """A change is the whole newest state of one thing, so applying it twice does no harm."""
    walk = _walk(store, is_new=page["full"] and store.fact("walk") is None)
    for change in page["changes"]:
        if change["op"] == "upsert":
            row = (change["object"], change["id"], change["account_id"], json.dumps(change["data"]), walk)
            tx.execute("INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?)", row)
        else:
            _delete(tx, change)
    facts = {"cursor": page["cursor"], "walks": str(walk), "walk": str(walk) if page["full"] else None}
    if not page["has_more"]:
        if page["full"]:  # what this snapshot did not bring is not there any more
            tx.execute("DELETE FROM objects WHERE walk < ?", (walk,))
        facts |= {"walk": None, "summary": json.dumps(page["summary"])}
    store.keep(**facts)
    _forget_forms(tx, "instance_id NOT IN (SELECT id FROM objects WHERE kind = 'instance')")


def _walk(store: Store, is_new: bool) -> int:
    """The number of the newest full snapshot; a new one is counted when its first page is applied."""
    return int(store.fact("walks") or 0) + int(is_new)


def _delete(tx: sqlite3.Connection, change: dict[str, Any]) -> None:
    """With an account goes everything of it: the person acts for it no more."""
    if change["object"] == "account":
        tx.execute("DELETE FROM objects WHERE account_id = ?", (change["id"],))
    tx.execute("DELETE FROM objects WHERE kind = ? AND id = ?", (change["object"], change["id"]))


def fetch_forms(store: Store, tokens: Tokens) -> None:
    """The forms of what this person may answer, so that they can be filled in without a line. Those whose request has
    not changed since are left alone. A request whose turn is `with_us` may have steps to answer, too.
    """
    looked = {row["instance_id"]: row["version"] for row in store.rows("SELECT * FROM looked")}
    for (_, uid), one in store.objects("instance").items():
        if one["turn"] != "done" and looked.get(uid) != one["version"]:
            _fetch_forms_of(store, tokens, uid, one["version"])
        elif one["turn"] == "done" and uid in looked:
            with store.writing() as tx:
                _forget_forms(tx, "instance_id = ?", uid)


def fetch_form(store: Store, tokens: Tokens, instance_id: str, step: str) -> dict[str, Any]:
    """One step as it is now, with the tag that a submission has to name."""
    answer = tokens.ask("GET", f"/instances/{instance_id}/steps/{step}")
    form: dict[str, Any] = answer.json()
    store.keep_form(instance_id, answer.headers["ETag"], form)
    return form


def _fetch_forms_of(store: Store, tokens: Tokens, uid: str, version: int) -> None:
    try:
        steps = tokens.ask("GET", f"/instances/{uid}/steps").json()["data"]
        mine = [step["key"] for step in steps if step["allowed_actions"]]
        for key in mine:
            fetch_form(store, tokens, uid, key)
    except Declined as no:
        if no.status != 404:
            raise
        return  # access was lost since the last pull: the next one says so
    with store.writing() as tx:
        tx.execute("INSERT OR REPLACE INTO looked VALUES (?, ?)", (uid, version))
        for row in store.rows("SELECT step FROM forms WHERE instance_id = ?", uid):
            if row["step"] not in mine:
                tx.execute("DELETE FROM forms WHERE instance_id = ? AND step = ?", (uid, row["step"]))


def _forget_forms(tx: sqlite3.Connection, where: str, *values: object) -> None:
    for table in ("forms", "looked"):
        tx.execute(f"DELETE FROM {table} WHERE {where}", values)  # noqa: S608  # words of ours
