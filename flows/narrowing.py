"""The scope of a session: every `Owned` class is narrowed in it, whatever a query forgets to ask.

A customer sees rows of the organisations that they act for alone; a session that nobody has spoken for
(`flows.access.read_as`) sees no owned row at all.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from sqlalchemy import CompoundSelect, event, false, or_, select, union
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria

from flows.models import Instance, Membership, Organisation, Owned
from flows.rules.actors import Actor


def organisations_of(user_id: int | None) -> CompoundSelect[Any]:
    """Ids of the organisations that a customer acts for: their own, and those that their own resell to (A35, X28)."""
    own = select(Membership.organisation_id).where(Membership.user_id == user_id)
    return union(own, select(Organisation.id).where(Organisation.parent_id.in_(own)))


def organisations_of_each(session: Session, user_ids: Collection[int]) -> dict[int, set[int]]:
    """The same for many customers in one statement, without the organisations that are turned off."""
    theirs = (
        select(Membership.user_id, Organisation.id)
        .join(
            Organisation,
            or_(
                Organisation.id == Membership.organisation_id,
                Organisation.parent_id == Membership.organisation_id,
            ),
        )
        .where(Membership.user_id.in_(user_ids), Organisation.is_active)
    )
    found: dict[int, set[int]] = {}
    for user_id, organisation_id in session.execute(theirs):
        found.setdefault(user_id, set()).add(organisation_id)
    return found


@event.listens_for(Session, "do_orm_execute")
def _narrow(state: ORMExecuteState) -> None:
    loads_more = state.is_column_load or state.is_relationship_load
    if loads_more or not (state.is_select or state.is_update or state.is_delete):
        return
    actor: Actor | None = state.session.info.get("actor")
    if actor is not None and actor.kind != "customer":
        return
    state.statement = state.statement.options(*_narrowing(None if actor is None else actor.user_id))


@lru_cache(maxsize=1024)
def _narrowing(user_id: int | None) -> tuple[Any, ...]:
    """What every statement of this customer is narrowed by; the same for all of them, so it is built once.

    One condition for all that is owned, not one for each class: SQLAlchemy looks at every condition whenever it asks
    itself whether it has compiled a statement before.
    """
    shown = with_loader_criteria(Instance, Instance.is_internal.is_(False), include_aliases=True)
    if user_id is None:
        return shown, with_loader_criteria(Owned, lambda _one: false(), include_aliases=True)
    theirs = organisations_of(user_id)
    return shown, with_loader_criteria(Owned, lambda one: one.organisation_id.in_(theirs), include_aliases=True)
