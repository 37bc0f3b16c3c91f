"""The header `Baton-Signature`: who sent a webhook and when, so that nobody else can, and not again later."""

from __future__ import annotations

import hashlib
import hmac
import time

TOLERANCE_SECONDS = 300


def sign(body: bytes, secret: str, at: int) -> str:
    """The header `Baton-Signature` for this body sent at `at` (Unix seconds)."""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def verify(header: str, body: bytes, secret: str, now: int | None = None) -> bool:
    """True when the header signs exactly this body and is at most 5 minutes old."""
    parts = dict(part.strip().partition("=")[::2] for part in header.split(","))
    at = parts.get("t", "")
    if not (at.isascii() and at.isdigit() and len(at) <= 12):
        return False
    age = (int(time.time()) if now is None else now) - int(at)
    theirs = f"t={int(at)},v1={parts.get('v1', '')}"
    return hmac.compare_digest(sign(body, secret, int(at)).encode(), theirs.encode()) and abs(age) <= TOLERANCE_SECONDS
