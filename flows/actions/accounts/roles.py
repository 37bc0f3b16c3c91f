"""Roles of staff: who is given one, and the three that a new installation begins with."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from flows.access import require
from flows.models import Role, User
from flows.rules.actors import PERMISSIONS
from flows.rules.errors import Invalid
from flows.rules.passwords import clean_email
from flows.work import Work

FIRST_ROLES = {
    "admin": PERMISSIONS,
    "agent": ("view", "create", "review", "assign", "message", "cancel", "orders"),
    "reader": ("view",),
}


def give_role(work: Work, email: str, name: str) -> User:
    """Give a staff member one more role. Needs the permission `users`; Invalid when there is no such person or role."""
    require(work.actor, "users")
    person = select(User).where(User.email == clean_email(email), User.kind == "staff")
    user = work.session.scalar(person.options(selectinload(User.roles)))
    if user is None:
        raise Invalid("Nobody on the staff has this address; invite them first", "/email", "unknown")
    role = role_named(work, name)
    if role not in user.roles:
        user.roles.append(role)
        work.audit("role_given", user.email, role=role.name)
    return user


def role_named(work: Work, name: str) -> Role:
    """The role of this name; where there are none at all, the first ones are made. Invalid lists those there are."""
    roles = {role.name: role for role in work.session.scalars(select(Role))}
    if not roles:
        roles = {first: Role(name=first, permissions=list(granted)) for first, granted in FIRST_ROLES.items()}
        work.session.add_all(roles.values())
    if name not in roles:
        raise Invalid(f"No role is called {name!r}; there are {', '.join(sorted(roles))}", "/role", "unknown")
    return roles[name]
