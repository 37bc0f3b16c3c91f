"""The person and the department that a flow names for an instance."""

from __future__ import annotations

from sqlalchemy import select

from flows.actions import participating, standing_in
from flows.events import Assigned
from flows.models import Department, Instance, User
from flows.rules.errors import Invalid
from flows.words import gettext as _
from flows.work import Work


def assign_by_rule(work: Work, instance: Instance, user_uid: str | None, department_uid: str | None) -> None:
    """Give an instance to the person and the department that a flow names; raises Invalid when there is no such one."""
    department, user = department_named(work, department_uid), user_named(work, user_uid)
    if department is not None:
        instance.department_id = department.id
        participating.stay(work, instance, department.id)
    there = standing_in.who_is_there(work.session, user, work.now) if user is not None else None
    instance.assignee_id = there.id if there is not None else None
    name = there.name if there is not None else str(department or "nobody")
    instead_of = user.name if user is not None and there is not user else ""
    participating.take_part(work, instance, instance.assignee_id)
    work.record(instance, Assigned(name, instead_of=instead_of, user_id=instance.assignee_id))


def user_named(work: Work, uid: str | None) -> User | None:
    """The active person with this opaque id; None when nobody is named."""
    if not uid:
        return None
    user = work.session.scalar(select(User).where(User.uid == uid, User.is_active))
    if user is None:
        raise Invalid(_("%(uid)s is no active person", uid=repr(uid)), code="unknown_user")
    return user


def department_named(work: Work, uid: str | None) -> Department | None:
    if not uid:
        return None
    department = work.session.scalar(select(Department).where(Department.uid == uid, Department.is_active))
    if department is None:
        raise Invalid(_("%(uid)s is no active department", uid=repr(uid)), code="unknown_department")
    return department
