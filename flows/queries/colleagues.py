"""Staff as others see them: whom something can be assigned to, and the departments that somebody looks at."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from flows.access import clean, read_as
from flows.models import Department, User
from flows.rules.actors import Actor

MOST = 500


def colleagues(actor: Actor) -> Sequence[User]:
    """Everybody of staff who can sign in, by name."""
    query = select(User).where(User.kind == "staff", User.is_active).order_by(func.lower(User.name), User.id)
    return read_as(actor).scalars(query.limit(MOST)).all()


def colleague(session: Session, uid: str) -> User | None:
    """One of them by their opaque id."""
    return session.scalar(select(User).where(User.uid == clean(uid), User.kind == "staff", User.is_active))


def departments_of(actor: Actor) -> Sequence[Department]:
    """The departments whose board this person has: their own, and those that they manage (B10)."""
    ids = actor.departments | actor.manages
    if not ids:
        return ()
    return read_as(actor).scalars(select(Department).where(Department.id.in_(ids)).order_by(Department.name)).all()


def every_department(actor: Actor) -> Sequence[Department]:
    """All that work can be given to, by name."""
    return read_as(actor).scalars(select(Department).where(Department.is_active).order_by(Department.name)).all()
