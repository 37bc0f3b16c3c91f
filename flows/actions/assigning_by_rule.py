"""The person and the department that a flow names for an instance."""

from __future__ import annotations

from sqlalchemy import or_, select

from flows.actions import distributing, participating, standing_in
from flows.events import Assigned
from flows.models import Department, Instance, User
from flows.rules.errors import Invalid
from flows.words import gettext as _
from flows.work import Work

WAYS = ("unassigned", "round_robin", "least_busy")


def assign_by_rule(work: Work, instance: Instance, user_uid: str | None, department_uid: str | None) -> None:
    """Give an instance to the person and the department that a flow names; raises Invalid when there is no such one."""
    department, user = department_named(work, department_uid), user_named(work, user_uid)
    _give(work, instance, user, department)


def _give(work: Work, instance: Instance, user: User | None, department: Department | None) -> None:
    if department is not None:
        instance.department_id = department.id
        participating.stay(work, instance, department.id)
    there = standing_in.who_is_there(work.session, user, work.now) if user is not None else None
    instance.assignee_id = there.id if there is not None else None
    name = there.name if there is not None else str(department or "nobody")
    instead_of = user.name if user is not None and there is not user else ""
    participating.take_part(work, instance, instance.assignee_id)
    work.record(instance, Assigned(name, instead_of=instead_of, user_id=instance.assignee_id))


def assign_for_step(work: Work, instance: Instance, wanted: str) -> None:
    """Whoever works on a step that opens now: `wanted` is a person's opaque id, or a way to choose somebody.

    Nobody that the flow can name leaves it with whoever has it. At the start there is nothing to tell yet.
    """
    by_way = wanted in WAYS
    chosen = distributing.choose(work, wanted, instance.department_id) if by_way else user_named(work, wanted)
    if (chosen is None and wanted != "unassigned") or (chosen.id if chosen else None) == instance.assignee_id:
        return
    if instance.event_seq:
        _give(work, instance, chosen, None)
    else:
        instance.assignee_id = chosen.id if chosen is not None else None


def user_named(work: Work, uid: str | None) -> User | None:
    """The active person with this opaque id; None when nobody is named."""
    if not uid:
        return None
    user = work.session.scalar(select(User).where(User.uid == uid, User.is_active))
    if user is None:
        raise Invalid(_("%(uid)s is no active person", uid=repr(uid)), code="unknown_user")
    return user


def department_named(work: Work, uid: str | None) -> Department | None:
    """The active department with this opaque id, or of this name; None when none is named."""
    if not uid:
        return None
    named = or_(Department.uid == uid, Department.name == uid)
    department = work.session.scalars(select(Department).where(named, Department.is_active).limit(1)).one_or_none()
    if department is None:
        raise Invalid(_("%(uid)s is no active department", uid=repr(uid)), code="unknown_department")
    return department
