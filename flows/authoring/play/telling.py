"""Plays a story and says what did not come out as it was told."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.actions.scope import answers_of
from flows.authoring.play import naming
from flows.authoring.play.beginning import begin
from flows.authoring.play.deeds import NotUnderstood, perform
from flows.authoring.play.diary import Consequence, Diary, read_diary, status_of
from flows.authoring.play.sandbox import Sandbox, sandbox
from flows.authoring.play.scenario import Done, Expected, Story, at_home, read_scenarios
from flows.catalogue.problems import NOT_LOOKED_AT, FlowProblem, called, cure_among, nearest
from flows.catalogue.registry import Registry
from flows.models import Instance
from flows.rules.errors import BatonError

MOST_SHOWN = 12
SCENARIOS = "scenarios"


@dataclass(frozen=True)
class Failure:
    """Where in the file, and what was otherwise."""

    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass
class Told:
    """How it went: nothing in `failures` means that it came out as told. `diary` is what happened, for people."""

    story: Story
    failures: list[Failure] = field(default_factory=list)
    diary: Diary = field(default_factory=lambda: Diary([], []))


def tell(registry: Registry, story: Story) -> Told:
    """Play one story on a stage of its own (X32). Never raises for what a story says."""
    told = Told(story)
    if story.flow not in registry.flows:
        cure = cure_among(story.flow, registry.flows, "there are")
        told.failures.append(Failure(f"{story.source.file}:1:1", f"no flow is called '{story.flow}'; {cure}"))
        return told
    told.failures += _misnamed(registry, story)
    if told.failures:
        return told
    with sandbox(registry, story.flow, story.at, story.zone) as stage:
        try:
            begin(stage, story.case.start.opening)
        except BatonError as refusal:
            place = story.source.value(("cases", story.name, "start"))
            told.failures.append(
                Failure(f"{story.source.file}:{place.line}:{place.column}", f"it did not begin: {refusal}")
            )
            return told
        for moment, number, part in _in_order(story):
            stage.until(moment)
            told.failures += (
                _do(stage, story, number, part) if isinstance(part, Done) else _hold(stage, story, number, part)
            )
        told.diary = read_diary(stage.instances, stage.below())
    return told


def _misnamed(registry: Registry, story: Story) -> Iterator[Failure]:
    """A misspelt name is no refusal by the flow: such a story is not played at all."""
    for wrong in naming.in_story(registry, story):
        yield Failure(story.place_of(*wrong.path), str(wrong))


def report(registry: Registry, names: Sequence[str], *, show: bool = False) -> tuple[str, int]:
    """Play the scenarios of these flows or files; without names, all. What came of it in words, and 1 if any failed,
    2 if something that was named is not there or is no text.
    """
    stories, problems = gathered(registry, names)
    if problems:
        code = 2 if any(problem.code in NOT_LOOKED_AT for problem in problems) else 1
        return "\n".join(problem.text() for problem in problems), code
    if not stories:
        return _none(registry, names), 1 if names else 0
    told = [tell(registry, story) for story in stories]
    failed = [one for one in told if one.failures]
    lines = [line for one in told for line in _told_in_words(one, show)]
    return "\n".join([*lines, f"{len(told) - len(failed)} of {len(told)} cases came out as told"]), int(bool(failed))


def gathered(registry: Registry, names: Sequence[str]) -> tuple[list[Story], list[FlowProblem]]:
    """The stories of these flows or files, or of all flows; and everything that is wrong with their files."""
    files = [Path(name) for name in names if name not in registry.flows]
    texts = [(str(file), _bytes_of(file)) for file in files]
    if not names or len(files) < len(names):
        texts += [*_shipped(registry)]
    stories: list[Story] = []
    problems: list[FlowProblem] = []
    beside = {name for name, _ in _shipped(registry, _plugins_of(registry, names))}
    for name, text in texts:
        found, wrong = read_scenarios(text, name) if text is not None else ([], [_neither(name, registry)])
        lost = [story for story in found if story.flow not in registry.flows and name in beside]
        wanted = [story for story in found if not names or story.flow in names or Path(name) in files or story in lost]
        stories += wanted
        problems += wrong
    return stories, problems


def _neither(name: str, registry: Registry) -> FlowProblem:
    cure = nearest(called(name), registry.flows)
    return FlowProblem("F903", "error", "this is neither a flow nor a scenario file", called(name), cure=cure)


def _none(registry: Registry, names: Sequence[str]) -> str:
    """That there is nothing to play; where a file lies beside the flow and is for another, that is what is wrong."""
    where = f" for {', '.join(names)}" if names else ""
    others = {
        name: story.flow
        for name, text in _shipped(registry, _plugins_of(registry, names))
        for story in read_scenarios(text, name)[0]
    }
    cures = [f"{name} is for {flow}, as its `flow:` says" for name, flow in others.items()]
    return f"There are no scenarios{where}; {', '.join(cures) or 'write scenarios/<name>.yaml beside the flow'}"


def _plugins_of(registry: Registry, names: Sequence[str]) -> set[str]:
    return {registry.flows[name].plugin for name in names if name in registry.flows}


def _shipped(registry: Registry, plugins: Collection[str] | None = None) -> Iterator[tuple[str, bytes]]:
    for plugin in registry.plugins:
        if plugins is not None and plugin.name not in plugins:
            continue
        folder = plugin.root / SCENARIOS
        for entry in sorted(folder.iterdir(), key=lambda one: one.name) if folder.is_dir() else ():
            if entry.name.endswith(".yaml"):
                yield f"{plugin.name}/{SCENARIOS}/{entry.name}", entry.read_bytes()


def _bytes_of(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def _told_in_words(told: Told, show: bool) -> Iterator[str]:
    yield f"{'FAILED' if told.failures else 'ok    '}  {told.story.flow}: {told.story.name}"
    yield from (f"        {failure}" for failure in told.failures)
    if show or told.failures:
        yield from (f"          {line}" for line in told.diary.lines(told.story.zone))


def _in_order(story: Story) -> list[tuple[datetime, int, Done | Expected]]:
    """Deeds and expectations by time; at the same moment the deeds come first, in the order of the file."""
    parts = [(at_home(done.at, story.zone), number, done) for number, done in enumerate(story.case.do)]
    times = [at for at, _, _ in parts]
    times += [at_home(one.by, story.zone) for one in story.case.then if one.by is not None]
    last = max(times, default=story.at)
    found: list[tuple[datetime, int, Done | Expected]] = [*parts]
    for number, one in enumerate(story.case.then):
        found.append((at_home(one.by, story.zone) if one.by is not None else last, number, one))
    return sorted(found, key=lambda part: (part[0], isinstance(part[2], Expected)))


def _do(stage: Sandbox, story: Story, number: int, done: Done) -> Iterator[Failure]:
    place = story.place_of("do", number)
    meant = stage.newest_of(done.on or "")
    if meant is None:
        yield Failure(place, f"nothing{f' of {done.on}' if done.on else ''} was started, so nothing can be done to it")
        return
    try:
        perform(stage, meant, done.deed(story.zone))
    except BatonError as refusal:
        if not done.refused:
            yield Failure(place, f"{done.verb} {done.thing} was refused: {refusal}".replace("  ", " "))
        elif isinstance(done.refused, str) and not _is_meant(refusal, done.refused):
            yield Failure(place, f"it was refused as '{refusal.code}' ({refusal}), not as '{done.refused}'")
    except NotUnderstood as unclear:
        yield Failure(place, str(unclear))
    else:
        if done.refused:
            yield Failure(place, f"{done.verb} {done.thing} was to be refused, and was done")


def _is_meant(refusal: BatonError, words: str) -> bool:
    """`refused` may be the code, or a part of what people are told."""
    return words == refusal.code or words.lower() in str(refusal).lower()


def _hold(stage: Sandbox, story: Story, number: int, expected: Expected) -> Iterator[Failure]:
    place = story.place_of("then", number)
    diary = read_diary(stage.instances, stage.below())
    yield from (Failure(place, text) for text in _about_consequences(diary, expected))
    if expected.instances is not None and len(stage.instances) != expected.instances:
        yield Failure(place, f"{len(stage.instances)} instances were started, not {expected.instances}")
    meant = stage.newest_of(expected.on or "")
    if meant is not None:
        instance = status_of(meant)
        yield from (Failure(place, text) for text in _about_instance(stage, instance, expected))
    elif expected.status or expected.state or expected.steps:
        yield Failure(place, f"nothing{f' of {expected.on}' if expected.on else ''} was started")


def _about_consequences(diary: Diary, expected: Expected) -> Iterator[str]:
    wanted = [("email", expected.email), ("notice", expected.notice), ("message", expected.message)]
    wanted += [("webhook", expected.webhook), *(("call", name) for name in expected.called)]
    wanted += [("start", name) for name in expected.started]
    for kind, name in wanted:
        if name is None:
            continue
        alike = [one for one in diary.consequences if one.kind == kind and _is(one, kind, name)]
        fitting = [one for one in alike if _fits(one, expected)]
        if expected.times is None and not fitting:
            yield f"{_said(kind, name)} never came{_near(alike, diary, kind)}"
        elif expected.times is not None and len(fitting) != expected.times:
            at = ", ".join(one.at.isoformat(timespec="minutes") for one in fitting[:MOST_SHOWN])
            yield f"{_said(kind, name)} came {len(fitting)} times, not {expected.times}" + (f" (at {at})" if at else "")
    incidents = [one for one in diary.consequences if one.kind == "incident"]
    allowed = 0 if expected.incidents is None else expected.incidents
    if len(incidents) != allowed:
        causes = [one.words for one in diary.happenings if one.kind == "effect_gave_up"]
        yield f"there are {len(incidents)} incidents, not {allowed}: {'; '.join(causes)}"


def _is(one: Consequence, kind: str, name: str) -> bool:
    return name in one.name if kind in ("notice", "message") else one.name == name


def _fits(one: Consequence, expected: Expected) -> bool:
    given = one.payload.get("body" if one.kind == "webhook" else "with", {})
    same = all(key in given and given[key] == value for key, value in expected.with_.items())
    return same and (expected.to is None or expected.to.lower() in one.to.lower())


def _said(kind: str, name: str) -> str:
    plain = {"email": "the mail", "call": "the call", "webhook": "the webhook", "start": "a start of"}
    return f"{plain[kind]} {name}" if kind in plain else f"a {kind} with “{name}”"


def _near(alike: list[Consequence], diary: Diary, kind: str) -> str:
    if alike:
        shown = [dict(one.payload.get("with", {})) or one.to for one in alike[:3]]
        return f"; it came otherwise: {shown}"
    names = sorted({one.name for one in diary.consequences if one.kind == kind})
    return f"; there came {', '.join(names)}" if names else ""


def _about_instance(stage: Sandbox, instance: Instance, expected: Expected) -> Iterator[str]:
    for what, wanted, found in (
        ("status", expected.status, _statuses(stage, instance)),
        ("state", expected.state, [instance.state or ""]),
        ("outcome", expected.outcome, [instance.outcome or ""]),
        ("waiting_on", expected.waiting_on, [instance.waiting_on or "nobody"]),
    ):
        if wanted is not None and wanted.lower() not in [one.lower() for one in found]:
            yield f"{what} is {found[0] or 'none'}, not {wanted}"
    for name, wanted in expected.steps.items():
        step = instance.step(name)
        if step is None:
            yield f"there is no step '{name}'; there are {', '.join(one.name for one in instance.steps)}"
        elif step.state != wanted:
            yield f"step {name} is {step.state}, not {wanted}"
    yield from _about_answers(answers_of(instance, stage.definition_of(instance)), expected.data)


def _about_answers(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for name, value in wanted.items():
        if given.get(name) != value:
            yield f"data.{name} is {given.get(name)!r}, not {value!r}"


def _statuses(stage: Sandbox, instance: Instance) -> list[str]:
    """What may be said for its status: what the flow calls it, and the plain word."""
    words: Mapping[Any, str] = stage.definition_of(instance).status_labels
    plain = instance.status
    return [*filter(None, (words.get(plain), plain.replace("_", " "), plain))]
