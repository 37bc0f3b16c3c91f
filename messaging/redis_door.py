"""The only way to Redis for pokes and bells: one client a process, and a memory of when it was last found dead."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from flows import settings

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 0.1
"""For connecting and for answering each: together the longest that a person may wait for news to others."""
DEAD_SECONDS = 2.0

_dead_until = 0.0


@lru_cache(maxsize=4)
def client(url: str) -> Redis:
    """The process's client for this URL (`redis://`, `rediss://`, `unix://`); it connects when first used."""
    return Redis.from_url(
        url,
        socket_timeout=PATIENCE_SECONDS,
        socket_connect_timeout=PATIENCE_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def publish(channel: str, words: bytes) -> bool:
    """Tell whoever listens now. False when Redis is away: nobody may depend on having heard it."""
    return _try(lambda redis: redis.publish(channel, words))


def leave(key: str, word: bytes, most: int) -> bool:
    """Put a word in front of a list of at most `most`; False when Redis is away."""

    def put(redis: Redis) -> None:
        with redis.pipeline(transaction=False) as pipe:
            pipe.lpush(key, word)
            pipe.ltrim(key, 0, most - 1)
            pipe.execute()

    return _try(put)


def forget_death() -> None:
    """Try Redis again at once."""
    global _dead_until
    _dead_until = 0.0


def _try(act: Callable[[Redis], object]) -> bool:
    global _dead_until
    if time.monotonic() < _dead_until:
        return False
    try:
        act(client(settings.current().redis))
    except (RedisError, OSError) as fault:
        _dead_until = time.monotonic() + DEAD_SECONDS
        log.warning("redis_away", fault=f"{type(fault).__name__}: {fault}")
        return False
    return True
