"""Who took part in an instance, and the departments it has been in: what "Related to me" and managers' boards read."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite

from flows.models import DepartmentStay, Instance, Participant, User
from flows.work import Work, keep


def take_part(work: Work, instance: Instance, user_id: int | None) -> None:
    """Remember that this person was assigned, forwarded, commented, attached or reviewed (B33, Q16)."""
    if user_id is not None:
        _once(work, instance, Participant, user_id=user_id)


def stay(work: Work, instance: Instance, department_id: int | None) -> None:
    """Remember that the instance is in this department now (Q15)."""
    if department_id is not None:
        _once(work, instance, DepartmentStay, department_id=department_id)


def is_with_customer(work: Work, instance: Instance) -> bool:
    """A case that was handed back to its customer (Q14). Whoever acts is known; anybody else is read once."""
    if instance.assignee_id is None:
        return False
    if instance.assignee_id == work.actor.user_id:
        return work.actor.kind == "customer"
    assignee = work.session.get_one(User, instance.assignee_id)
    keep(work.session, assignee)
    return assignee.kind == "customer"


def _once(work: Work, instance: Instance, model: type[Participant | DepartmentStay], **who: int) -> None:
    if instance.id is None or work.session.new:
        work.session.flush()  # the row points at others, which have to be there
    row = {"instance_id": instance.id, "created_at": instance.created_at, "first_at": work.now, **who}
    work.session.execute(_insertion(model, work.session.get_bind().dialect.name, *who), row)


@cache
def _insertion(model: type[Participant | DepartmentStay], database: str, who: str) -> Executable:
    """Built once: somebody takes part in nearly every work."""
    insert = (postgresql if database == "postgresql" else sqlite).insert(model.__table__)
    return insert.on_conflict_do_nothing(index_elements=["instance_id", who])
