"""Versions in headers: the ETag of an answer, and what If-Match and If-None-Match say (API.md 7.3)."""

from __future__ import annotations

import hashlib
import re

from flask import request

from flows.words import language

NEVER = -1
"""A version that no row has: what an If-Match of something else means."""
_OURS = re.compile(r'(?:W/)?"([a-z]+)-(\d{1,12})-[a-z]{2,3}(?:-[A-Z]{2})?(?:-[0-9a-f]{6})?"')


def etag(kind: str, version: int | str, *beside: object) -> str:
    """`"ti-18-en"`: row version and language. What the version does not count, a draft say, is marked at the end."""
    mark = f"-{digest(repr(beside).encode())[:6]}" if any(beside) else ""
    return f'"{kind}-{version}-{language()}{mark}"'


def digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]


def wanted_version(kind: str) -> int | None:
    """The row version in If-Match; None when the client does not say or does not care (`*`)."""
    given = request.headers.get("If-Match", "").strip()
    if given in ("", "*"):
        return None
    found = _OURS.fullmatch(given)
    return int(found[2]) if found and found[1] == kind else NEVER


def is_unchanged(tag: str) -> bool:
    """Whether If-None-Match names this tag."""
    given = [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]
    return "*" in given or tag.removeprefix("W/") in given
