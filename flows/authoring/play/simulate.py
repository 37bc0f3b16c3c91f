"""`baton flows simulate`: what a flow will do by itself in the days to come, in a second (X31)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from flows.access import read_as
from flows.authoring.play import naming
from flows.authoring.play.beginning import Opening, Way, begin
from flows.authoring.play.deeds import VERBS, Deed, NotUnderstood, perform
from flows.authoring.play.diary import Diary, read_diary, status_of
from flows.authoring.play.sandbox import Sandbox, sandbox
from flows.authoring.play.scenario import at_home, moment_of
from flows.catalogue.problems import cure_among
from flows.catalogue.registry import Registry
from flows.catalogue.source import Unreadable, read_source
from flows.models import Timer
from flows.rules.actors import SYSTEM
from flows.rules.errors import BatonError
from flows.rules.timing import add, parse_span
from flows.work import end_reading

LONGEST = timedelta(days=400)
"""How far a simulation looks when a flow never comes to rest."""
MOST_MOMENTS = 200
OF_PARTS = frozenset({"list", "choices", "file", "address", "object", "signature"})
"""Kinds of answers that one word does not say."""


@dataclass(frozen=True)
class Planned:
    """A deed, when it is done, and `on` which flow's instance, if it is one that was started below."""

    at: datetime
    deed: Deed
    said: str
    on: str = ""


@dataclass(frozen=True)
class Line:
    """One moment of a simulation. `happened` and `set_off` are words; `refused` when a deed was not allowed."""

    at: datetime
    day: int
    happened: str
    set_off: str
    refused: bool = False


@dataclass(frozen=True)
class Simulation:
    """What came of it; `status` is how the first instance stands at the end, empty when none was started."""

    flow: str
    at: datetime
    zone: str
    lines: list[Line]
    status: str

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        lines = [{**vars(line), "at": line.at.isoformat()} for line in self.lines]
        return {"flow": self.flow, "at": self.at.isoformat(), "zone": self.zone, "status": self.status, "lines": lines}


def simulate(
    registry: Registry,
    name: str,
    at: datetime,
    zone: str,
    doing: Sequence[str] = (),
    opening: Opening | None = None,
    days: int | None = None,
) -> Simulation:
    """Play the flow from `at` until it has ended or nothing is planned any more, or for `days`.

    `doing` are deeds such as "+4d 12:00 submit details" (`planned`). Raises NotUnderstood for one that is none or that
    speaks of what the flow does not have, BatonError when the flow cannot begin.
    """
    meant = sorted((planned(words, at, zone) for words in doing), key=lambda one: one.at)
    deeds = [_checked(registry, one, name) for one in meant]
    end = at + (timedelta(days=days) if days is not None else LONGEST)
    refusals: list[Line] = []
    with sandbox(registry, name, at, zone) as stage:
        begin(stage, opening or Opening())
        for one in deeds:
            stage.until(one.at)
            try:
                perform(stage, _meant(stage, one.on), one.deed)
            except BatonError as refusal:
                refusals.append(Line(one.at, _day(one.at, at, zone), f"REFUSED {one.said}: {refusal.detail}", "", True))
        _play_out(stage, end)
        lines = _lines(read_diary(stage.instances, stage.below()), at, zone)
        status = _status(stage)
    return Simulation(name, at, zone, sorted([*lines, *refusals], key=lambda line: line.at), status)


def moment_named(text: str | None, zone: str) -> datetime:
    """When it begins; without words, now. NotUnderstood says how to write it."""
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return at_home(moment_of(text), zone)
    except ValueError:
        raise NotUnderstood(f"{text!r} is no moment; write it like 2026-03-26T10:00") from None


def opening_of(written: bytes, file: str, way: Way | None) -> Opening:
    """From a file with `payload`, `inputs`, `fields` or `amounts`; NotUnderstood names the place of a mistake."""
    try:
        values, _ = read_source(written, file)
    except Unreadable as refusal:
        raise NotUnderstood(refusal.problem.text()) from None
    parts = values or {}
    known = ("payload", "inputs", "fields", "amounts")
    if not isinstance(parts, dict) or any(not isinstance(value, dict) for value in parts.values()):
        raise NotUnderstood(f"{file}: write a map of {', '.join(known)}, each a map")
    if strangers := [key for key in parts if key not in known]:
        raise NotUnderstood(f"{file}: {strangers[0]!r} is not known; {cure_among(strangers[0], known)}")
    return Opening(way=way, **parts)


def planned(words: str, start: datetime, zone: str) -> Planned:
    """`WHEN [WHO] VERB [THING] [name=value ...]`, e.g. `+4d 12:00 customer submit details admin_email=it@acme.example`.

    Answers that are not given are made up; those of several parts are written as in a scenario, in quotes.

    WHEN is `+4d` (also m, h, w, wd) with or without a time of day, or 2026-03-30T12:00. `on=home-visit` means what was
    started below of that flow.
    """
    try:
        parts = shlex.split(words)
    except ValueError as wrong:
        raise NotUnderstood(f"{words!r}: {wrong}") from None
    moment, rest = _when(parts, start, zone, words)
    who = rest.pop(0) if rest and rest[0] not in VERBS and len(rest) > 1 and rest[1] in VERBS else ""
    if not rest or rest[0] not in VERBS:
        cure = cure_among(rest[0] if rest else "", VERBS, "the verbs are")
        raise NotUnderstood(f"{words!r}: say what is done; {cure}")
    verb, *more = rest
    things = [part for part in more if "=" not in part]
    data = dict(part.split("=", 1) for part in more if "=" in part)
    on = data.pop("on", "")
    if VERBS[verb].takes and not things and VERBS[verb].takes != "words":
        raise NotUnderstood(f"{words!r}: {verb} which {VERBS[verb].takes}?")
    deed = Deed(verb, " ".join(things), who, data or None, fills_in=True)
    return Planned(moment, deed, " ".join(rest), on)


def text_of(simulation: Simulation) -> str:
    """As people read it: one line a moment, aligned."""
    zone = ZoneInfo(simulation.zone)
    rows = [
        (line.at.astimezone(zone).isoformat(timespec="minutes"), f"day {line.day}", line.happened, line.set_off)
        for line in simulation.lines
    ]
    # a refusal has nothing behind it, and is long: it may reach into the last column instead of pushing it away
    fitted = [row for row, line in zip(rows, simulation.lines, strict=True) if not line.refused]
    widths = [max((len(row[column]) for row in (rows if column < 2 else fitted)), default=0) for column in range(3)]
    start = simulation.at.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")
    last = simulation.lines[-1].at if simulation.lines else simulation.at
    note = _clocks_change(simulation.at, last, zone)
    head = f"{simulation.flow}   {start} {simulation.zone}" + (f"      ({note})" if note else "")
    body = [
        "  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip()
        for row in rows
    ]
    return "\n".join([head, *body, f"  {simulation.status or 'nothing was started'}"])


def _checked(registry: Registry, one: Planned, name: str) -> Planned:
    """With answers of several parts read, once every name in it is one of the flow's."""
    flow = one.on or name
    if flow not in registry.flows:
        raise NotUnderstood(
            f"{one.said!r}: no flow is called '{flow}'; {cure_among(flow, registry.flows, 'there are')}"
        )
    for wrong in naming.in_deed(registry.flows[flow].definition, one.deed):
        raise NotUnderstood(f"{one.said!r}: {wrong}")
    asked = naming.asked_by(registry.flows[flow].definition, one.deed)
    if one.deed.data is None or not isinstance(asked, Mapping):
        return one
    data = {key: _parts(one, key, text) if asked[key].type in OF_PARTS else text for key, text in one.deed.data.items()}
    return replace(one, deed=replace(one.deed, data=data))


def _parts(one: Planned, name: str, text: str) -> Any:
    """`rooms=[{room: bedroom, photo: sample}]`, as a scenario has it; words without brackets stay what they are."""
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return read_source(text, name)[0]
    except Unreadable as refusal:
        raise NotUnderstood(f"{one.said!r}: {refusal.problem.text()}") from None


def _when(parts: list[str], start: datetime, zone: str, words: str) -> tuple[datetime, list[str]]:
    if not parts:
        raise NotUnderstood("say when and what, e.g. '+4d 12:00 submit details'")
    first, *rest = parts
    try:
        if first.startswith("+"):
            moment = add(start, parse_span(first[1:]), zone)
            if rest and len(rest[0]) == 5 and rest[0][2] == ":":
                day = moment.astimezone(ZoneInfo(zone)).date()
                moment = datetime.combine(day, time.fromisoformat(rest.pop(0)), ZoneInfo(zone))
        else:
            moment = at_home(moment_of(first), zone)
    except ValueError:
        raise NotUnderstood(f"{words!r}: begin with when, e.g. +4d, +2h or 2026-03-30T12:00") from None
    if moment < start:
        raise NotUnderstood(f"{words!r}: that is before the flow begins")
    return moment, rest


def _meant(stage: Sandbox, flow: str) -> int:
    found = stage.newest_of(flow)
    if found is None:
        raise NotUnderstood(f"nothing{f' of {flow}' if flow else ''} was started, so nothing can be done to it")
    return found


def _play_out(stage: Sandbox, end: datetime) -> None:
    """On and on while something is planned, but not for ever: a flow may remind every day until somebody acts."""
    for _ in range(MOST_MOMENTS):
        due = read_as(SYSTEM).scalar(select(func.min(Timer.due_at)).where(Timer.ended_at.is_(None)))
        end_reading()
        if due is None or due > end:
            return
        stage.until(due)


def _lines(diary: Diary, start: datetime, zone: str) -> list[Line]:
    return [Line(moment, _day(moment, start, zone), happened, set_off) for moment, happened, set_off in diary.moments()]


def _day(moment: datetime, start: datetime, zone: str) -> int:
    def day(at: datetime) -> date:
        return at.astimezone(ZoneInfo(zone)).date()

    return (day(moment) - day(start)).days


def _status(stage: Sandbox) -> str:
    if not stage.instances:
        return ""
    instance = status_of(stage.instances[0])
    if instance.is_open:
        turn = f", waiting for the {instance.waiting_on}" if instance.waiting_on else ""
        return f"still {instance.state or instance.status.replace('_', ' ')}{turn}"
    return f"ended: {instance.state or instance.status}"


def _clocks_change(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """The day on which the clocks change between the two, if they do: that is where times of day surprise."""
    day, last = start.astimezone(zone).date(), end.astimezone(zone).date()
    while day <= last:
        midnights = [datetime.combine(day + timedelta(days=n), time(0), zone).utcoffset() for n in (0, 1)]
        if midnights[0] != midnights[1]:
            return f"clocks change on {day}"
        day += timedelta(days=1)
    return ""
