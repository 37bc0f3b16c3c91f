"""A flow tried out without anything being written: its pages as a customer sees them, and its coming weeks (A9)."""

from __future__ import annotations

import json
from random import Random
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import Response as Page
from flask import g, render_template, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin import flow_trying
from admin.guard import StaffView, door
from admin.showing import argument, moment_of, show
from flows import catalogue
from flows.access import clean, read_as
from flows.actions import versions
from flows.authoring.play.beginning import ways_of
from flows.authoring.play.cast import Cast
from flows.authoring.play.samples import Sampler
from flows.authoring.play.scenes import languages_of, scenes_of
from flows.catalogue import FlowDefinition, LoadedFlow
from flows.catalogue.schema import FlowField
from flows.clock import clock
from flows.queries import tenants
from flows.queries.tenants import Tenant
from flows.rules.errors import Refused
from flows.words import LANGUAGES, USUAL
from flows.words import gettext as _
from flows.work import Work

WIDTHS = {"both": _l("Phone and desktop"), "phone": _l("Phone"), "desktop": _l("Desktop")}
MAILS = "mails"
BARE = "default-src 'none'; style-src 'self'; frame-ancestors 'self'"
"""For a frame that only says why there is no page."""
DAYS = 28
MOST_DEEDS, LONGEST = 40, 4_000
NOT_MADE_UP = frozenset({"file", "user", "department"})
"""What the play fills in itself: files and colleagues are those of its own stage."""
NOBODY = Cast("", 0, {}, {}, {})


class FlowTrials(StaffView):
    """Mixed into the catalogue. Nothing here is posted, and nothing of it reaches the database."""

    @door("/<name>/preview", needs="flows")
    def preview(self, name: str) -> Response:
        """Which page, in which width and language, as which customer; and the page in frames."""
        flow = shown_flow(name)
        scenes, languages = scenes_of(flow.definition), languages_of(catalogue.current(), flow.definition)
        keys = {one.key for one in scenes} | {MAILS}
        asked = {word: argument(word) for word in ("scene", "language", "width", "q", "customer")}
        scene = asked["scene"] if asked["scene"] in keys else next((one.key for one in scenes), MAILS)
        language = asked["language"] if asked["language"] in languages else USUAL
        found = tenants.found(g.actor, asked["q"], "", clock.now()) if asked["q"] else []
        chosen = _customer(asked["customer"])
        made = flow_trying.shown(name, MAILS, _stranger(chosen, language)) if scene == MAILS else {}
        g.shows_frames = True
        return show(
            self, "flow_preview.html", flow=flow, scenes=scenes, languages=languages, spoken=LANGUAGES, widths=WIDTHS,
            scene=scene, language=language, width=asked["width"] if asked["width"] in WIDTHS else "both", q=asked["q"],
            found=found, chosen=chosen, mails=made.get(MAILS), note=made.get("note"),
        )  # fmt: skip

    @door("/<name>/preview/page", needs="flows")
    def preview_page(self, name: str) -> Response:
        """One page of it, for a frame: it looks as it will, and can neither ask nor send."""
        flow, language = loaded_flow(name), argument("language")
        if argument("scene") not in {one.key for one in scenes_of(flow.definition)}:
            raise Refused(_("No such page"))
        spoken = language if language in languages_of(catalogue.current(), flow.definition) else USUAL
        stranger = _stranger(_customer(argument("customer")), spoken)
        made = flow_trying.shown(name, argument("scene"), stranger)
        html = made.get("html") or render_template("back/flow_no_page.html", note=made["note"])
        headers = {"Content-Security-Policy": made.get("policy", BARE), "X-Frame-Options": "SAMEORIGIN"}
        return Page(html, mimetype="text/html", headers=headers)

    @door("/<name>/simulate", needs="flows")
    def simulate(self, name: str) -> Response:
        """The coming weeks: asked with a form that is sent by GET, since nothing comes of it."""
        flow = loaded_flow(name)
        now = clock.now().astimezone(ZoneInfo(g.actor.time_zone))
        start = request.args["start"] if "start" in request.args else _sample_start(flow.definition)
        typed = {
            "at": clean(request.args.get("at", f"{now:%Y-%m-%dT%H:%M}"))[:40],
            "zone": clean(request.args.get("zone", g.actor.time_zone))[:64],
            "start": clean(start)[:LONGEST],
            "do": clean(request.args.get("do", ""))[:LONGEST],
        }
        played, problem = _play(name, typed) if "at" in request.args else (None, "")
        return show(
            self, "flow_simulate.html", 422 if problem else 200, flow=shown_flow(name), typed=typed, played=played,
            problem=problem, days=DAYS, moment_of=moment_of, by_event=flow.definition.start.event,
            where=ZoneInfo(typed["zone"]) if played else None,
        )  # fmt: skip


def loaded_flow(name: str) -> LoadedFlow:
    flow = catalogue.current().flows.get(name)
    if flow is None:
        raise Refused(_("No such flow"))
    return flow


def shown_flow(name: str) -> LoadedFlow:
    """The same in the language of whoever reads, for headings and lists."""
    return versions.flow_shown(loaded_flow(name))


def _play(name: str, typed: dict[str, str]) -> tuple[Any, str]:
    if typed["zone"] not in available_timezones():
        return None, _("“%(zone)s” is no time zone; write it like Europe/London", zone=typed["zone"])
    deeds = [line.strip() for line in typed["do"].splitlines() if line.strip()]
    if len(deeds) > MOST_DEEDS:
        return None, _("Do %(many)s things at most", many=MOST_DEEDS)
    options = [f"--at={typed['at']}", f"--tz={typed['zone']}", f"--days={DAYS}", *(f"--do={deed}" for deed in deeds)]
    return flow_trying.simulated(name, options, typed["start"])


def _sample_start(definition: FlowDefinition) -> str:
    """What is known at its start, made up, as JSON; nothing where an event says it."""
    if ways_of(definition)[:1] == ["event"]:
        return ""
    reading = Work(read_as(g.actor), g.actor, clock.now(), "")
    sampler = Sampler(NOBODY, Random(0))  # noqa: S311  # an example, no secret
    start = definition.start
    parts = {
        part: sampler.answers(reading, {name: one for name, one in fields.items() if _can_be_made_up(one)})
        for part, fields in (("inputs", start.inputs), ("fields", start.fields))
    }
    known = {part: values for part, values in parts.items() if values}
    return json.dumps(known, indent=1, ensure_ascii=False) if known else ""


def _can_be_made_up(field: FlowField) -> bool:
    parts = field.item.values() if field.type == "list" else ()
    return field.type not in NOT_MADE_UP and all(_can_be_made_up(part) for part in parts)


def _customer(uid: str) -> Tenant | None:
    return tenants.one(g.actor, uid, "", clock.now()) if uid else None


def _stranger(chosen: Tenant | None, language: str) -> dict[str, str]:
    """What a play is told of the customer that was chosen."""
    if chosen is None:
        return {"language": language}
    parts = {part: getattr(chosen, part) for part in ("name", "email", "phone", "organisation", "address")}
    return {**parts, "language": language}
