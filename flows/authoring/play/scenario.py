"""Scenario files: stories about a flow, typed, with their places: a mistake is told where it stands (X32)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_core import ErrorDetails

from flows.authoring.play.beginning import Opening, Way
from flows.authoring.play.deeds import VERBS, Deed
from flows.catalogue.problems import FlowProblem, cure_among
from flows.catalogue.schema.words import Flag, Slug, Strict, Whole, Words, listed
from flows.catalogue.source import Path, Place, Source, Unreadable, read_source
from flows.rules.timing import zone_named

USUAL_ZONE = "Europe/London"
YEARS = range(1970, 2200)
USUAL_START = "2026-01-05T09:00"
SAID_WITH = ("words", "message", "comment", "reason", "note")
"""What goes with a deed has the name that the verb's own form gives it."""
KINDS = {
    "string_type": "text", "bool_type": "true or false", "int_type": "a whole number", "dict_type": "a map",
    "model_type": "a map", "tuple_type": "a list: each entry on a line of its own, after a dash",
    "too_short": "there, with at least one entry",
}  # fmt: skip
"""What pydantic calls a wrong kind of value, in words."""
WAYS: tuple[Way, ...] = ("event", "staff", "customer", "onboarding")


def _zone(value: Any) -> Any:
    if isinstance(value, str):
        zone_named(value)
    return value


def _moment(value: Any) -> Any:
    try:
        return moment_of(str(value))
    except ValueError:
        raise ValueError("write a moment like 2026-03-26T10:00") from None


Moment = Annotated[datetime, BeforeValidator(_moment)]
Several = Annotated[tuple[Words, ...], BeforeValidator(listed)]


class Start(Strict):
    """How the story begins; `with` is the payload of the event."""

    event: Words | None = None
    staff: Flag = False
    customer: Flag = False
    onboarding: Flag = False
    at: Moment | None = None
    zone: Annotated[Words, BeforeValidator(_zone)] = USUAL_ZONE
    with_: dict[str, Any] | None = Field(None, alias="with")
    inputs: dict[str, Any] | None = None
    fields: dict[str, Any] | None = None
    amounts: dict[str, Whole] = Field(default_factory=dict)
    same_as: Words | None = None

    @property
    def opening(self) -> Opening:
        way = next((way for way in WAYS if getattr(self, way)), None)
        return Opening(way, self.with_, self.inputs, self.fields, self.amounts)


class Done(Strict):
    """Something that somebody does at a moment; `refused` when the flow must not let them (`true`, the code, or a part
    of what they are told).

    It is done to what began the story, or to what was started below it last of the flow that `on` names.
    """

    at: Moment
    on: Slug | None = None
    as_: Words | None = Field(None, alias="as")
    verb: str
    thing: str = ""
    data: dict[str, Any] | None = None
    words: str = ""
    remarks: dict[str, str] = Field(default_factory=dict)
    until: Moment | None = None
    refused: bool | str = False

    def deed(self, zone: str) -> Deed:
        until = None if self.until is None else at_home(self.until, zone)
        return Deed(self.verb, self.thing, self.as_ or "", self.data, self.words, self.remarks, until)


class Expected(Strict):
    """What must be true by a moment; without one, at the end. Counted from the beginning: `times` of a mail or call.

    `started` names flows that were started below; `on` one of them that status, steps and answers are asked of.
    """

    by: Moment | None = None
    on: Slug | None = None
    email: Words | None = None
    notice: Words | None = None
    message: Words | None = None
    webhook: Words | None = None
    called: Several = ()
    started: Several = ()
    to: Words | None = None
    times: Whole | None = None
    with_: dict[str, Any] = Field(default_factory=dict, alias="with")
    status: Words | None = None
    state: Words | None = None
    outcome: Words | None = None
    waiting_on: Words | None = None
    steps: dict[str, Words] = Field(default_factory=dict)
    data: dict[str, Any] = Field(default_factory=dict)
    instances: Whole | None = None
    incidents: Whole | None = None


class Case(Strict):
    start: Start
    do: tuple[Done, ...] = ()
    then: Annotated[tuple[Expected, ...], Field(min_length=1)]


class Scenarios(Strict):
    """One file: stories about one flow, by name."""

    flow: Slug
    cases: Annotated[dict[str, Case], Field(min_length=1)]


@dataclass(frozen=True)
class Story:
    """One case, ready to be played; `place_of` names the line of its parts in messages."""

    flow: str
    name: str
    case: Case
    source: Source
    line: int

    @property
    def zone(self) -> str:
        return self.case.start.zone

    @property
    def at(self) -> datetime:
        moment = self.case.start.at
        if moment is not None:
            return at_home(moment, self.zone)
        first = min((done.at for done in self.case.do), default=None)
        return at_home(first or datetime.fromisoformat(USUAL_START), self.zone)

    def place_of(self, *path: str | int) -> str:
        place = self.source.key(("cases", self.name, *path))
        return f"{self.source.file}:{place.line}:{place.column}"


def moment_of(text: str) -> datetime:
    """A moment as people write it, of years in which a flow can live. Raises ValueError for everything else."""
    moment = datetime.fromisoformat(text)
    if len(text) < 10 or moment.year not in YEARS:
        raise ValueError(f"{text!r} is no moment")
    return moment


def at_home(moment: datetime, zone: str) -> datetime:
    """A moment without a zone is one of the customer's."""
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(zone))


def read_scenarios(text: bytes | str, name: str) -> tuple[list[Story], list[FlowProblem]]:
    """The stories of a file, or everything that is wrong with it. Never raises."""
    try:
        values, source = read_source(text, name)
    except Unreadable as refusal:
        return [], [refusal.problem]
    if not isinstance(values, dict):
        return [], [source.problem("S101", "a scenario file is a map that begins with `flow:`", Place(1, 1))]
    problems = [*_unclear_deeds(values, source)]
    if problems:
        return [], problems
    try:
        read = Scenarios.model_validate(_with_starts(_with_verbs(values)))
    except ValidationError as wrong:
        errors = wrong.errors(include_url=False)
        return [], [_problem(error, source) for error in errors if not _follows(error, errors)]
    except _NoSuchCase as missing:
        return [], [source.problem("S104", f"there is no case '{missing}'", source.value(missing.path), missing.cure)]
    return [
        Story(read.flow, case_name, case, source, source.key(("cases", case_name)).line)
        for case_name, case in read.cases.items()
    ], []


class _NoSuchCase(Exception):
    def __init__(self, name: str, path: Path, cure: str) -> None:
        super().__init__(name)
        self.path, self.cure = path, cure


def _deeds_of(values: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    cases = values.get("cases")
    for name, case in cases.items() if isinstance(cases, dict) else ():
        done = case.get("do") if isinstance(case, dict) else None
        for number, entry in enumerate(done if isinstance(done, list) else ()):
            yield ("cases", name, "do", number), entry


def _unclear_deeds(values: Mapping[str, Any], source: Source) -> Iterator[FlowProblem]:
    """A deed has exactly one verb: `{at: ..., submit: details}`."""
    for path, entry in _deeds_of(values):
        verbs = [key for key in entry if key in VERBS] if isinstance(entry, dict) else []
        if len(verbs) != 1:
            known = {"at", "as", "on", "data", "remarks", "until", "refused", *SAID_WITH}
            strangers = [key for key in entry if key not in known] if isinstance(entry, dict) else []
            cure = cure_among(strangers[0], VERBS, "the verbs are") if strangers else f"one of {', '.join(VERBS)}"
            message = "a deed has one verb, not two" if verbs else "this deed has no verb"
            yield source.problem("S102", message, source.value(path), cure)


def _with_verbs(values: dict[str, Any]) -> dict[str, Any]:
    """`{at, submit: details, message: ...}` as `{at, verb: submit, thing: details, words: ...}`, to be typed."""
    for _, entry in _deeds_of(values):
        verb = next(key for key in entry if key in VERBS)
        thing = entry.pop(verb)
        entry.update(verb=verb, thing="" if thing in (True, None) else str(thing))
        for name in SAID_WITH[1:]:
            if name in entry:
                entry["words"] = entry.pop(name)
    return values


def _with_starts(values: dict[str, Any]) -> dict[str, Any]:
    """`start: {same_as: other}` begins as the other case does; what stands beside it is said anew."""
    cases = values.get("cases")
    if not isinstance(cases, dict):
        return values
    for name, case in cases.items():
        start = case.get("start") if isinstance(case, dict) else None
        if not isinstance(start, dict) or "same_as" not in start:
            continue
        other = cases.get(start["same_as"])
        if not isinstance(other, dict) or not isinstance(other.get("start"), dict) or other is case:
            cure = cure_among(str(start["same_as"]), [one for one in cases if one != name], "there are")
            raise _NoSuchCase(str(start["same_as"]), ("cases", name, "start", "same_as"), cure)
        case["start"] = {**other["start"], **{key: value for key, value in start.items() if key != "same_as"}}
    return values


def _follows(error: ErrorDetails, errors: list[ErrorDetails]) -> bool:
    """pydantic calls a list too short when its entries are wrong; what they say themselves is enough."""
    here = error["loc"]
    inside = (other for other in errors if len(other["loc"]) > len(here) and other["loc"][: len(here)] == here)
    return error["type"] == "too_short" and any(inside)


def _problem(error: ErrorDetails, source: Source) -> FlowProblem:
    path: Path = tuple(part for part in error["loc"] if part != "tuple")
    last = str(path[-1]) if path else ""
    if error["type"] == "missing":
        return source.problem("S103", f"'{last}' is missing here", source.value(path[:-1]))
    if error["type"] == "extra_forbidden":
        known = _known_beside(path)
        return source.problem("S105", f"'{last}' is not known here", source.key(path), cure_among(last, known))
    if error["type"] in KINDS:
        return source.problem("S106", f"'{last}' should be {KINDS[error['type']]}", source.value(path))
    said = error["msg"].removeprefix("Value error, ")
    return source.problem("S106", f"'{last}': {said[0].lower()}{said[1:]}", source.value(path))


def _known_beside(path: Path) -> list[str]:
    models: dict[str, type[Strict]] = {"start": Start, "do": Done, "then": Expected}
    model = Scenarios if len(path) < 3 else models.get(str(path[2]), Case) if len(path) > 3 else Case
    names = [one.alias or name for name, one in model.model_fields.items() if name not in ("verb", "thing")]
    return [*names, *VERBS] if model is Done else names
