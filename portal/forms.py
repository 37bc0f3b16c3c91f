"""HTML forms: what is wrong beside its field, and a form that is sent twice is done once."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable

from flask import request

from flows.access import clean
from flows.actions.replaying import remember, replay_of
from flows.rules.errors import Invalid
from flows.work import Work

LONGEST_KEY = 120


def text(name: str) -> str:
    """One field of the form that was sent, without what no database takes; empty when it was not sent."""
    return clean(request.form.get(name, "")).strip()


def problems_of(invalid: Invalid) -> dict[str, str]:
    """Field name -> words. `/pets/0/name` is the field `pets-0-name`; the first problem of a field is shown."""
    found: dict[str, str] = {}
    for problem in invalid.problems:
        found.setdefault(problem.pointer.strip("/").replace("/", "-"), problem.detail)
    return found


def form_key() -> str:
    """The value of the hidden field `_key`: sending the same page twice brings the same key."""
    return secrets.token_urlsafe(16)


def once(work: Work, act: Callable[[], str]) -> str:
    """The address to go on to: from `act`, or from the first time when this very form was sent before.

    Raises Invalid when the key was used for other answers: the page is old, and what is in it now was not done.
    """
    key, user_id = text("_key")[:LONGEST_KEY], work.actor.user_id
    if not key or user_id is None:
        return act()
    scope = f"{request.method} {request.path}"
    earlier = replay_of(work, user_id, scope, key, _fingerprint())
    if earlier is not None:
        return str(earlier.body["location"])
    location = act()
    remember(work, user_id, scope, key, status=303, body={"location": location})
    return location


def _fingerprint() -> str:
    sent = sorted((name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "_key"))
    return hashlib.sha256(json.dumps(sent).encode()).hexdigest()
