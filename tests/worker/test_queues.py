"""What may run as a job: our functions with ids, whatever somebody may have written to Redis."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from rq import Callback, Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import func, select

from flows.access import read_as
from flows.models import Timer
from flows.rules.actors import SYSTEM
from worker.queues import DUE, AllowedJob, Hand, NotAllowed, connect, hand_over
from worker.tick import DUTIES, claim


@pytest.fixture
def redis(valkey_url: str) -> Redis:
    connection = connect(valkey_url)
    connection.flushall()
    return connection


def run_all(app: Flask, redis: Redis) -> None:
    Hand(app, redis).work(burst=True, logging_level="CRITICAL")


def test_planted_functions_are_refused(app: Flask, redis: Redis, tmp_path: Path) -> None:
    prey = tmp_path / "planted"
    for planted in (
        Job.create("os.system", (f"touch {prey}",), connection=redis, serializer=JSONSerializer, origin=DUE),
        Job.create("os.mkdir", (str(prey),), connection=redis, serializer=JSONSerializer, origin=DUE),
    ):
        Queue(DUE, connection=redis, serializer=JSONSerializer).enqueue_job(planted)
    run_all(app, redis)
    assert not prey.exists()
    with pytest.raises(NotAllowed):
        AllowedJob.create("os.system", ("true",), connection=redis, serializer=JSONSerializer).perform()


def test_planted_callbacks_and_methods_are_refused(app: Flask, redis: Redis, tmp_path: Path) -> None:
    queue = Queue(DUE, connection=redis, serializer=JSONSerializer)
    callback = Callback("os.abort")
    planted = Job.create(
        "worker.jobs.fire", ([],), connection=redis, serializer=JSONSerializer, origin=DUE, on_success=callback
    )
    method = Job.create("format", ("x",), connection=redis, serializer=JSONSerializer, origin=DUE)
    method._instance = "{}"
    queue.enqueue_job(planted)
    queue.enqueue_job(method)
    run_all(app, redis)  # this very process would be gone if the callback had run
    assert queue.count == 0
    assert queue.failed_job_registry.count == 1


@pytest.mark.requirement("D3")
def test_ids_travel_in_batches_and_timers_fire(app: Flask, redis: Redis, order_coro: Callable[[int], None]) -> None:
    order_coro(30)
    hand_over(redis, DUE, "worker.jobs.fire", claim(DUTIES[0]).fresh)
    assert redis.llen("rq:queue:due") == 2
    run_all(app, redis)
    assert read_as(SYSTEM).scalar(select(func.count()).where(Timer.ending == "fired")) == 30
    assert redis.keys("rq:job:*") == []
