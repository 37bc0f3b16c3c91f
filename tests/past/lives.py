"""Random lives on whichever database is open, with every row written down as it was after each piece of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from flows import access, work
from flows.actions import amending, assigning, closing, paying
from flows.actions.scope import scope_of
from flows.authoring.play.beginning import Opening, begin, ways_of
from flows.authoring.play.choices import choices
from flows.authoring.play.deeds import perform
from flows.authoring.play.fuzz import JUMPS_HOURS, START
from flows.authoring.play.sandbox import Sandbox, on_this_database
from flows.catalogue.registry import Registry
from flows.clock import clock
from flows.models import Instance, User
from flows.rules.actors import SYSTEM
from flows.rules.errors import BatonError
from flows.rules.past import OF_INSTANCE, OF_STEP
from flows.work import Work, end_reading, unit_of_work

STEERING, AMENDING = frozenset({"assign", "due", "extend", "amount"}), frozenset({"step", "field"})


@dataclass(frozen=True)
class Snapshot:
    """The real rows after a piece of work: how far the timeline was, and what everything said."""

    seq: int
    at: datetime
    values: dict[str, Any]
    steps: dict[str, dict[str, Any]]
    answers: dict[str, Any]
    waiting_since: datetime | None
    scope: dict[str, Any]


@dataclass
class Lived:
    """One life and what was seen of it."""

    stage: Sandbox
    story: list[str] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    @property
    def instance_id(self) -> int:
        return self.stage.instances[0]


@contextmanager
def life(registry: Registry, name: str, seed: int, steps: int = 40, playable: bool = False) -> Iterator[Lived]:
    """A random life of that many steps, on the database that is open; a `playable` one does only what stories know."""
    dice = Random(f"{name}.{seed}")  # a game
    with on_this_database(registry, name, START, "Europe/London") as stage:
        lived = Lived(stage)
        begin(stage, Opening(dice.choice(ways_of(stage.definition))), dice)
        for _ in range(steps):
            if not playable:
                _look(lived)
                work.heralds.append(lambda done: _look(lived) if done.recorded else None)
            try:
                _step(lived, dice, STEERING if playable else STEERING | AMENDING)
            finally:
                work.heralds.clear()
        yield lived


def _look(lived: Lived) -> None:
    end_reading()
    session = access.read_as(SYSTEM)
    row = session.scalars(select(Instance).where(Instance.id == lived.instance_id)).one()
    lived.snapshots.append(
        Snapshot(
            row.event_seq,
            clock.now(),
            {name: getattr(row, name) for name in OF_INSTANCE},
            {step.name: {name: getattr(step, name) for name in OF_STEP} for step in row.steps},
            {step.name: step.answers for step in row.steps if step.attempt},
            row.waiting_since,
            scope_of(session, row, lived.stage.definition_of(row), clock.now()),
        )
    )
    end_reading()


def _step(lived: Lived, dice: Random, steering: frozenset[str]) -> None:
    draw = dice.random()
    if draw < 0.25:
        hours = dice.choice(JUMPS_HOURS)
        lived.story.append(f"{hours} hours pass")
        lived.stage.until(clock.now() + timedelta(hours=hours))
    elif draw < 0.45:
        _steer(lived, dice, steering)
    else:
        _do(lived, dice)


def _do(lived: Lived, dice: Random) -> None:
    possible = choices(lived.stage, lived.instance_id)
    lead_on = [one for one in possible if one.leads_on]
    if not possible:
        return
    deed = dice.choice(lead_on if lead_on and dice.random() < 0.8 else possible).deed
    lived.story.append(f"{deed.who} {deed.verb} {deed.thing}")
    try:
        perform(lived.stage, lived.instance_id, deed, dice)
    except BatonError as refusal:
        lived.story[-1] += f" (refused: {refusal})"


def _steer(lived: Lived, dice: Random, steering: frozenset[str]) -> None:
    """What no button of a flow offers, but staff do to a whole request."""
    name = dice.choice(sorted(steering))
    verb = {
        "assign": _assign, "due": _due, "extend": _extend, "amount": _amount, "step": _add_step, "field": _add_field,
    }[name]  # fmt: skip
    lived.story.append(name)
    try:
        with unit_of_work(lived.stage.cast.actors["manager"]) as doing:
            verb(doing, access.instance_to_change(doing, lived.stage.uid_of(lived.instance_id)), lived, dice)
    except BatonError as refusal:
        lived.story[-1] += f" (refused: {refusal})"
    lived.stage.settle()


def _assign(doing: Work, instance: Instance, lived: Lived, dice: Random) -> None:
    uid = dice.choice([None, *(lived.stage.cast.uids[name] for name in ("agent", "reviewer", "manager"))])
    user = doing.session.scalars(select(User).where(User.uid == uid)).one() if uid else None
    assigning.assign(doing, instance, user)


def _due(doing: Work, instance: Instance, lived: Lived, dice: Random) -> None:
    closing.change_due(doing, instance, dice.choice([None, doing.now + timedelta(days=dice.randint(1, 20))]), "")


def _extend(doing: Work, instance: Instance, lived: Lived, dice: Random) -> None:
    closing.extend(doing, instance, doing.now + timedelta(days=dice.randint(1, 9)), "More time")


def _add_step(doing: Work, instance: Instance, lived: Lived, dice: Random) -> None:
    after = dice.choice([step.name for step in instance.steps] or ["none"])
    amending.add_step(doing, instance, after, title=f"One more {dice.randint(1, 99)}", actor="customer")


def _add_field(doing: Work, instance: Instance, lived: Lived, dice: Random) -> None:
    if not instance.steps:
        return
    question = {"label": f"Why {dice.randint(1, 99)}", "type": "text", "required": dice.random() < 0.5}
    amending.add_field(doing, instance, dice.choice(instance.steps), question)


def _amount(doing: Work, instance: Instance, lived: Lived, dice: Random) -> None:
    paid = [step for step in instance.steps if lived.stage.definition_of(instance).steps[step.name].payment]
    if paid:
        paying.change_amount(doing, instance, paid[0], dice.choice([0, 12_300, 45_600]))
