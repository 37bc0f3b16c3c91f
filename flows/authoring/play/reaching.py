"""Plays a flow up to where somebody wants to look: a step that is open, a state, an end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from random import Random

from sqlalchemy import func, select

from flows.access import read_as
from flows.authoring.play.choices import choices
from flows.authoring.play.deeds import Deed, perform
from flows.authoring.play.diary import status_of
from flows.authoring.play.sandbox import Sandbox
from flows.catalogue import FlowDefinition
from flows.models import Instance, Timer
from flows.rules.actors import SYSTEM
from flows.rules.errors import BatonError
from flows.rules.moves import WITH_ACTOR
from flows.work import end_reading

MOST_DEEDS = 80
ASIDE = frozenset({"return", "answer_for"})
"""They lead on, but not forward: whoever wants them names them."""


@dataclass(frozen=True)
class Aim:
    """Where to get to. `but` are deeds (verb, thing) that are left alone on the way, `towards` states to make for."""

    reached: Callable[[Sandbox, Instance], bool]
    but: frozenset[tuple[str, str]] = frozenset()
    towards: frozenset[str] = frozenset()
    only_waits: bool = False


Leg = Aim | Deed
"""A part of the way: somewhere to get to, or something to be done there."""


def step_is(name: str, *states: str) -> Aim:
    """Until the step is in one of these states."""
    return Aim(lambda _stage, instance: _state_of(instance, name) in states)


def step_opens(name: str) -> Aim:
    """Until the step waits for whoever is to do it, and nothing has been done to it."""
    but = frozenset((verb, name) for verb in ("submit", "save", "pay"))
    return Aim(lambda _stage, instance: instance.is_open and _state_of(instance, name) in WITH_ACTOR, but)


def ends_as(definition: FlowDefinition, outcome: str) -> Aim:
    """Until it ends with this outcome."""
    others = frozenset(("end", other) for other in definition.all_outcomes() if other != outcome)
    return Aim(lambda _stage, instance: instance.outcome == outcome, others)


def expires() -> Aim:
    """Until nobody has done anything for too long."""
    return Aim(lambda _stage, instance: instance.status == "expired", only_waits=True)


def idleness() -> Aim:
    """Nothing but time goes by: a way to see what comes by itself."""
    return Aim(lambda _stage, _instance: False, only_waits=True)


def state_is(name: str) -> Aim:
    return Aim(lambda _stage, instance: instance.state == name, towards=frozenset({name}))


def action_is_offered(definition: FlowDefinition, name: str) -> Aim:
    """Until somebody has the button of this action."""
    return Aim(lambda stage, _instance: who_may_act(stage, name) is not None, towards=_from(definition, name))


def who_may_act(stage: Sandbox, action: str) -> str | None:
    """Who on the stage has the button of this action; the customer first."""
    found = (one.deed for one in choices(stage, stage.instances[0]))
    return next((deed.who for deed in found if (deed.verb, deed.thing) == ("act", action)), None)


def go(stage: Sandbox, way: Collection[Leg], dice: Random) -> bool:
    """Go all the way. False when it leads nowhere with the answers of these dice; a deed that is refused raises."""
    for leg in way:
        if isinstance(leg, Deed):
            perform(stage, stage.instances[0], leg, dice)
        elif not _lead(stage, leg, dice):
            return False
    return True


def _lead(stage: Sandbox, aim: Aim, dice: Random) -> bool:
    refused: set[tuple[str, str, str]] = set()
    for _ in range(MOST_DEEDS):
        instance = status_of(stage.instances[0])
        if aim.reached(stage, instance):
            return True
        if not instance.is_open and not aim.towards:
            return False
        wanted = () if aim.only_waits else _forward(stage, instance, aim)
        deed = next((one for one in wanted if (one.who, one.verb, one.thing) not in refused), None)
        if deed is None and not _wait(stage):
            return False
        if deed is not None:
            try:
                perform(stage, stage.instances[0], deed, dice)
            except BatonError:
                refused.add((deed.who, deed.verb, deed.thing))
    return False


def _forward(stage: Sandbox, instance: Instance, aim: Aim) -> Iterator[Deed]:
    """What leads on, the nearest first: steps in the order of the file, actions by how near they lead to the aim."""
    definition = stage.definition_of(instance)
    found = [
        one.deed
        for one in choices(stage, stage.instances[0])
        if one.leads_on and one.deed.verb not in ASIDE and (one.deed.verb, one.deed.thing) not in aim.but
    ]
    order, away = [*definition.steps], _distances(definition, aim.towards)
    far = len(definition.states) + len(order) + 1

    def rank(deed: Deed) -> int:
        if deed.verb == "act":
            return away.get(definition.actions[deed.thing].to or instance.state or "", far)
        return order.index(deed.thing) if deed.thing in order else far

    yield from sorted(found, key=rank)


def _distances(definition: FlowDefinition, towards: Collection[str]) -> dict[str, int]:
    """How many actions lead from each state to the nearest of `towards`."""
    away = dict.fromkeys(towards, 0)
    edge = [*towards]
    while edge:
        near = edge.pop(0)
        for rule in definition.actions.values():
            for state in rule.from_ if rule.to == near else ():
                if state not in away:
                    away[state] = away[near] + 1
                    edge.append(state)
    return away


def _wait(stage: Sandbox) -> bool:
    """Until the next thing that is planned; False when nothing is."""
    due = read_as(SYSTEM).scalar(select(func.min(Timer.due_at)).where(Timer.ended_at.is_(None)))
    end_reading()
    if due is None:
        return False
    stage.until(due)
    return True


def _state_of(instance: Instance, name: str) -> str:
    step = instance.step(name)
    return step.state if step is not None else ""


def _from(definition: FlowDefinition, action: str) -> frozenset[str]:
    return frozenset(definition.actions[action].from_)
