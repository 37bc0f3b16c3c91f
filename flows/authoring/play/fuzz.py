"""`baton flows fuzz`: random people do random things to a flow, time jumps, events come twice; what breaks is told.

After every step everything that must be true of a database is asked. A life is one instance from its beginning; what
no life ever reached is told at the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from random import Random
from time import perf_counter

from sqlalchemy import Exists, exists, or_, select

from flows.access import read_as
from flows.authoring.play import reach
from flows.authoring.play.beginning import Opening, begin, deliver_again, ways_of
from flows.authoring.play.choices import Choice, choices
from flows.authoring.play.deeds import perform
from flows.authoring.play.diary import Consequence, Diary, read_diary, status_of
from flows.authoring.play.reach import Reached
from flows.authoring.play.sandbox import Sandbox, sandbox
from flows.catalogue.registry import Registry
from flows.clock import clock
from flows.models import Instance, Timer
from flows.queries import invariants
from flows.rules.actors import SYSTEM
from flows.rules.errors import BatonError, OutOfStep, Refused
from flows.work import end_reading

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LONGEST_LIFE = 60
"""Steps after which a life is left for a new one, so that every part of a flow gets its turn."""
JUMPS_HOURS = (1, 9, 30, 80, 190)
ENOUGH = 10_000
"""Steps after which something that never came is a finding; after fewer it may only not have had its turn."""


@dataclass(frozen=True)
class Finding:
    """Something that should not be. `story` is what was done up to then, `seed` plays it again."""

    code: str
    text: str
    story: tuple[str, ...] = ()

    def __str__(self) -> str:
        steps = "".join(f"\n      {line}" for line in self.story)
        return f"{self.code}: {self.text}{steps}"


@dataclass
class Report:
    """What a run came to. Findings are told once each, with the shortest story."""

    flow: str
    seed: int
    steps: int = 0
    lives: int = 0
    seconds: float = 0.0
    reached: Reached = field(default_factory=Reached)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often what was done, by verb and thing: what had no turn yet is favoured, in this life and those to come."""

    @property
    def faults(self) -> list[Finding]:
        """Findings that stand, however long others would go on."""
        return [one for one in self.findings.values() if one.code != "never" or self.steps >= ENOUGH]

    @property
    def notes(self) -> list[Finding]:
        """What never came, where it may yet."""
        return [one for one in self.findings.values() if one.code == "never" and self.steps < ENOUGH]

    def take_in(self, part: Report) -> None:
        """What another process came to."""
        self.steps += part.steps
        self.lives += part.lives
        self.reached.join(part.reached)
        for finding in part.findings.values():
            self.add(finding)

    def add(self, finding: Finding) -> None:
        key = (finding.code, finding.text)
        earlier = self.findings.get(key)
        if earlier is None or len(finding.story) < len(earlier.story):
            self.findings[key] = finding


def fuzz(registry: Registry, name: str, steps: int = 2_000, seed: int = 1, jobs: int = 1) -> Report:
    """So many steps of random lives, in so many processes. The same seed and jobs do the same."""
    began = perf_counter()
    shares = [(registry, name, -(-steps // jobs), f"{seed}.{job}") for job in range(jobs)]
    if jobs == 1:
        parts = [_live(*shares[0])]
    else:
        with get_context("fork").Pool(jobs) as pool:
            parts = pool.starmap(_live, shares)
    report = Report(name, seed)
    for part in parts:
        report.take_in(part)
    report.seconds = perf_counter() - began
    for text in reach.missing(registry.flows[name].definition, report.reached):
        report.add(Finding("never", text))
    return report


def _live(registry: Registry, name: str, steps: int, seed: str) -> Report:
    report = Report(name, 0)
    while report.steps < steps:
        dice = Random(f"{seed}.{report.lives}")  # noqa: S311  # a game
        Life(registry, name, dice, min(LONGEST_LIFE, steps - report.steps)).live(report)
        report.lives += 1
    return report


def text_of(report: Report) -> str:
    """As people read it: the figures, what was found, each with the shortest story that led there, what never came."""
    pace = report.steps / report.seconds if report.seconds else 0.0
    head = f"{report.flow}: {report.steps} steps in {report.lives} lives, seed {report.seed} ({pace:.0f} steps/s)"
    found = [head, *(f"  {finding}" for finding in report.faults), *(f"  note: {one.text}" for one in report.notes)]
    if report.notes:
        found.append(f"  {report.steps} steps may be too few for that; try --steps {ENOUGH}")
    return "\n".join(found)


class Life:
    """One instance from its beginning until it is left."""

    def __init__(self, registry: Registry, name: str, dice: Random, steps: int) -> None:
        self.registry, self.name, self.dice, self.steps = registry, name, dice, steps
        self.story: list[str] = []
        self.over = False
        """Nobody can do anything any more, and nothing will come by itself."""

    def live(self, report: Report) -> None:
        way = self.dice.choice(ways_of(self.registry.flows[self.name].definition))
        opening, last = Opening(way), report.steps + 1 + self.steps
        report.steps += 1
        with sandbox(self.registry, self.name, START, "Europe/London") as stage:
            self.story.append(f"begun by {way}")
            try:
                begin(stage, opening, self.dice)
                while report.steps < last and not self.over:
                    report.steps += 1
                    self._step(stage, opening, report)
                    self._check(report)
            except BatonError as refusal:
                report.add(Finding("begin", f"it does not begin: {refusal}", tuple(self.story)))
            except Exception as fault:  # noqa: BLE001  # a crash is what is looked for
                report.add(Finding("crash", f"{type(fault).__name__}: {fault}", tuple(self.story)))
            self._look_back(stage, report)

    def _step(self, stage: Sandbox, opening: Opening, report: Report) -> None:
        draw = self.dice.random()
        if draw < 0.25:
            hours = self.dice.choice(JUMPS_HOURS)
            self.story.append(f"{hours} hours pass")
            stage.until(clock.now() + timedelta(hours=hours))
        elif draw < 0.28 and opening.way == "event":
            self._hear_again(stage, opening, report)
        else:
            self._do(stage, opening, report)

    def _hear_again(self, stage: Sandbox, opening: Opening, report: Report) -> None:
        self.story.append("the event comes again")
        before = len(stage.instances)
        deliver_again(stage, opening)
        if len(stage.instances) > before:
            report.add(Finding("double", "the event that comes again starts a second instance", tuple(self.story)))

    def _do(self, stage: Sandbox, opening: Opening, report: Report) -> None:
        below = stage.below() if stage.definition.children else {}
        of_each = {row_id: choices(stage, row_id) for row_id in (stage.instances[0], *below)}
        possible = [(row_id, one) for row_id, offered in of_each.items() for one in offered]
        lead_on = [(row_id, one) for row_id, one in possible if one.leads_on]
        if not lead_on:
            self._check_that_it_goes_on(stage, report)
        if not possible:
            self._end(stage, opening, report)
            return
        row_id, chosen = self._drawn(lead_on if lead_on and self.dice.random() < 0.8 else possible, report)
        where = "" if row_id == stage.instances[0] else f" in {below[row_id]}"
        self.story.append(f"{chosen.deed.who} {chosen.deed.verb} {chosen.deed.thing}".rstrip() + where)
        try:
            perform(stage, row_id, chosen.deed, self.dice)
        except (OutOfStep, Refused) as refusal:
            self.story[-1] += f" (refused: {refusal})"
        except BatonError as refusal:
            self.story[-1] += f" (not taken: {refusal})"

    def _end(self, stage: Sandbox, opening: Opening, report: Report) -> None:
        """Steps are for lives in which something can happen still; a queue may bring the event once more at the end."""
        if not _goes_on():
            if opening.way == "event":
                self._hear_again(stage, opening, report)
            self.over = True

    def _drawn(self, offered: list[tuple[int, Choice]], report: Report) -> tuple[int, Choice]:
        """By lot; the seldomer something was done, the likelier: else few lives would see the end of a long flow."""
        weights = [1 / (1 + report.done[one.deed.verb, one.deed.thing]) for _, one in offered]
        [(row_id, chosen)] = self.dice.choices(offered, weights)
        report.done[chosen.deed.verb, chosen.deed.thing] += 1
        return row_id, chosen

    def _check_that_it_goes_on(self, stage: Sandbox, report: Report) -> None:
        instance = status_of(stage.instances[0])
        if instance.is_open and not _ends_by_itself():
            where = instance.state or ", ".join(f"{step.name} {step.state}" for step in instance.steps)
            report.add(Finding("dead-end", f"it is open and nobody can lead it on ({where})", tuple(self.story)))

    def _check(self, report: Report) -> None:
        for says in invariants.broken_rows(read_as(SYSTEM)):
            report.add(Finding("invariant", f"it is not true any more that {says}", tuple(self.story)))

    def _look_back(self, stage: Sandbox, report: Report) -> None:
        own = read_diary(stage.instances)
        for instance_id in stage.instances:
            report.reached.take_in(own, status_of(instance_id))
        diary = read_diary(stage.instances, stage.below())
        story = tuple(self.story)
        for text in _gave_up(diary):
            report.add(Finding("incident", text, story))
        for text in _doubled(diary.consequences):
            report.add(Finding("double", text, story))


def _ends_by_itself() -> bool:
    return _there_is(exists().where(Timer.ended_at.is_(None), Timer.kind == "expiry"))


def _goes_on() -> bool:
    """Something is open, or comes by itself."""
    return _there_is(exists().where(Instance.closed_at.is_(None)), exists().where(Timer.ended_at.is_(None)))


def _there_is(*any_of: Exists) -> bool:
    found = read_as(SYSTEM).scalar(select(or_(*any_of)))
    end_reading()
    return bool(found)


def _gave_up(diary: Diary) -> Iterator[str]:
    for one in diary.happenings:
        if one.kind == "effect_gave_up":
            yield f"{one.facts['what']} cannot be carried out: {one.facts['cause']}"
    for two in diary.consequences:
        if two.kind == "incident" and two.payload.get("name"):
            yield f"what is owed cannot be written down: {two.name}"


def _doubled(consequences: Iterable[Consequence]) -> Iterator[str]:
    seen: set[tuple[object, ...]] = set()
    for one in consequences:
        key = (one.moment, one.kind, one.name, one.to, str(one.payload.get("with", "")))
        if one.moment and key in seen:
            yield f"{one.kind} {one.name} comes twice at the same moment" + (f" to {one.to}" if one.to else "")
        seen.add(key)
