"""How often one person may ask: counted in Redis for all processes, in memory while Redis is away."""

from __future__ import annotations

from time import time

from flask import Blueprint, Flask, Response, g, request
from flask_limiter import Limiter
from limits.errors import StorageError

POLICY = "1200 per minute"
"""For everything together. Tries to sign in are counted by their verbs, in the database."""


def register(app: Flask, blueprint: Blueprint) -> None:
    """Count every request of the blueprint, and say in each answer how many are left."""
    redis = app.config["BATON"].redis
    limiter = Limiter(
        _who,
        app=app,
        storage_uri=f"redis+{redis}" if redis.startswith("unix:") else redis,
        storage_options={"socket_connect_timeout": 1, "socket_timeout": 1, "wrap_exceptions": True},
        in_memory_fallback_enabled=True,
        swallow_errors=True,  # of two requests that notice at once that Redis went away, only one falls back
        key_prefix="api",
    )
    limiter.shared_limit(lambda: POLICY, scope="api")(blueprint)

    def say(response: Response) -> Response:
        limit = limiter.current_limit
        if limit is None:
            return response
        try:
            wait, left = max(limit.reset_at - time(), 1), limit.remaining
        except StorageError:  # it went away after counting: the answer is worth more than the header
            return response
        response.headers["RateLimit-Policy"] = f'"default";q={limit.limit.amount};w={limit.limit.get_expiry()}'
        response.headers["RateLimit"] = f'"default";r={left};t={wait:.0f}'
        if response.status_code == 429:
            response.headers.setdefault("Retry-After", f"{wait:.0f}")
        return response

    blueprint.after_request(say)


def _who() -> str:
    actor = g.get("actor")
    return f"user:{actor.user_id}" if actor is not None else f"address:{request.remote_addr}"
