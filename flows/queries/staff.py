"""What the back office shows and no customer asks for: the figures of its first page, people, customers, audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ScalarSelect, Select, and_, func, or_, select
from sqlalchemy.orm import selectinload

from flows.access import clean, read_as
from flows.clock import clock
from flows.models import (
    AuditEntry,
    Department,
    DepartmentMember,
    Effect,
    Instance,
    Membership,
    Order,
    Organisation,
    Role,
    SignIn,
    Timer,
    User,
)
from flows.models.instances import OPEN_STATUSES
from flows.models.orders import OPEN_ORDER_STATES
from flows.queries import instances, unread
from flows.queries.pages import Page, page_of
from flows.rules.actors import Actor
from flows.rules.errors import Refused
from flows.words import gettext as _

SOON = timedelta(hours=48)
LATE = timedelta(minutes=2)
"""A timer that is due for longer than this should have fired: the ticker looks every few seconds."""


@dataclass(frozen=True)
class Figures:
    """What waits, counted in two statements; `orders` by state."""

    pending: int
    expiring: int
    incidents: int
    late_timers: int
    customers: int
    orders: dict[str, int] = field(default_factory=dict)


def figures(actor: Actor, now: datetime) -> Figures:
    """The numbers of the first page (A1 of SCREENS.md)."""
    alive = and_(Instance.status.in_(OPEN_STATUSES), or_(Instance.expires_at.is_(None), Instance.expires_at > now))
    active = select(func.count(Organisation.id)).where(Organisation.is_active, Organisation.is_customer)
    customers = active.scalar_subquery()
    row = (
        read_as(actor)
        .execute(
            select(
                select(func.count(Instance.id)).where(alive).scalar_subquery(),
                select(func.count(Instance.id)).where(alive, Instance.expires_at <= now + SOON).scalar_subquery(),
                incidents_counted(),
                late_counted(now),
                customers,
            )
        )
        .one()
    )
    states = read_as(actor).execute(select(Order.state, func.count(Order.id)).group_by(Order.state)).all()
    return Figures(row[0], row[1], row[2], row[3], row[4], dict(states))


def badges(actor: Actor, now: datetime) -> dict[str, Select[Any]]:
    """What is counted beside an entry of the navigation, by the address of its page: what waits for people there.

    `messages` are those that this person has not read: they stand in the title of every page (C51).
    """
    return {
        "outbox": select(Effect.id).where(Effect.state == "incident"),
        "instances": instances.fitting(actor, now, instances.views(actor)["review"]),
        "messages": unread.open_for(actor),
    }


def incidents_counted() -> ScalarSelect[int]:
    return select(func.count(Effect.id)).where(Effect.state == "incident").scalar_subquery()


def late_counted(now: datetime) -> ScalarSelect[int]:
    return select(func.count(Timer.id)).where(Timer.ended_at.is_(None), Timer.due_at <= now - LATE).scalar_subquery()


# --- customers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Customer:
    """An organisation with who resells to it, whom it resells to, and how much there is."""

    organisation: Organisation
    parent: Organisation | None
    customers: Sequence[Organisation]
    orders: int
    open_orders: int
    open_tasks: int


def customer(actor: Actor, uid: str) -> Customer:
    """Everything about one customer that is not a list of its own, in three statements."""
    session = read_as(actor)
    orders = select(func.count(Order.id)).where(Order.organisation_id == Organisation.id)
    tasks = select(func.count(Instance.id)).where(
        Instance.organisation_id == Organisation.id, Instance.closed_at.is_(None)
    )
    query = select(
        Organisation,
        orders.correlate(Organisation).scalar_subquery(),
        orders.where(Order.state.in_(OPEN_ORDER_STATES)).correlate(Organisation).scalar_subquery(),
        tasks.correlate(Organisation).scalar_subquery(),
    ).where(Organisation.uid == clean(uid), Organisation.is_customer)
    row = session.execute(query).one_or_none()
    if row is None:
        raise Refused(_("No such customer"))
    parent = session.get(Organisation, row[0].parent_id) if row[0].parent_id else None
    children = select(Organisation).where(Organisation.parent_id == row[0].id).order_by(Organisation.name).limit(100)
    return Customer(row[0], parent, session.scalars(children).all(), *row[1:])


# --- people -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person:
    """Somebody with all that they belong to; `sessions` are alive."""

    user: User
    memberships: Sequence[tuple[Organisation, str]]
    departments: Sequence[tuple[Department, bool]]
    sessions: Sequence[SignIn]


def person(actor: Actor, uid: str) -> Person:
    session = read_as(actor)
    user = session.scalar(select(User).where(User.uid == clean(uid)).options(selectinload(User.roles)))
    if user is None:
        raise Refused(_("No such person"))
    memberships = select(Organisation, Membership.role).join(Membership, Membership.organisation_id == Organisation.id)
    departments = select(Department, DepartmentMember.is_manager).join(Department.members)
    alive = (SignIn.revoked_at.is_(None), SignIn.expires_at > clock.wall())
    sessions = select(SignIn).where(SignIn.user_id == user.id, *alive).order_by(SignIn.last_seen_at.desc()).limit(50)
    return Person(
        user,
        [
            (row[0], row[1])
            for row in session.execute(
                memberships.where(Membership.user_id == user.id).order_by(Organisation.name).limit(100)
            )
        ],
        [
            (row[0], row[1])
            for row in session.execute(departments.where(DepartmentMember.user_id == user.id).order_by(Department.name))
        ],
        session.scalars(sessions).all(),
    )


def roles(actor: Actor) -> Sequence[Role]:
    return read_as(actor).scalars(select(Role).order_by(Role.id)).all()


def holders(actor: Actor) -> dict[int, int]:
    """How many people have each role, by its id."""
    query = select(Role.id, func.count(User.id)).join(User.roles).where(User.is_active).group_by(Role.id)
    return dict(read_as(actor).execute(query).all())


def department(actor: Actor, uid: str) -> tuple[Department, Sequence[DepartmentMember]]:
    """A department with its members, managers first."""
    found = read_as(actor).scalar(select(Department).where(Department.uid == clean(uid)))
    if found is None:
        raise Refused(_("No such department"))
    members = select(DepartmentMember).join(DepartmentMember.user).options(selectinload(DepartmentMember.user))
    query = members.where(DepartmentMember.department_id == found.id)
    return found, read_as(actor).scalars(query.order_by(DepartmentMember.is_manager.desc(), User.name)).all()


# --- what was done ----------------------------------------------------------------------------------------------


def audit(
    actor: Actor, *, kind: str = "", who: str = "", thing: str = "", cursor: str | None = None, limit: int = 50
) -> Page[AuditEntry]:
    """One page of the audit log, newest first, in one statement."""
    query = select(AuditEntry)
    if kind:
        query = query.where(AuditEntry.kind == clean(kind))
    for column, words in ((AuditEntry.actor_name, who), (AuditEntry.thing, thing)):
        if words.strip():
            query = query.where(column.icontains(clean(words).strip()[:100], autoescape=True))
    return page_of(read_as(actor), query, AuditEntry.at, cursor=cursor, limit=limit)


def audit_kinds(actor: Actor) -> Sequence[str]:
    return read_as(actor).scalars(select(AuditEntry.kind).distinct().order_by(AuditEntry.kind)).all()
