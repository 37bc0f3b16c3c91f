"""People and departments to choose from: active staff alone, by opaque id, narrowed to a department if need be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from flows.models import Department, DepartmentMember, User
from flows.plugin import Option
from flows.rules.answers import AnswerContext

PEOPLE, DEPARTMENTS = "baton.people", "baton.departments"
"""Sources of the product itself; no plugin brings their names."""
Labels = Mapping[str, Mapping[str, str]]
"""What people read when they chose, by source and value (`Step.labels`)."""


def people(session: Session, query: str, limit: int, within: str | None, names_emails: bool) -> list[Option]:
    """Active staff whose name (or, among staff, address) has every word, by name."""
    found = _staff(within)
    for word in query.split():
        columns = (User.name, User.email) if names_emails else (User.name,)
        found = found.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    rows = session.execute(found.order_by(func.lower(User.name), User.id).limit(limit))
    return [Option(uid, name, email if names_emails else "") for uid, name, email in rows]


def person(session: Session, uid: str, within: str | None, names_emails: bool) -> Option | None:
    row = session.execute(_staff(within).where(User.uid == uid)).one_or_none()
    return None if row is None else Option(row[0], row[1], row[2] if names_emails else "")


def departments(session: Session, query: str, limit: int) -> list[Option]:
    """Active departments whose name has every word, by name."""
    found = select(Department.uid, Department.name).where(Department.is_active)
    for word in query.split():
        found = found.where(Department.name.icontains(word, autoescape=True))
    rows = session.execute(found.order_by(func.lower(Department.name), Department.id).limit(limit))
    return [Option(uid, name) for uid, name in rows]


def department(session: Session, uid: str) -> Option | None:
    query = select(Department.uid, Department.name).where(Department.is_active, Department.uid == uid)
    row = session.execute(query).one_or_none()
    return None if row is None else Option(*row)


def _staff(within: str | None) -> Select[Any]:
    columns: list[Any] = [User.uid, User.name, User.email]
    query = select(*columns).where(User.kind == "staff", User.is_active)
    if within is None:
        return query
    members = (
        select(DepartmentMember.user_id)
        .join(Department, Department.id == DepartmentMember.department_id)
        .where(Department.uid == within, Department.is_active)
    )
    return query.where(User.id.in_(members))


def context_of(labels: Labels | None) -> AnswerContext:
    """For `answers.display`: an answer that was chosen is shown as people read it when they chose, asking nobody."""

    def label(source: str, value: object) -> str | None:
        return (labels or {}).get(source, {}).get(str(value))

    sources = {"user": PEOPLE, "department": DEPARTMENTS}
    return AnswerContext(date.max, lookup=label, people=lambda kind, value, _within: label(sources[kind], value))
