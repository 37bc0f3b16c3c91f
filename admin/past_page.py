"""A task or case as it was at any moment of its life, and why: the page that staff look back with (X10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.guard import StaffView, door
from admin.instance_cards import answer_rows
from admin.instance_list import status_tags
from admin.instance_words import PARTY_WORDS, step_tag
from admin.showing import Tag, argument, show
from flows.access import read_as
from flows.actions import withholding
from flows.authoring.why import Look, Why, look_at, reasons
from flows.authoring.why.wording import about
from flows.clock import clock
from flows.models import Department, Step
from flows.queries import past, timeline
from flows.queries.files import FilesOf, files_of
from flows.queries.past import Life
from flows.queries.sentences import sentence, words_of_flow
from flows.rules import stages
from flows.rules.errors import Invalid
from flows.rules.past import Moment
from flows.words import gettext as _

HOLDS = {True: Tag(_l("Holds"), "ok"), False: Tag(_l("Does not hold")), None: Tag(_l("Not known yet"), "info")}
FIRED = {True: Tag(_l("Fired"), "ok"), False: Tag(_l("Did not fire")), None: Tag(_l("To come"), "info")}
ASKED = frozenset({"if", "when", "while", "done_when", "needs"})
"""The keys of rules that hold or do not; other reasons have no verdict to show."""
KINDS = {"status": _l("Status"), "timer": _l("Timers and dates"), "other": _l("Effects, actions and beginning")}


class LookingBack:
    """The doors of a list of tasks or cases that lead into the past of one of them."""

    @door("/<ref>/at", needs="view")
    def at(self: Any, ref: str) -> Response:
        """As it is now, or at the moment that was typed."""
        return _page(self, ref, argument("moment"), None)

    @door("/<ref>/at/<int:seq>", needs="view")
    def at_event(self: Any, ref: str, seq: int) -> Response:
        """As it was after one event of its timeline."""
        return _page(self, ref, "", seq)


@dataclass(frozen=True)
class Row:
    """One step as it was: its answers as this reader may have them, and its reasons."""

    step: Step
    title: str
    who: str
    tag: Tag
    answers: Sequence[Mapping[str, Any]]
    whys: Sequence[Why]


def _page(view: StaffView, ref: str, typed: str, seq: int | None) -> Response:
    life = past.life_of(g.actor, ref)
    base = f"{view.path()}/{life.today.reference}"
    frame: dict[str, Any] = {"task": life.today, "base": base, "typed": typed, "moments": _listed(life)}
    try:
        at = _typed_moment(typed) if seq is None else None
        look = look_at(life, g.actor, clock.now(), at=at, seq=seq)
    except Invalid as refusal:
        return show(view, "past.html", refusal.status, look=None, problems=refusal.by_field(), **frame)
    found = reasons(look)
    return show(view, "past.html", look=look, problems={}, **frame, **_seen(look, found))


def _typed_moment(typed: str) -> datetime | None:
    """What the picker gives, in the reader's time zone."""
    if not typed:
        return None
    try:
        moment = datetime.fromisoformat(typed)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(g.actor.time_zone))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the second for a day that is in no calendar of another zone
        raise Invalid(_("Enter a day and a time"), "/moment", "malformed") from None


def _seen(look: Look, found: Sequence[Why]) -> dict[str, Any]:
    instance = look.instance
    place = next(n for n, one in enumerate(look.life.moments) if one.seq == instance.event_seq)
    before, after = look.life.moments[:place][-1:], look.life.moments[place + 1 :][:1]
    return {
        "was": instance,
        "tags": _tags(look),
        "rows": _rows(look, found),
        "whys": {
            "status": [
                one
                for one in found
                if one.kind in ("status", "waiting_on") or (one.kind, one.key) == ("outcome", "outcomes")
            ],
            "timer": [one for one in found if one.kind in ("date", "timer")],
            "other": [one for one in found if one.kind in ("effect", "action", "start")],
        },
        "kinds": KINDS,
        "verdict": _verdict,
        "assignee": _name(look, instance.assignee_id),
        "department": _department(look),
        "parties": PARTY_WORDS,
        "happened": [one for moment in look.moments[-1:] for one in _told(look.life, moment)],
        "previous": before[0] if before and look.life.shows(before[0]) else None,
        "next": after[0] if after else None,
        "version": look.version,
    }


def _verdict(why: Why) -> Tag | None:
    if why.kind == "timer":
        return FIRED[why.verdict]
    return HOLDS[why.verdict] if why.key in ASKED else None


def _tags(look: Look) -> list[Tag]:
    state = look.instance.state
    if state is not None:
        return [Tag(stages.state_label(look.definition, state), "info")]
    return [*status_tags(look.instance, look.at)]


def _rows(look: Look, found: Sequence[Why]) -> list[Row]:
    fields = {
        step.name: withholding.seen(look.actor, look.life.today, step, look.definition.steps[step.name])
        for step in look.instance.steps
    }
    files = files_of(look.actor, look.instance, *((fields[one.name], one.answers) for one in look.instance.steps))
    return [_row(look, step, fields[step.name], files, found) for step in look.instance.steps]


def _row(look: Look, step: Step, fields: Mapping[str, Any], files: FilesOf, found: Sequence[Why]) -> Row:
    rule = look.definition.steps[step.name]
    answers = answer_rows(fields, step.answers, step, files) if step.attempt else []
    whys = [one for one in about(found, step.name) if one.kind != "timer"]
    return Row(step, rule.title, PARTY_WORDS[step.actor], step_tag(step), answers, whys)


def _name(look: Look, user_id: int | None) -> str:
    person = look.life.people.get(user_id or 0)
    return person.name if person is not None else ""


def _department(look: Look) -> str:
    found = look.instance.department_id
    row = read_as(look.actor).get(Department, found) if found is not None else None
    return row.name if row is not None else ""


def _listed(life: Life) -> list[tuple[Moment, Sequence[tuple[str, str]], bool]]:
    """Every moment, newest first: what was told of it, and whether it can be seen."""
    return [(one, told, life.shows(one)) for one in reversed(life.moments) if (told := _told(life, one))]


def _told(life: Life, moment: Moment) -> list[tuple[str, str]]:
    """(who, what) of the events that have words; what only changed rows has none."""
    today, words = life.today, words_of_flow(life.today.flow)
    return [
        (getattr(event, "actor_name", ""), sentence(event.kind, event.facts, today.time_zone, words))
        for event in moment.events
        if event.kind not in timeline.WITHOUT_WORDS
    ]
