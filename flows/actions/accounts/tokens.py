"""Secrets that people carry: 256 random bits each, of which we keep only the SHA-256."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flows import settings


def new_token(prefix: str = "") -> str:
    """A fresh secret; the prefix (`at_`, `rt_`) says what it is for, so that none passes as another."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored of a secret, 64 hex digits. Enough without salt: the secret itself cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def digest_of_code(code: str, link_hash: str) -> str:
    """What is stored of a 6-digit code; bound to its row, so that equal codes look different."""
    return digest(f"{link_hash}:{code}")


def first_refresh_token(family: str) -> str:
    """The refresh token that a family begins with. It names its family and carries our mark, so that an old one is
    known as ours although its hash is long forgotten."""
    return _marked(family, secrets.token_urlsafe(32))


def next_refresh_token(refresh_token: str, family: str) -> str:
    """The one that follows in its family: the same whenever it is asked for, guessed by nobody."""
    return _marked(family, _mac(f"next:{family}:{refresh_token}"))


def family_of(refresh_token: str) -> str | None:
    """The family of a token that we once gave out; None for anything else."""
    family, _, rest = refresh_token.removeprefix("rt_").partition(".")
    secret, _, mark = rest.partition(".")
    ours = mark and hmac.compare_digest(mark.encode(), _mac(f"mark:{family}:{secret}")[:16].encode())
    return family if ours else None


def _marked(family: str, secret: str) -> str:
    return f"rt_{family}.{secret}." + _mac(f"mark:{family}:{secret}")[:16]


def _mac(text: str) -> str:
    return hmac.new(
        settings.current().signing_key().encode(), text.encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()
