"""Running instances of flows with `running: follow` move to a new text by themselves, as long as they are green (X13).

The ticker looks through the instances of a new text once, a batch at a time, and again every hour: what was yellow or
red may have become green by then. One that people have taken back stays where they put it.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from sqlalchemy import select

from flows import catalogue
from flows.access import read_as
from flows.actions.migrating import new_run
from flows.authoring import migrate
from flows.authoring.migrate import Target
from flows.catalogue import LoadedFlow
from flows.clock import clock
from flows.models import FlowMigration, FlowVersion
from flows.rules.actors import SYSTEM
from flows.work import end_reading

log = structlog.get_logger(__name__)

BATCH = 50
LOOKED_AGAIN = timedelta(hours=1)


@dataclass
class _Way:
    """How far a text is: the row id of the last instance that was looked at, and when the last one of all was."""

    run: str = field(default_factory=new_run)
    at: int = 0
    done_at: float | None = None

    @property
    def is_due(self) -> bool:
        return self.done_at is None or time.monotonic() - self.done_at > LOOKED_AGAIN.total_seconds()


class Follower:
    """Takes a turn with every tick."""

    def __init__(self) -> None:
        self._ways: dict[str, _Way] = {}

    def turn(self) -> bool:
        """Move the next batch of every flow that follows; True when there is more to look at."""
        following = [one for one in catalogue.current().flows.values() if one.definition.running == "follow"]
        return any(self._follow(loaded) for loaded in following)

    def _follow(self, loaded: LoadedFlow) -> bool:
        way = self._ways.setdefault(loaded.content_hash, _Way())
        if not way.is_due:
            return False
        seen = [*migrate.foresee(SYSTEM, Target.of_file(loaded), clock.now(), after=way.at, most=BATCH)]
        green = [one.id for one in seen if one.plan.verdict == "green"]
        green = [one for one in green if one not in _taken_back(loaded.content_hash, green)]
        end_reading()
        if green:
            self._move(loaded, way, green)
        way.at, way.done_at = (seen[-1].id, None) if len(seen) == BATCH else (0, time.monotonic())
        return len(seen) == BATCH

    def _move(self, loaded: LoadedFlow, way: _Way, green: Collection[int]) -> None:
        version = migrate.published(SYSTEM, loaded)
        went = [*migrate.apply(SYSTEM, version, green, way.run, yellow=False)]
        moved = sum(not one.why_not for one in went)
        log.info("flow_followed", flow=loaded.definition.flow, moved=moved, stayed=len(went) - moved, run=way.run)


def _taken_back(content_hash: str, instances: Collection[int]) -> set[int]:
    if not instances:
        return set()
    query = (
        select(FlowMigration.instance_id)
        .join(FlowVersion, FlowVersion.id == FlowMigration.to_version_id)
        .where(
            FlowVersion.content_hash == content_hash,
            FlowMigration.undone_at.is_not(None),
            FlowMigration.instance_id.in_(instances),
        )
    )
    return set(read_as(SYSTEM).scalars(query))
