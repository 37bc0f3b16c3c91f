"""Departments and who is in them: members work on what is there, managers see and update all of it (B10)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Select, func, select

from flows.access import clean, require
from flows.actions.changing import change, flush, locked, text
from flows.models import Department, DepartmentMember, User
from flows.rules.errors import Invalid, Problem, Refused
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work


def add(work: Work, given: Mapping[str, str]) -> Department:
    """A new department (needs `users`). Raises Invalid when the name is missing or taken."""
    require(work.actor, "users")
    department = Department(name=_name(work, given))
    work.session.add(department)
    flush(work)
    work.audit("department_added", department.name)
    return department


def amend(work: Work, uid: str, given: Mapping[str, str], seen: str = "") -> Department:
    """Rename a department, turn it off or on (needs `users`)."""
    require(work.actor, "users")
    department: Department = locked(work, Department, uid, N_("No such department"))
    values = {"name": _name(work, given, department), "is_active": given.get("is_active") == "1"}
    change(work, department, "department_changed", department.name, values, seen)
    return department


def put_member(work: Work, uid: str, email: str, is_manager: bool) -> None:
    """Add a member of staff, or make a member a manager and back (needs `users`). Raises Invalid for anybody else."""
    require(work.actor, "users")
    department: Department = locked(work, Department, uid, N_("No such department"))
    person = work.session.scalar(
        select(User).where(User.email == clean(email).strip().lower(), User.kind == "staff", User.is_active)
    )
    if person is None:
        raise Invalid(_("Enter the email address of a colleague who has a staff account"), "/email", "unknown")
    member = work.session.scalar(_membership(department, person.uid))
    if member is None:
        work.session.add(
            DepartmentMember(department_id=department.id, user_id=person.id, is_manager=is_manager, created_at=work.now)
        )
    else:
        member.is_manager = is_manager
    flush(work)
    work.audit("department_member_put", department.name, person=person.email, is_manager=is_manager)


def remove_member(work: Work, uid: str, user_uid: str) -> None:
    """Take somebody out of a department (needs `users`); what they did stays."""
    require(work.actor, "users")
    department: Department = locked(work, Department, uid, N_("No such department"))
    member = work.session.scalar(_membership(department, clean(user_uid)))
    if member is None:
        raise Refused(_("No such member"))
    work.session.delete(member)
    work.audit("department_member_removed", department.name, person=user_uid)


def _membership(department: Department, user_uid: str) -> Select[DepartmentMember]:
    joined = select(DepartmentMember).join(User, User.id == DepartmentMember.user_id)
    return joined.where(DepartmentMember.department_id == department.id, User.uid == user_uid)


def _name(work: Work, given: Mapping[str, str], itself: Department | None = None) -> str:
    problems: list[Problem] = []
    name = text(given, "name", 120, problems, _("Enter the department's name"))
    twin = work.session.scalar(select(Department.id).where(func.lower(Department.name) == name.lower()))
    if twin is not None and (itself is None or twin != itself.id):
        problems.append(Problem("/name", "taken", _("There is a department with this name already")))
    if problems:
        raise Invalid(problems)
    return name
