"""Which published texts of a flow there are, and how many open tasks run on each (X12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, func, select

from flows.access import clean, read_as
from flows.models import FlowVersion, Instance
from flows.rules.actors import Actor

NEWEST = select(func.max(FlowVersion.number)).where(FlowVersion.flow == Instance.flow)
"""The newest published number of the flow of an instance, as a column beside it (`correlate`)."""


@dataclass(frozen=True)
class InUse:
    """The newest published number of a flow, and its open tasks by the number of the version they run on."""

    newest: int = 0
    by_version: dict[int, int] = field(default_factory=dict)

    @property
    def open_tasks(self) -> int:
        return sum(self.by_version.values())


def of_flows(actor: Actor) -> dict[str, InUse]:
    """By flow, in one statement; a flow that nothing was started of yet is not among them."""
    running = and_(Instance.flow_version_id == FlowVersion.id, Instance.closed_at.is_(None))
    counts = (
        select(FlowVersion.flow, FlowVersion.number, func.count(Instance.id))
        .outerjoin(Instance, running)
        .group_by(FlowVersion.flow, FlowVersion.number)
        .order_by(FlowVersion.number.desc())
    )
    found: dict[str, InUse] = {}
    for flow, number, count in read_as(actor).execute(counts):
        in_use = found.setdefault(flow, InUse(number))
        if count:
            in_use.by_version[number] = count
    return found


def of_flow(actor: Actor, flow: str) -> Sequence[tuple[FlowVersion, int]]:
    """The versions of one flow, newest first, each with its open tasks."""
    tasks = select(func.count(Instance.id)).where(
        Instance.flow_version_id == FlowVersion.id, Instance.closed_at.is_(None)
    )
    query = select(FlowVersion, tasks.correlate(FlowVersion).scalar_subquery()).where(FlowVersion.flow == clean(flow))
    rows = read_as(actor).execute(query.order_by(FlowVersion.number.desc()).limit(50))
    return [(version, count) for version, count in rows]


def numbered(actor: Actor, flow: str, number: int) -> FlowVersion | None:
    """The published version of a flow with this number."""
    query = select(FlowVersion).where(FlowVersion.flow == clean(flow), FlowVersion.number == number)
    found: FlowVersion | None = read_as(actor).scalar(query) if number < 2**31 else None
    return found
