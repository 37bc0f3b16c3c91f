"""Everything that is sealed in the database: put under the newest key, and counted where its key is gone (X20)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, Text, cast, select, union
from sqlalchemy.orm import Session

from flows import access
from flows.actions import snapshots
from flows.actions.sealing import SEALED, lost_in, resealed
from flows.models import Effect, FlowMigration, Instance, Invitation, Step, Submission
from flows.work import Work

OF_AN_INSTANCE: tuple[tuple[Any, str], ...] = (
    (Step, "answers"),
    (Step, "draft"),
    (Submission, "answers"),
    (Effect, "payload"),
    (FlowMigration, "before"),
)
ALONE: tuple[tuple[Any, str], ...] = ((Effect, "payload"), (Invitation, "begins"))
BATCH = 500


def instances_with_sealed(session: Session) -> Sequence[int]:
    """Ids of the instances in which anything is sealed."""
    of_rows = [
        select(model.instance_id).where(model.instance_id.is_not(None), _has_sealed(model, column))
        for model, column in OF_AN_INSTANCE
    ]
    own = select(Instance.id).where(_has_sealed(Instance, "inputs"))
    return sorted(session.scalars(union(own, *of_rows)))


def reseal_instance(work: Work, instance_id: int) -> None:
    """Put what is sealed in one instance under the newest key; what cannot be opened stays as it is."""
    instance = access.instance_to_change(work, instance_id)
    moves = work.session.scalars(select(FlowMigration).where(FlowMigration.instance_id == instance.id)).all()
    before = _fingerprints(work, instance, moves)
    instance.inputs = resealed(instance.inputs)
    for model, column in OF_AN_INSTANCE:
        _reseal(work, select(model).where(model.instance_id == instance.id, _has_sealed(model, column)), column)
    anew = dict(zip(before, _fingerprints(work, instance, moves), strict=True))
    for move in moves:
        move.after = anew.get(move.after, move.after)


def _fingerprints(work: Work, instance: Instance, moves: Sequence[FlowMigration]) -> list[str]:
    """Of its rows as they are, and as they were before each move: what a move is undone by names one of these."""
    return [snapshots.fingerprint(one) for one in (snapshots.take(work, instance), *(one.before for one in moves))]


def reseal_the_rest(work: Work) -> None:
    """The same for what belongs to no instance: invitations, and what is owed about orders."""
    for model, column in ALONE:
        query = select(model).where(_has_sealed(model, column))
        _reseal(work, query.where(Effect.instance_id.is_(None)) if model is Effect else query, column)


def lost(session: Session) -> int:
    """How many private answers cannot be opened under any key of the settings."""
    return sum(lost_in(value) for value in _all_sealed(session))


def _all_sealed(session: Session) -> Iterator[Any]:
    for model, column in ((Instance, "inputs"), *OF_AN_INSTANCE, *ALONE[1:]):
        query = select(getattr(model, column)).where(_has_sealed(model, column))
        yield from session.scalars(query.execution_options(yield_per=BATCH))


def _reseal(work: Work, query: Select[Any], column: str) -> None:
    for row in work.session.scalars(query.with_for_update(of=query.column_descriptions[0]["entity"])).all():
        setattr(row, column, resealed(getattr(row, column)))


def _has_sealed(model: Any, column: str) -> Any:
    return cast(getattr(model, column), Text).contains(f'"{SEALED}"')
