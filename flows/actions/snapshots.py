"""The rows of one instance as they were, and back again to the letter: what makes a move to another version undoable.

Not kept and not compared is what lives on beside the flow: the numbers of its timeline and conversation, when somebody
last did something, whether a worker was told of a timer, and the stamps by which forms and phones see that a row
changed, which only ever rise.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, bindparam, select

from flows.models import Base, Instance, Payment, Review, Step, Submission, Timer, Upload
from flows.models.base import Moment
from flows.work import Work

Snapshot = Mapping[str, list[dict[str, Any]]]
STAMPS = ("version", "changed")
LIVING: Mapping[type[Base], tuple[str, ...]] = {
    Instance: (*STAMPS, "event_seq", "message_seq", "note_seq", "last_activity_at"),
    Step: STAMPS,
    Timer: ("handed_at", "hints"),
    Submission: (),
    Review: (),
}
"""Columns that are left out of a snapshot; all others of these tables are in it."""
HELD: Mapping[type[Base], tuple[str, ...]] = {
    Upload: ("id", "step", "field", "visible_to", "is_sensitive"),
    Payment: ("id", "step_id", "state"),
}
"""Columns of what no move changes: where an upload stands, and that nothing was paid for since."""
MAY_COME: tuple[type[Base], ...] = (Step, Timer)
"""Rows of which a move makes new ones; they go again with it."""


def take(work: Work, instance: Instance) -> dict[str, list[dict[str, Any]]]:
    """The rows of an instance by table, in plain JSON; sealed answers stay sealed."""
    work.session.flush()
    connection, whose = work.session.connection(), {"instance": instance.id}
    return {
        model.__tablename__: [
            {name: _plain(value) for name, value in zip(names, row, strict=True)}
            for row in connection.execute(query, whose)
        ]
        for model, names, query in _queries()
    }


def fingerprint(snapshot: Snapshot) -> str:
    """The same for the same rows, whichever database wrote them."""
    return sha256(json.dumps(snapshot, sort_keys=True).encode()).hexdigest()


def restore(work: Work, before: Snapshot, now: Snapshot) -> None:
    """Write back what is another now, and take away what came. The instance is locked and is read anew afterwards."""
    for model, _, _ in _queries():
        kept = {row["id"]: row for row in before[model.__tablename__]}
        other = {row["id"]: row for row in now[model.__tablename__] if row != kept.get(row["id"])}
        query = select(model).where(model.id.in_(other))
        for row in work.session.scalars(query).all() if other else ():
            if row.id in kept:
                _write(row, other[row.id], kept[row.id])
            elif model in MAY_COME:
                work.session.delete(row)
    work.session.flush()
    work.session.expire_all()


def _write(row: Base, now: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Only what is another: a column that is empty in one of two ways stays empty in its own."""
    for name, value in before.items():
        if value != now[name]:
            setattr(row, name, _typed(row, name, value))


@cache
def _queries() -> list[tuple[type[Base], list[str], Select[Any]]]:
    """Each table with the names of its columns, and what reads the rows of one instance: written once, run often."""
    found: list[tuple[type[Base], list[str], Select[Any]]] = []
    for model, living in LIVING.items():
        names = [column.key for column in model.__table__.columns if column.key not in living]
        found.append((model, names, _query(model, names, "id" if model is Instance else "instance_id")))
    return [*found, *((model, [*names], _query(model, names, "instance_id")) for model, names in HELD.items())]


def _query(model: type[Base], names: Sequence[str], key: str) -> Select[Any]:
    columns = model.__table__.c
    return select(*(columns[name] for name in names)).where(columns[key] == bindparam("instance")).order_by(columns.id)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(row: Base, name: str, value: Any) -> Any:
    is_moment = isinstance(row.__table__.c[name].type, Moment)
    return datetime.fromisoformat(value) if is_moment and value is not None else value
