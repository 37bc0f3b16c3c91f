"""The first answer to a request is kept for a day, so that the same request again does nothing twice (API.md 7.4)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from flows import settings
from flows.access import clean
from flows.clock import clock
from flows.models import Replay
from flows.rules.errors import Invalid
from flows.words import gettext as _
from flows.work import Work

KEPT = timedelta(hours=24)
RUNNING = 0


@dataclass(frozen=True)
class Form:
    """An HTML form as it was sent: `key` is its hidden `_key`, `scope` method and path, `sent` its names and values."""

    key: str
    scope: str
    sent: Iterable[tuple[str, str]]

    def fingerprint(self) -> str:
        answers = sorted((name, value) for name, value in self.sent if name not in ("csrf_token", "_key"))
        return fingerprint_of(json.dumps(answers).encode())


def fingerprint_of(canonical: bytes) -> str:
    """What tells one request from another, under our key: a private answer in it cannot be guessed from it (X20)."""
    return hmac.new(settings.current().signing_key().encode(), canonical, "sha256").hexdigest()


def replay_of(work: Work, user_id: int, scope: str, key: str, fingerprint: str) -> Replay | None:
    """The answer that was given to this key, or None: then it is this work's to do, and to `remember`.

    A twin that runs at the same time waits for the first one here. Raises Invalid (`idempotency-mismatch`) when the key
    was used for something else. `scope` is method and path, `fingerprint` that of the canonical body.
    """
    now = clock.wall()
    mine = (Replay.user_id == user_id, Replay.scope == scope[:200], Replay.key == key[:120])
    work.session.execute(delete(Replay).where(*mine, Replay.created_at < now - KEPT))
    insert = (postgresql if work.session.get_bind().dialect.name == "postgresql" else sqlite).insert(Replay)
    # The insert takes the key in this transaction: a second request with it waits at the unique index until we commit.
    first = work.session.scalar(
        insert.values(
            user_id=user_id,
            scope=scope[:200],
            key=key[:120],
            fingerprint=fingerprint,
            status=RUNNING,
            headers={},
            body={},
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["user_id", "scope", "key"])
        .returning(Replay.id)
    )
    if first is not None:
        return None
    earlier = work.session.scalars(select(Replay).where(*mine).execution_options(populate_existing=True)).one()
    if earlier.fingerprint != fingerprint:
        mismatch = Invalid(_("This key was used for another request. Use a new key"), "", "idempotency-mismatch")
        mismatch.code = "idempotency-mismatch"
        raise mismatch
    return earlier


def remember(
    work: Work,
    user_id: int,
    scope: str,
    key: str,
    *,
    status: int,
    body: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> None:
    """Keep the answer, in the same transaction as what it tells of."""
    replay = work.session.scalars(
        select(Replay).where(Replay.user_id == user_id, Replay.scope == scope[:200], Replay.key == key[:120])
    ).one()
    replay.status, replay.body, replay.headers = status, dict(body), dict(headers or {})


def once(work: Work, form: Form, act: Callable[[], str]) -> str:
    """The address to go on to: from `act`, or from the first time when this very form was sent before.

    Raises Invalid when its key was used for other answers: the page is old, and what is in it now was not done.
    """
    key, user_id = clean(form.key).strip()[:120], work.actor.user_id
    if not key or user_id is None:
        return act()
    earlier = replay_of(work, user_id, form.scope, key, form.fingerprint())
    if earlier is not None:
        return str(earlier.body["location"])
    location = act()
    remember(work, user_id, form.scope, key, status=303, body={"location": location})
    return location
