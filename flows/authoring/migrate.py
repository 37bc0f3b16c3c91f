"""Running instances of a flow and another version of it: a plan for all of them, and moving them one by one (X13).

Each instance is a piece of work of its own, so whoever stops in between has moved what was moved, whole, and may go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from flows import access
from flows.access import read_as, visible_instances
from flows.actions import foreseeing, migrating, versions
from flows.catalogue import FlowDefinition, LoadedFlow
from flows.models import FlowMigration, FlowVersion, Instance
from flows.models.instances import instance_id_from, reference_of
from flows.rules.actors import Actor
from flows.rules.errors import BatonError, Refused
from flows.rules.migrations import VERDICTS, Plan
from flows.words import gettext as _
from flows.work import Work, end_reading, unit_of_work

BATCH = 500


@dataclass(frozen=True)
class Target:
    """The version that is aimed at: a published one, or what a file says today, which has no number yet."""

    definition: FlowDefinition
    content_hash: str
    number: int | None = None

    @classmethod
    def of_version(cls, version: FlowVersion) -> Target:
        return cls(versions.of_version(version), version.content_hash, version.number)

    @classmethod
    def of_file(cls, loaded: LoadedFlow, number: int | None = None) -> Target:
        return cls(loaded.definition, loaded.content_hash, number)

    @property
    def called(self) -> str:
        return "what the file says" if self.number is None else f"version {self.number}"


@dataclass(frozen=True)
class Foreseen:
    """One running instance and what moving it would come to."""

    id: int
    reference: str
    customer: str
    number: int
    page: str
    plan: Plan


@dataclass(frozen=True)
class Went:
    """How it went with one instance; `why_not` is empty when it was done, `verdict` when there was no plan for it."""

    id: int
    reference: str
    verdict: str = ""
    why_not: str = ""


def running(actor: Actor, flow: str, content_hash: str, now: datetime, ref: str = "") -> Select[Instance]:
    """The running instances of a flow that are on another version, oldest first; `ref` names one of them."""
    query = visible_instances(actor).where(
        Instance.flow == flow,
        Instance.flow_hash != content_hash,
        Instance.closed_at.is_(None),
        or_(Instance.expires_at.is_(None), Instance.expires_at > now),
    )
    if ref:
        query = query.where(Instance.id == (instance_id_from(ref) or 0))
    return query.order_by(Instance.id)


def count(actor: Actor, flow: str, content_hash: str, now: datetime, ref: str = "") -> int:
    rows = running(actor, flow, content_hash, now, ref).with_only_columns(Instance.id).order_by(None).subquery()
    return read_as(actor).scalar(select(func.count()).select_from(rows)) or 0


def foresee(
    actor: Actor, target: Target, now: datetime, *, ref: str = "", after: int = 0, most: int | None = None
) -> Iterator[Foreseen]:
    """A plan for each, a batch in the same few statements; `after` is the row id of the last one that was seen."""
    left = most
    while left is None or left > 0:
        size = BATCH if left is None else min(BATCH, left)
        query = running(actor, target.definition.flow, target.content_hash, now, ref).where(Instance.id > after)
        rows = _whole(actor, query.limit(size))
        yield from _plans(actor, target, rows, now)
        if len(rows) < size:
            return
        after, left = rows[-1].id, None if left is None else left - size


def _whole(actor: Actor, query: Select[Any]) -> Sequence[Instance]:
    """Instances with everything that a plan looks at; people and organisations are then at hand for conditions."""
    people = (Instance.organisation, Instance.customer, Instance.creator, Instance.assignee)
    known = joinedload(Instance.flow_version).load_only(FlowVersion.flow, FlowVersion.number)
    query = query.options(selectinload(Instance.steps), known, *(joinedload(one) for one in people))
    return read_as(actor).scalars(query).unique().all()


def _plans(actor: Actor, target: Target, rows: Sequence[Instance], now: datetime) -> Iterator[Foreseen]:
    session = read_as(actor)
    around = foreseeing.around(session, [row.id for row in rows]) if rows else {}
    for row in rows:
        plan = foreseeing.foresee(session, row, target.definition, now, around[row.id]).plan
        yield Foreseen(row.id, row.reference, row.customer_name, row.flow_version.number, row.staff_page, plan)


def verdicts(plans: Iterable[Plan]) -> dict[str, int]:
    """How many are green, yellow and red."""
    counted = Counter(plan.verdict for plan in plans)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def reasons(plans: Iterable[Plan]) -> list[tuple[str, str, int]]:
    """Every reason with its verdict and how many it holds for, the worst and commonest first."""
    counted = Counter((one.verdict, str(one)) for plan in plans for one in plan.reasons)
    ordered = sorted(counted.items(), key=lambda item: (-VERDICTS.index(item[0][0]), -item[1], item[0][1]))
    return [(verdict, text, many) for (verdict, text), many in ordered]


# --- doing it ----------------------------------------------------------------------------------------------------


def published(actor: Actor, loaded: LoadedFlow) -> int:
    """The row id of what a file says, published if it is not yet: nothing has to begin for that."""
    access.require(actor, "flows")
    with unit_of_work(actor) as work:
        return versions.publish(work, loaded).id


def apply(actor: Actor, version_id: int, instances: Iterable[int], run: str, *, yellow: bool) -> Iterator[Went]:
    """Move these, each for itself; one that cannot or may not move is told and holds up no other."""

    def deed(work: Work, instance: Instance) -> str:
        version = work.session.get_one(FlowVersion, version_id)
        return migrating.migrate(work, instance, version, yellow=yellow, run=run).verdict

    return _one_by_one(actor, instances, deed)


def _one_by_one(actor: Actor, instances: Iterable[int], deed: Callable[[Work, Instance], str]) -> Iterator[Went]:
    """How the deed went with each of them, every one a piece of work of its own; it says its verdict."""
    access.require(actor, "flows")
    for instance_id in instances:
        reference = reference_of(instance_id)
        try:
            with unit_of_work(actor) as work:
                instance = access.instance_to_change(work, instance_id)
                reference = instance.reference
                verdict = deed(work, instance)
        except migrating.NotGreen as refusal:
            yield Went(instance_id, reference, refusal.plan.verdict, refusal.detail)
        except BatonError as refusal:
            yield Went(instance_id, reference, why_not=_why_not(refusal, reference))
        else:
            yield Went(instance_id, reference, verdict)


def _why_not(refusal: BatonError, reference: str) -> str:
    return _("%(ref)s is not there", ref=reference) if isinstance(refusal, Refused) else refusal.detail


def to_move(
    actor: Actor, flow: str, content_hash: str, now: datetime, ref: str = "", after: int = 0, most: int | None = None
) -> Sequence[int]:
    """Row ids of what `apply` would be given, those after the row id `after`."""
    query = running(actor, flow, content_hash, now, ref).with_only_columns(Instance.id).where(Instance.id > after)
    found = read_as(actor).scalars(query.limit(most)).all()
    end_reading()
    return found


def of_run(actor: Actor, run: str, ref: str = "", before: int | None = None, most: int | None = None) -> Sequence[int]:
    """Row ids of the instances that moved with a run and were not taken back, the last first; those below `before`."""
    query = select(FlowMigration.instance_id).where(
        FlowMigration.run == access.clean(run), FlowMigration.undone_at.is_(None)
    )
    if ref:
        query = query.where(FlowMigration.instance_id == (instance_id_from(ref) or 0))
    if before is not None:
        query = query.where(FlowMigration.instance_id < before)
    found = read_as(actor).scalars(query.order_by(FlowMigration.instance_id.desc()).limit(most)).all()
    end_reading()
    return found


def undo(actor: Actor, run: str, instances: Iterable[int]) -> Iterator[Went]:
    """Take each of them back to where it was before that run; one that has gone on holds up no other."""

    def deed(work: Work, instance: Instance) -> str:
        migrating.undo(work, instance, run)
        return "green"

    return _one_by_one(actor, instances, deed)
