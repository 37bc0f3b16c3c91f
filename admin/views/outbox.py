"""The outbox: what is owed to the outside and how it went; people retry or skip what gave up (X36)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask, go_on
from admin.guard import StaffView, door
from admin.showing import EFFECT_TAGS, argument, effect_tag, moment_of, show
from flows.actions import delivering, helping
from flows.actions.sealing import is_sealed
from flows.models import Effect
from flows.queries import health
from flows.rules.errors import OutOfStep
from flows.rules.private import MASK
from flows.work import Work, unit_of_work

KINDS = {
    "email": "Mail",
    "push": "Push",
    "call": "Call",
    "webhook": "Webhook",
    "check": "File check",
    "refund": "Refund",
    "checkout": "Payment",
}
HERE = "/admin/outbox"


class Outbox(StaffView):
    name, slug, needs = "Outbox", "outbox", "health"

    @door("/", needs="health")
    def index(self) -> Response:
        """Incidents first: they wait for people."""
        states = {name: tag.words for name, tag in EFFECT_TAGS.items()}
        state, kind, search = (
            argument("state", "any", *EFFECT_TAGS) or "incident",
            argument("kind", *KINDS),
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
            states={**states, "any": "All"},
            kind=kind,
            kinds=KINDS,
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
            kind=KINDS[effect.kind],
            name_of=delivering.name_of(effect),
            told=told(effect),
            moment_of=moment_of,
        )

    @door("/<int:effect_id>/retry", needs="health", methods=("GET", "POST"))
    def retry(self, effect_id: int) -> Response:
        effect = _incident(effect_id)
        question = Question(
            f"Try {delivering.name_of(effect)} again?",
            f"{HERE}/{effect_id}",
            "Try again",
            done="It is tried again.",
            text="Do this when the cause is mended. It starts with its first try.",
            facts=(("What went wrong", effect.last_fault),),
        )
        return ask(self, question, lambda work, _typed: delivering.retry(work, effect_id))

    @door("/<int:effect_id>/skip", needs="health", methods=("GET", "POST"))
    def skip(self, effect_id: int) -> Response:
        effect = _incident(effect_id)
        question = Question(
            f"Skip {delivering.name_of(effect)}?",
            f"{HERE}/{effect_id}",
            "Skip it for good",
            tone="bad",
            done="It is skipped.",
            text="It will not be done, and what waits behind it goes on.",
            facts=(("What went wrong", effect.last_fault),),
            fields=(Field("reason", "Reason", hint="Such as how it was done instead"),),
        )

        def act(work: Work, typed: Any) -> None:
            delivering.skip(work, effect_id, typed["reason"])

        return ask(self, question, act)

    @door("/retry-all", needs="health", methods=("GET", "POST"))
    def retry_all(self) -> Response:
        """Every incident again, each in its own unit of work, so that one that cannot does not keep the others."""
        waiting = health.incident_ids(g.actor)
        question = Question(
            f"Try all {len(waiting)} incidents again?",
            f"{HERE}/",
            "Try all again",
            text="Do this when the cause is mended, such as a mail server that is back.",
        )
        if request.method == "GET":
            return show(self, "ask.html", question=question, problems={})
        retried = 0
        for effect_id in waiting:
            with unit_of_work(g.actor) as work:
                retried += helping.retry_incident(work, effect_id)
        return go_on(question.back, f"{retried} are tried again.")


def told(effect: Effect) -> list[tuple[str, str]]:
    """What people may see of a payload. The words of a mail are left out: a sign-in code may be among them."""
    payload = effect.payload
    match effect.kind:
        case "email":
            return [("Template", payload["template"]), ("To", payload.get("address") or f"user {payload.get('to')}")]
        case "push":
            return [("Kind", payload["name"]), ("Device", payload["device"]), ("About", payload["reference"])]
        case "webhook":
            address = _masked({"url": payload["url"]})["url"]
            return [("Address", address), ("Event", payload["event"]), ("Body", _pretty(_masked(payload["body"])))]
        case "check":
            return [("File", payload["upload"])]
        case _:
            return [("Call", payload["name"]), ("With", _pretty(_masked(payload["with"])))]


def _masked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Private answers wait sealed for whoever gets them, and people here do not."""
    return {name: MASK if is_sealed(value) else value for name, value in values.items()}


def _pretty(body: Any) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False) if body else ""


def _incident(effect_id: int) -> Effect:
    effect = health.effect(g.actor, effect_id)
    if effect.state != "incident" and request.method == "GET":
        raise OutOfStep(f"This is {effect.state} already, not an incident")
    return effect
