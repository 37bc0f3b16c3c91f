"""Signed webhooks: posted to public addresses only, with a key that makes a repeat harmless (X21)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from flows import settings as settings_room
from flows.rules.signatures import sign
from messaging import outside


@dataclass(frozen=True)
class Answer:
    """What the other side said; `words` is its JSON object, empty when it sent none."""

    status: int
    words: Mapping[str, Any]


def post(url: str, event: str, body: Mapping[str, Any], key: str) -> Answer:
    """Post one event as JSON. Raises PassingFault or PermanentFault; a success is any 2xx."""
    content = orjson.dumps({"event": event, "id": key, "body": body})
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Baton-Webhooks/1",
        "Idempotency-Key": key,
        "Baton-Signature": sign(content, settings_room.current().webhook_key(), int(time.time())),
    }
    said = outside.call("POST", url, headers, content)
    return Answer(said.status, _words(said.content))


def _words(content: bytes) -> Mapping[str, Any]:
    try:
        words = orjson.loads(content) if content else {}
    except orjson.JSONDecodeError:
        return {}
    return words if isinstance(words, dict) else {}
