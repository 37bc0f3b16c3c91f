"""Who took part in an instance, and the departments it has been in: what "Related to me" and managers' boards read."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from flows.models import DepartmentStay, Instance, Participant
from flows.work import Work


def take_part(work: Work, instance: Instance, user_id: int | None) -> None:
    """Remember that this person was assigned, forwarded, commented, attached or reviewed (B33, Q16)."""
    if user_id is not None:
        _once(work, instance, Participant, user_id=user_id)


def stay(work: Work, instance: Instance, department_id: int | None) -> None:
    """Remember that the instance is in this department now (Q15)."""
    if department_id is not None:
        _once(work, instance, DepartmentStay, department_id=department_id)


def _once(work: Work, instance: Instance, model: type[Any], **who: int) -> None:
    work.session.flush()
    insert = (postgresql if work.session.get_bind().dialect.name == "postgresql" else sqlite).insert(model)
    work.session.execute(
        insert.values(
            instance_id=instance.id, created_at=instance.created_at, first_at=work.now, **who
        ).on_conflict_do_nothing(index_elements=["instance_id", *who])
    )
