"""RQ, kept on a short lead: two queues of ids, a list of what may be run, and a worker that outlives its Redis."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from flask import Flask
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker.base import StopRequested

from worker import jobs

log = structlog.get_logger(__name__)

DUE, OWED = "due", "owed"
ALLOWED: dict[str, Callable[..., Any]] = {"worker.jobs.fire": jobs.fire, "worker.jobs.deliver": jobs.deliver}
IDS_A_JOB = 25
JOB_SECONDS = 60
HINT_SECONDS = 60
"""A hint that nobody took for so long is worth nothing: the ticker has given it again or done it itself."""


class NotAllowed(Exception):
    """Somebody planted a job that is none of ours."""


class AllowedJob(Job):
    """A job runs one of our functions or nothing: whoever can write to Redis must not choose what this process runs."""

    success_callback = failure_callback = stopped_callback = None

    @property
    def func(self) -> Callable[..., Any]:
        if self.instance is not None or self.func_name not in ALLOWED:
            raise NotAllowed(f"{self.func_name!r} may not be run as a job")
        return ALLOWED[self.func_name]

    def send_webhooks(self, *_args: Any, **_kwargs: Any) -> None:
        """Never: an address in Redis is not one that we chose."""


class Hand(SimpleWorker):
    """Works without a fork for each job, inside the application, and takes no commands from Redis."""

    job_class = AllowedJob
    max_connection_wait_time = 2.0
    log_job_description = False

    def __init__(self, app: Flask, connection: Redis) -> None:
        super().__init__([DUE, OWED], connection=connection, serializer=JSONSerializer, worker_ttl=30)
        self._app = app

    def perform_job(self, job: Job, queue: Queue) -> bool:
        with self._app.app_context():
            return bool(super().perform_job(job, queue))

    def subscribe(self) -> None:
        """Not: commands such as "stop that job" are for those who trust whoever can write to Redis."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed to."""

    @property
    def told_to_stop(self) -> bool:
        return self._shutdown_requested_date is not None


def connect(url: str, seconds: float = 3) -> Redis:
    """A client that fails at once when Redis is away, so that the ticker can do the work itself."""
    return Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))


def hand_over(connection: Redis, queue: str, job: str, ids: Sequence[int]) -> None:
    """Give these ids to the workers, in batches; raises RedisError when Redis is away."""
    batches = [list(ids[start : start + IDS_A_JOB]) for start in range(0, len(ids), IDS_A_JOB)]
    Queue(queue, connection=connection, serializer=JSONSerializer).enqueue_many(
        [
            Queue.prepare_data(
                job,
                args=(batch,),
                timeout=JOB_SECONDS,
                ttl=HINT_SECONDS,
                result_ttl=0,
                failure_ttl=3600,
                description=f"{job} of {len(batch)}",
            )
            for batch in batches
        ]
    )


def work(app: Flask, redis_url: str) -> None:
    """Run jobs until told to stop; when Redis is away, wait for it."""
    while True:
        hand = None
        try:
            hand = Hand(app, connect(redis_url))
            hand.work(logging_level="WARNING", log_format="[%(levelname)s] %(message)s")
        except RedisError as fault:
            log.warning("redis_away", fault=str(fault))
        except StopRequested:
            return
        if hand and hand.told_to_stop:
            return
        time.sleep(1)
