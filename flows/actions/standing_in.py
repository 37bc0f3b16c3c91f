"""Delegation while away: from one day to another a colleague stands in, and everything done so is recorded (X6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from flows import access
from flows.models import Delegation, User
from flows.rules import timing
from flows.rules.actors import Actor
from flows.rules.errors import Invalid, Problem, Refused
from flows.words import gettext as _
from flows.work import Work

MOST_HOPS = 5


@dataclass(frozen=True)
class Colleague:
    """Somebody who is away, with the roles that their delegate may use meanwhile."""

    user_id: int
    name: str
    roles: frozenset[str]


def covered_by(session: Session, actor: Actor, now: datetime) -> list[Colleague]:
    """For whom this actor stands in today, by the calendar of those who are away; one statement."""
    if actor.user_id is None:
        return []
    query = (
        select(Delegation)
        .where(Delegation.delegate_id == actor.user_id, Delegation.ends_on >= _earliest(now))
        .options(joinedload(Delegation.user).joinedload(User.roles))
    )
    return [
        Colleague(one.user_id, one.user.name, frozenset(role.name for role in one.user.roles))
        for one in session.scalars(query.order_by(Delegation.id)).unique()
        if one.user.is_active and one.holds(now)
    ]


def who_is_there(session: Session, user: User, now: datetime) -> User:
    """This person, or whoever stands in for them today; a delegate who is away too is followed on."""
    there, seen = user, {user.id}
    for _hop in range(MOST_HOPS):
        query = select(Delegation).where(Delegation.user_id == there.id, Delegation.ends_on >= _earliest(now))
        options = query.options(selectinload(Delegation.delegate), selectinload(Delegation.user))
        away = next((one for one in session.scalars(options.order_by(Delegation.id)) if one.holds(now)), None)
        if away is None or not away.delegate.is_active or away.delegate_id in seen:
            return there
        there = away.delegate
        seen.add(there.id)
    return there


def delegate(work: Work, user: User, delegate: User, starts_on: date, ends_on: date, note: str = "") -> Delegation:
    """Staff name who stands in for them; whoever sees to users may do it for somebody else.

    Raises Invalid with every problem: another colleague, who is staff and active, from a day to the same or a later.
    """
    if user.id != work.actor.user_id:
        access.require(work.actor, "users")
    problems = []
    if delegate.id == user.id or delegate.kind != "staff" or not delegate.is_active:
        problems.append(Problem("/delegate", "choice", _("Choose another colleague who can sign in")))
    if ends_on < starts_on:
        problems.append(Problem("/ends_on", "order", _("The last day cannot be before the first")))
    if ends_on < timing.local_date(work.now, user.time_zone):
        problems.append(Problem("/ends_on", "past", _("The last day must be today or later")))
    if problems:
        raise Invalid(problems)
    made = Delegation(
        user=user, delegate=delegate, starts_on=starts_on, ends_on=ends_on, note=note.strip()[:400],
        created_at=work.now,
    )  # fmt: skip
    work.session.add(made)
    work.session.flush()
    work.audit("delegated", user.email, to=delegate.email, starts_on=starts_on.isoformat(), ends_on=ends_on.isoformat())
    return made


def withdraw(work: Work, uid: str) -> Delegation:
    """End a delegation: its own person, or whoever sees to users."""
    made = work.session.scalar(select(Delegation).where(Delegation.uid == access.clean(uid)).with_for_update())
    if made is None or (made.user_id != work.actor.user_id and not work.actor.may("users")):
        raise Refused(_("No such delegation"))
    work.session.delete(made)
    work.audit("delegation_withdrawn", made.user.email, to=made.delegate.email)
    return made


def _earliest(now: datetime) -> date:
    """No calendar on earth is further behind than this: what ended before is over everywhere."""
    return timing.local_date(now, "Etc/GMT+12")
