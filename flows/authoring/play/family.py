"""Flows that a flow starts, and the instances of them on a stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select

from flows import catalogue
from flows.access import read_as
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import AssignEffect, StartEffect
from flows.models import Instance
from flows.rules.actors import SYSTEM
from flows.rules.expressions import compile_text
from flows.work import end_reading


def started_by(definition: FlowDefinition) -> list[FlowDefinition]:
    """This flow and all that it may start, at first or second hand."""
    known, found = catalogue.current().known, [definition]
    for one in found:  # grows while it is walked
        flows = (known.get(child.flow) for child in one.children.values())
        found += [flow for flow in flows if flow is not None and flow not in found]
    return found


def below(instances: Sequence[int]) -> dict[int, str]:
    """What was started below these: the names of the flows by row id, in the order of their starts."""
    rows = read_as(SYSTEM).execute(
        select(Instance.id, Instance.parent_id, Instance.flow)
        .where(Instance.parent_id.is_not(None))
        .order_by(Instance.id)
    )
    found: dict[int, str] = {}
    for row in rows:
        if row.parent_id in instances or row.parent_id in found:
            found[row.id] = row.flow
    end_reading()
    return found


def departments_named(definition: FlowDefinition) -> set[str]:
    """The departments that these flows call by name."""
    return {name for flow in started_by(definition) for name in _departments(flow) if compile_text(name).is_constant}


def _departments(definition: FlowDefinition) -> Iterator[str]:
    if definition.start.department:
        yield definition.start.department
    for effect in definition.all_effects():
        if isinstance(effect, AssignEffect) and effect.assign.department:
            yield effect.assign.department
        elif isinstance(effect, StartEffect):
            yield from _of_child(effect)


def _of_child(effect: StartEffect) -> Iterator[str]:
    if effect.start.department:
        yield effect.start.department
    flow = catalogue.current().known.get(effect.start.flow)
    for name, question in flow.start.questions.items() if flow is not None else ():
        given = effect.start.with_.get(name)
        if question.type == "department" and isinstance(given, str):
            yield given
