"""Moves of running instances to other versions of a flow, run by run: what was moved, by whom, and what came back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from flows.access import clean, read_as
from flows.models import FlowMigration, FlowVersion
from flows.rules.actors import Actor


@dataclass(frozen=True)
class Run:
    """`moved` were moved to version `number`; `undone` of them were taken back."""

    name: str
    number: int
    who: str
    at: datetime
    moved: int
    undone: int

    @property
    def left(self) -> int:
        return self.moved - self.undone


def of_flow(actor: Actor, flow: str, most: int = 10) -> Sequence[Run]:
    """The last runs of a flow, newest first, in one statement."""
    runs = (
        select(
            FlowMigration.run,
            FlowVersion.number,
            func.max(FlowMigration.actor_name),
            func.min(FlowMigration.at),
            func.count(FlowMigration.id),
            func.count(FlowMigration.undone_at),
        )
        .join(FlowVersion, FlowVersion.id == FlowMigration.to_version_id)
        .where(FlowMigration.flow == clean(flow))
        .group_by(FlowMigration.run, FlowVersion.number)
        .order_by(func.max(FlowMigration.id).desc())
        .limit(most)
    )
    return [Run(*row) for row in read_as(actor).execute(runs)]
