"""Running instances of flows with `running: follow` move to a new text by themselves, as long as they are green (X13).

The ticker looks through the instances of a new text once, a batch at a time, and again every hour: what was yellow or
red may have become green by then. One that people have moved or taken back since the text is there stays where they put
it; a text that is published later may take it along again.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import and_, func, or_, select

from flows import catalogue
from flows.access import read_as
from flows.actions.migrating import BY_ITSELF, new_run
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
    """How far a text is: the row id of the last instance that was looked at, and when the last one of all was.

    Each time through is a run of its own, so that one that has gone back meanwhile can follow again.
    """

    run: str = ""
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
        served = {loaded.content_hash for loaded in following}
        self._ways = {text: way for text, way in self._ways.items() if text in served}
        more = [self._follow(loaded) for loaded in following]  # all of them: none waits until another has no more
        return any(more)

    def _follow(self, loaded: LoadedFlow) -> bool:
        way = self._ways.setdefault(loaded.content_hash, _Way())
        if not way.is_due:
            return False
        if not way.at:
            way.run = new_run(BY_ITSELF)
        seen = [*migrate.foresee(SYSTEM, Target.of_file(loaded), clock.now(), after=way.at, most=BATCH)]
        green = [one.id for one in seen if one.plan.verdict == "green"]
        decided = _decided(loaded, green)
        green = [one for one in green if one not in decided]
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


def _decided(loaded: LoadedFlow, instances: Collection[int]) -> set[int]:
    """Those of them that people took back from this text, or put elsewhere since it was published."""
    if not instances:
        return set()
    is_this = and_(FlowVersion.flow == loaded.definition.flow, FlowVersion.content_hash == loaded.content_hash)
    version, published_at = (
        select(column).where(is_this).scalar_subquery() for column in (FlowVersion.id, FlowVersion.published_at)
    )
    moves = FlowMigration.instance_id.in_(instances)
    last = select(func.max(FlowMigration.id)).where(moves).group_by(FlowMigration.instance_id)
    is_undone = FlowMigration.undone_at.is_not(None)
    by_people = or_(is_undone, ~FlowMigration.run.startswith(BY_ITSELF))
    since = func.coalesce(FlowMigration.undone_at, FlowMigration.at) >= published_at
    taken_back = and_(is_undone, FlowMigration.to_version_id == version)
    put = and_(FlowMigration.id.in_(last), by_people, since)
    query = select(FlowMigration.instance_id).where(moves, or_(taken_back, put))
    return set(read_as(SYSTEM).scalars(query))
