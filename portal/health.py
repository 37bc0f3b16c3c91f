"""Is the process alive, can it serve, and how does it do: for supervisors, load balancers and Prometheus."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask, Response, current_app, g, jsonify, request
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from redis.exceptions import RedisError
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

import migrations
from flows.access import read_as
from flows.clock import clock
from flows.db import db
from flows.models import Effect, Timer
from flows.rules.actors import SYSTEM
from flows.rules.errors import Refused
from messaging import redis_door
from portal.may import may


class Metrics:
    """The figures of this process; the ones of the database are read when they are asked for."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("baton_requests", "Answers given", ["endpoint", "status"], registry=self.registry)
        self.effects = Gauge("baton_effects", "What is owed to the outside", ["state"], registry=self.registry)
        self.late = Gauge("baton_timers_late", "Timers that are due and have not fired", registry=self.registry)

    def read(self) -> bytes:
        reading = read_as(SYSTEM)
        for state in ("pending", "incident"):
            self.effects.labels(state).set(
                reading.scalar(select(func.count(Effect.id)).where(Effect.state == state)) or 0
            )
        late = select(func.count(Timer.id)).where(Timer.ended_at.is_(None), Timer.due_at <= clock.now())
        self.late.set(reading.scalar(late) or 0)
        return generate_latest(self.registry)


def register(app: Flask) -> None:
    app.extensions["metrics"] = Metrics()
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)
    app.add_url_rule("/metrics", "metrics", metrics)
    app.after_request(_count)


@may("public")
def healthz() -> Response:
    """The process answers; nothing else is asked."""
    return Response("ok\n", mimetype="text/plain")


@may("public")
def readyz() -> AnyResponse:
    """Whether requests can be served. Without Redis they can: news then only comes later."""
    found = {"database": _database(), "migrations": "unknown", "redis": _redis()}
    if found["database"] == "ok":
        found["migrations"] = _migrations()
    ready = found["database"] == found["migrations"] == "ok"
    response = jsonify(ready=ready, **found)
    response.status_code = 200 if ready else 503
    if not ready:
        response.headers["Retry-After"] = "5"
    return response


@may("public")
def metrics() -> Response:
    """For Prometheus on this machine, and for staff who may see health."""
    if not _is_from_here() and not (g.actor is not None and g.actor.may("health")):
        raise Refused
    return Response(current_app.extensions["metrics"].read(), mimetype="text/plain; version=0.0.4")


def _is_from_here() -> bool:
    # Behind a proxy of this machine everybody seems to be local; then only staff may look.
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))
    try:
        return ip_address(request.remote_addr or "").is_loopback and not forwarded
    except ValueError:
        return False


def _count(response: Response) -> Response:
    current_app.extensions["metrics"].requests.labels(request.endpoint or "none", str(response.status_code)).inc()
    return response


def _database() -> str:
    try:
        db.session.execute(select(1))
    except SQLAlchemyError as fault:
        return f"away: {type(fault).__name__}"
    return "ok"


def _migrations() -> str:
    newest = ScriptDirectory(str(Path(migrations.__file__ or "").parent)).get_heads()
    current = MigrationContext.configure(db.session.connection()).get_current_heads()
    return "ok" if set(newest) == set(current) else "behind: run `baton db upgrade`"


def _redis() -> str:
    try:
        redis_door.client(current_app.config["BATON"].redis).ping()
    except (RedisError, OSError) as fault:
        return f"away: {type(fault).__name__}"
    return "ok"
