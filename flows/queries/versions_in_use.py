"""Which published texts of a flow there are, and how many open tasks run on each (X12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from flows.access import clean, read_as
from flows.models import FlowVersion, Instance
from flows.rules.actors import Actor


@dataclass(frozen=True)
class InUse:
    """The newest published number of a flow, and its open tasks on any version."""

    newest: int = 0
    open_tasks: int = 0


def of_flows(actor: Actor) -> dict[str, InUse]:
    """By flow, in two statements; a flow that nothing was started of yet is not among them."""
    session = read_as(actor)
    numbers = select(FlowVersion.flow, func.max(FlowVersion.number)).group_by(FlowVersion.flow)
    newest = dict(session.execute(numbers).all())
    counts = select(Instance.flow, func.count(Instance.id)).where(Instance.closed_at.is_(None)).group_by(Instance.flow)
    open_tasks = dict(session.execute(counts).all())
    return {flow: InUse(number, open_tasks.get(flow, 0)) for flow, number in newest.items()}


def of_flow(actor: Actor, flow: str) -> Sequence[tuple[FlowVersion, int]]:
    """The versions of one flow, newest first, each with its open tasks."""
    tasks = select(func.count(Instance.id)).where(
        Instance.flow_version_id == FlowVersion.id, Instance.closed_at.is_(None)
    )
    query = select(FlowVersion, tasks.correlate(FlowVersion).scalar_subquery()).where(FlowVersion.flow == clean(flow))
    rows = read_as(actor).execute(query.order_by(FlowVersion.number.desc()).limit(50))
    return [(version, count) for version, count in rows]
