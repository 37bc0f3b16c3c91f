"""Roles and who has them. Somebody must always be left who may see to users, or nobody could ever change this again."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from flows.access import require
from flows.actions.changing import change, fingerprint, flush, text
from flows.models import Role, User
from flows.rules.actors import PERMISSIONS
from flows.rules.errors import Invalid, OutOfStep, Problem, Stale
from flows.rules.passwords import clean_email
from flows.words import gettext as _
from flows.work import Work

FIRST_ROLES = {
    "admin": PERMISSIONS,
    "agent": ("view", "create", "review", "assign", "message", "cancel", "orders"),
    "reader": ("view",),
}
"""What a new installation begins with."""


def add(work: Work, given: Mapping[str, str]) -> Role:
    """A new role that grants nothing yet (needs `users`)."""
    require(work.actor, "users")
    problems: list[Problem] = []
    name = text(given, "name", 64, problems, _("Enter the role's name")).lower()
    if name and not name.replace("_", "a").replace("-", "a").isalnum():
        problems.append(
            Problem("/name", "pattern", _("Use letters, digits, - and _ only: flows speak of it as role.<name>"))
        )
    if work.session.scalar(select(Role.id).where(Role.name == name)):
        problems.append(Problem("/name", "taken", _("There is a role with this name already")))
    if problems:
        raise Invalid(problems)
    role = Role(name=name, permissions=[])
    work.session.add(role)
    flush(work)
    work.audit("role_added", role.name)
    return role


def grant(work: Work, matrix: Mapping[int, Collection[str]], seen: str = "") -> None:
    """Set what each role grants, by its id (needs `users`). Raises Stale when `seen` is not how it stands."""
    require(work.actor, "users")
    roles = work.session.scalars(select(Role).order_by(Role.id).with_for_update(of=Role)).all()
    if seen and seen != as_seen(roles):
        raise Stale(
            _("Somebody else changed the roles while you had them open. Check them, then save again"), as_seen(roles)
        )
    for role in roles:
        wanted = [permission for permission in PERMISSIONS if permission in matrix.get(role.id, ())]
        change(work, role, "role_changed", role.name, {"permissions": wanted}, "")
    _keep_a_keeper(work)


def give(work: Work, person: User, role_ids: Collection[int]) -> None:
    """Give a member of staff these roles and no others (needs `users`)."""
    require(work.actor, "users")
    if person.kind != "staff":
        raise Invalid(
            _("Customers have no roles. Invite this person as staff, under another address"), "/roles", "customer"
        )
    before = sorted(role.name for role in person.roles)
    person.roles = list(work.session.scalars(select(Role).where(Role.id.in_(role_ids)).order_by(Role.id)))
    flush(work)
    after = sorted(role.name for role in person.roles)
    if before != after:
        work.audit("roles_given", person.email, roles=[before, after])
    _keep_a_keeper(work)


def give_one(work: Work, email: str, name: str) -> User:
    """Give a staff member one more role (needs `users`). Raises Invalid when there is no such person or role."""
    require(work.actor, "users")
    person = select(User).where(User.email == clean_email(email), User.kind == "staff")
    user = work.session.scalar(person.options(selectinload(User.roles)))
    if user is None:
        raise Invalid(_("Nobody on the staff has this address; invite them first"), "/email", "unknown")
    role = _role_named(work, name)
    if role not in user.roles:
        user.roles.append(role)
        work.audit("role_given", user.email, role=role.name)
    return user


def as_seen(roles: Collection[Role]) -> str:
    """What stands in the form of the matrix, so that nobody overwrites what they have not seen."""
    return fingerprint({str(role.id): role.permissions for role in roles})


def _role_named(work: Work, name: str) -> Role:
    """The role of this name; where there are none at all, the first ones are made. Invalid lists those there are."""
    roles = {role.name: role for role in work.session.scalars(select(Role))}
    if not roles:
        roles = {first: Role(name=first, permissions=list(granted)) for first, granted in FIRST_ROLES.items()}
        work.session.add_all(roles.values())
    if name not in roles:
        raise Invalid(
            _("No role is called %(name)s; there are %(roles)s", name=repr(name), roles=", ".join(sorted(roles))),
            "/role",
            "unknown",
        )
    return roles[name]


def _keep_a_keeper(work: Work) -> None:
    held = work.session.scalars(select(Role.permissions).join(User.roles).where(User.is_active))
    if not any("users" in permissions for permissions in held):
        raise OutOfStep(_('At least one person who can sign in must keep the permission "users"'))
