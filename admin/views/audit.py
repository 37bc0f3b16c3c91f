"""The audit log: who changed what that has no timeline of its own (A10)."""

from __future__ import annotations

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.audit_words import words_of
from admin.guard import StaffView, door
from admin.showing import argument, show
from flows.queries import staff


class AuditLog(StaffView):
    name, slug, needs = _l("Audit log"), "audit", "audit"

    @door("/", needs="audit")
    def index(self) -> Response:
        kind, who, thing = argument("kind"), argument("who"), argument("thing")
        page = staff.audit(g.actor, kind=kind, who=who, thing=thing, cursor=argument("cursor") or None)
        kinds = {name: words_of(name) for name in staff.audit_kinds(g.actor)}
        return show(self, "audit.html", page=page, kind=kind, who=who, thing=thing, kinds=kinds)
