"""Instances that belong together: what was started below one, and below what one was started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import joinedload, load_only

from flows.access import read_as, visible_instances
from flows.catalogue import FlowDefinition
from flows.models import Instance
from flows.rules.actors import Actor

MOST_CHILDREN = 200


def children(actor: Actor, instance: Instance, definition: FlowDefinition) -> Sequence[Instance]:
    """Tasks made on a case, and what a flow started, oldest first; a customer sees none that is internal.

    Nothing is asked of the database where there can be none: people make tasks on cases alone.
    """
    is_case = instance.state is not None and instance.parent_id is None
    if not is_case and not definition.children:
        return []
    query = visible_instances(actor).where(Instance.parent_id == instance.id).options(joinedload(Instance.assignee))
    return read_as(actor).scalars(query.order_by(Instance.id).limit(MOST_CHILDREN)).unique().all()


def parents_of(actor: Actor, instances: Iterable[Instance]) -> Mapping[int, Instance]:
    """By row id, the parents of these rows that the actor may see; nothing is asked when none of them has one."""
    ids = {one.parent_id for one in instances if one.parent_id is not None}
    if not ids:
        return {}
    shown = load_only(Instance.uid, Instance.title, Instance.state, Instance.kind, Instance.subject)
    rows = read_as(actor).scalars(visible_instances(actor).where(Instance.id.in_(ids)).options(shown))
    return {row.id: row for row in rows}
