"""The outbox: what is owed to the outside and how it went; people retry or skip what gave up (X36)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import g, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask, go_on
from admin.guard import StaffView, door
from admin.showing import EFFECT_KINDS, EFFECT_TAGS, argument, effect_tag, moment_of, show
from flows.actions import delivering, helping
from flows.actions.sealing import is_sealed
from flows.models import Effect
from flows.queries import health
from flows.rules.errors import OutOfStep
from flows.rules.private import MASK
from flows.words import gettext as _
from flows.work import Work, unit_of_work

HERE = "/admin/outbox"


class Outbox(StaffView):
    name, slug, needs = _l("Outbox"), "outbox", "health"

    @door("/", needs="health")
    def index(self) -> Response:
        """Incidents first: they wait for people."""
        states = {name: tag.words for name, tag in EFFECT_TAGS.items()}
        state, kind, search = (
            argument("state", "any", *EFFECT_TAGS) or "incident",
            argument("kind", *EFFECT_KINDS),
            argument("q"),
        )
        page = health.effects(
            g.actor, state="" if state == "any" else state, kind=kind, search=search, cursor=argument("cursor") or None
        )
        return show(
            self,
            "outbox.html",
            page=page,
            state=state,
            states={**states, "any": _("All")},
            kind=kind,
            kinds=EFFECT_KINDS,
            search=search,
            tag=effect_tag,
            name_of=delivering.name_of,
        )

    @door("/<int:effect_id>", needs="health")
    def one(self, effect_id: int) -> Response:
        effect = health.effect(g.actor, effect_id)
        return show(
            self,
            "effect.html",
            effect=effect,
            tag=effect_tag(effect),
            kind=EFFECT_KINDS[effect.kind],
            name_of=delivering.name_of(effect),
            told=told(effect),
            moment_of=moment_of,
        )

    @door("/<int:effect_id>/retry", needs="health", methods=("GET", "POST"))
    def retry(self, effect_id: int) -> Response:
        effect = _incident(effect_id)
        question = Question(
            _("Try %(what)s again?", what=delivering.name_of(effect)),
            f"{HERE}/{effect_id}",
            _("Try again"),
            done=_("It is tried again."),
            text=_("Do this when the cause is mended. It starts with its first try."),
            facts=((_("What went wrong"), effect.last_fault),),
        )
        return ask(self, question, lambda work, _typed: delivering.retry(work, effect_id))

    @door("/<int:effect_id>/skip", needs="health", methods=("GET", "POST"))
    def skip(self, effect_id: int) -> Response:
        effect = _incident(effect_id)
        question = Question(
            _("Skip %(what)s?", what=delivering.name_of(effect)),
            f"{HERE}/{effect_id}",
            _("Skip it for good"),
            tone="bad",
            done=_("It is skipped."),
            text=_("It will not be done, and what waits behind it goes on."),
            facts=((_("What went wrong"), effect.last_fault),),
            fields=(Field("reason", _("Reason"), hint=_("Such as how it was done instead")),),
        )

        def act(work: Work, typed: Any) -> None:
            delivering.skip(work, effect_id, typed["reason"])

        return ask(self, question, act)

    @door("/retry-all", needs="health", methods=("GET", "POST"))
    def retry_all(self) -> Response:
        """Every incident again, each in its own unit of work, so that one that cannot does not keep the others."""
        waiting = health.incident_ids(g.actor)
        question = Question(
            _("Try all %(many)s incidents again?", many=len(waiting)),
            f"{HERE}/",
            _("Try all again"),
            text=_("Do this when the cause is mended, such as a mail server that is back."),
        )
        if request.method == "GET":
            return show(self, "ask.html", question=question, problems={})
        retried = 0
        for effect_id in waiting:
            with unit_of_work(g.actor) as work:
                retried += helping.retry_incident(work, effect_id)
        return go_on(question.back, _("%(many)s are tried again.", many=retried))


def told(effect: Effect) -> list[tuple[str, str]]:
    """What people may see of a payload. The words of a mail are left out: a sign-in code may be among them."""
    payload = effect.payload
    match effect.kind:
        case "email":
            return [
                (_("Template"), payload["template"]),
                (_("To"), payload.get("address") or _("user %(number)s", number=payload.get("to"))),
            ]
        case "push":
            return [(_("Kind"), payload["name"]), (_("Device"), payload["device"]), (_("About"), payload["reference"])]
        case "webhook":
            address = _masked({"url": payload["url"]})["url"]
            return [
                (_("Address"), address),
                (_("Event"), payload["event"]),
                (_("Body"), _pretty(_masked(payload["body"]))),
            ]
        case "check":
            return [(_("File"), payload["upload"])]
        case "start" | "hear" | "end":
            return [(_("About"), payload["name"]), (_("With"), _pretty(_masked(payload.get("with", {}))))]
        case _:
            return [(_("Call"), payload["name"]), (_("With"), _pretty(_masked(payload["with"])))]


def _masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Private answers wait sealed for whoever gets them, and people here do not."""
    return {name: MASK if is_sealed(value) else value for name, value in values.items()}


def _pretty(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False) if body else ""


def _incident(effect_id: int) -> Effect:
    effect = health.effect(g.actor, effect_id)
    if effect.state != "incident" and request.method == "GET":
        raise OutOfStep(_("This is %(state)s already, not an incident", state=EFFECT_TAGS[effect.state].words))
    return effect
