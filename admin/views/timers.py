"""Timers: what comes next, what is late, what has ended; read-only, because the engine owns time."""

from __future__ import annotations

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.guard import StaffView, door
from admin.instance_words import TIMER_WORDS
from admin.showing import argument, show, timer_tag
from flows.clock import clock
from flows.queries import health

VIEWS = {"next": _l("Due next"), "late": _l("Late"), "ended": _l("Ended")}


class Timers(StaffView):
    name, slug, needs = _l("Timers"), "timers", "health"

    @door("/", needs="health")
    def index(self) -> Response:
        now, shown = clock.now(), argument("show", *VIEWS) or "next"
        kind, search = argument("kind", *TIMER_WORDS), argument("q")
        page = health.timers(g.actor, now, view=shown, kind=kind, search=search, cursor=argument("cursor") or None)
        return show(
            self,
            "timers.html",
            page=page,
            shown=shown,
            views=VIEWS,
            kind=kind,
            kinds=TIMER_WORDS,
            search=search,
            tag=lambda timer: timer_tag(timer, now),
        )
