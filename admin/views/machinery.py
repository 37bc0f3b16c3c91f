"""Health: database, queues, timers and outbox at a glance, each with the list that explains it (A12)."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app, g
from flask_babel import lazy_gettext as _l
from redis.exceptions import RedisError
from sqlalchemy import select
from werkzeug.wrappers import Response

import migrations
from admin.guard import StaffView, door
from admin.showing import Tag, show
from flows import catalogue
from flows.access import read_as
from flows.clock import clock
from flows.queries import health
from flows.words import gettext as _
from messaging import redis_door

OK = Tag("OK", "ok")
QUEUES = ("due", "owed")


class Line(NamedTuple):
    """One row: what, how it is, what there is to say, and where to look."""

    what: str
    tag: Tag
    words: str
    url: str = ""


class Health(StaffView):
    name, slug, needs = _l("Health"), "health", "health"

    @door("/", needs="health")
    def index(self) -> Response:
        lines = [_database(), _migrations(), _queues(), *_machinery(), _flows()]
        return show(self, "health.html", lines=lines, good=all(line.tag.tone == "ok" for line in lines))


def _database() -> Line:
    began = perf_counter()
    session = read_as(g.actor)
    session.execute(select(1))
    return Line(
        _("Database"),
        OK,
        f"{session.get_bind().dialect.name}, {(perf_counter() - began) * 1000:.1f} ms",
    )


def _migrations() -> Line:
    newest = set(ScriptDirectory(str(Path(migrations.__file__ or "").parent)).get_heads())
    current = set(MigrationContext.configure(read_as(g.actor).connection()).get_current_heads())
    if newest == current:
        return Line(_("Tables"), OK, _("as this version needs them"))
    return Line(_("Tables"), Tag(_("Behind"), "bad"), _("run `baton migrate`"))


def _queues() -> Line:
    """Redis only carries: when it is away, the ticker does the work itself, a little later."""
    try:
        client = redis_door.client(current_app.config["BATON"].redis)
        lengths = [f"{name} {client.llen(f'rq:queue:{name}')}" for name in QUEUES]
    except (RedisError, OSError) as fault:
        return Line(
            _("Queues"),
            Tag(_("Away"), "warn"),
            _("%(fault)s; the ticker does the work itself meanwhile", fault=type(fault).__name__),
        )
    return Line(_("Queues"), OK, ", ".join(lengths))


def _machinery() -> list[Line]:
    found = health.machinery(g.actor, clock.now())
    pending, incidents = found.effects.get("pending", 0), found.effects.get("incident", 0)
    return [
        Line(_("Timers due in the next hour"), OK, str(found.due_next_hour), "/admin/timers/"),
        Line(
            _("Timers late"), Tag(_("Late"), "bad") if found.late else OK, str(found.late), "/admin/timers/?show=late"
        ),
        Line(_("Outbox, pending"), OK, str(pending), "/admin/outbox/?state=pending"),
        Line(
            _("Outbox, incidents"),
            Tag(_("Waiting for people"), "bad") if incidents else OK,
            str(incidents),
            "/admin/outbox/",
        ),
    ]


def _flows() -> Line:
    loaded = catalogue.current()
    words = _("%(loaded)s loaded, %(broken)s not loaded", loaded=len(loaded.flows), broken=len(loaded.broken))
    return Line(_("Flows"), Tag(_("Not loaded"), "bad") if loaded.broken else OK, words, "/admin/flows/")
