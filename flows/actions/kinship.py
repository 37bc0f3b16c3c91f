"""What an instance owes its parent and its children: by the outbox, so that no work ever holds the locks of two.

Everything here only writes down; `children` carries it out, under the lock of the one that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from flows.actions.writing import write_effect
from flows.catalogue import FlowDefinition
from flows.models import Instance
from flows.models.instances import reference_of
from flows.work import Work

_ROWS = Instance.__table__
"""Read past the scope of the session: a condition means the same whoever acts, also over a child that they cannot see
(docs/adr/0018)."""


def tell_parent(work: Work, instance: Instance, *, ended: bool = False) -> None:
    """Its status changed: the parent, if there is one, is to look at its conditions anew."""
    if instance.parent_id is None:
        return
    owner = work.session.scalar(select(_ROWS.c.organisation_id).where(_ROWS.c.id == instance.parent_id))
    key = f"{instance.uid}:{'ended' if ended else 'moved'}:{instance.version}"
    payload = {"name": instance.reference, "title": instance.title, "ended": instance.status if ended else ""}
    write_effect(work, None, key, "hear", payload, instance_id=instance.parent_id, organisation_id=owner)


def has_failed(instance: Instance) -> bool:
    """It ended without being completed: cancelled, expired, or closed by an outcome that is not positive."""
    is_closed = instance.status == "completed" and instance.outcome_kind not in (None, "", "positive")
    return not instance.is_open and (is_closed or instance.status != "completed")


def take_along(work: Work, instance: Instance, definition: FlowDefinition) -> None:
    """It ended without being completed: the open children that its flow starts `with_parent` are to end with it."""
    if not definition.ends_with_it:
        return
    open_ones = _children_of(instance, definition.ends_with_it).where(_ROWS.c.closed_at.is_(None))
    for child in work.session.execute(open_ones):
        key = f"{child.uid}:with:{instance.uid}:{instance.event_seq}"
        payload = {"name": reference_of(child.id, child.state, child.kind), "parent": instance.reference}
        write_effect(work, None, key, "end", payload, instance_id=child.id, organisation_id=child.organisation_id)


def children_in_words(session: Session, instance: Instance, definition: FlowDefinition) -> dict[str, dict[str, Any]]:
    """`child`: by name what its flow started for this instance, the newest of each; none that is not there yet."""
    if not definition.children or instance.id is None:
        return {}
    names = {child.flow: name for name, child in definition.children.items()}
    rows = session.execute(_children_of(instance, names).order_by(_ROWS.c.id))
    return {names[row.flow]: _words(row) for row in rows}


def _children_of(instance: Instance, flows: Iterable[str]) -> Select[Any]:
    return select(_ROWS).where(_ROWS.c.parent_id == instance.id, _ROWS.c.flow.in_([*flows]))


def _words(row: Row[Any]) -> dict[str, Any]:
    return {
        "ref": reference_of(row.id, row.state, row.kind),
        "status": row.status,
        "state": row.state or "",
        "outcome": row.outcome or "",
        "open": row.closed_at is None,
    }
