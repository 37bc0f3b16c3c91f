"""A new tenant is invited: their household, an invitation by mail, and the flow that starts when they accept (C10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import available_timezones

from sqlalchemy import select

from flows import access
from flows.actions import accounts, beginning
from flows.actions.beginning import Wish
from flows.actions.changing import text
from flows.clock import clock
from flows.models import Instance, Invitation, Membership, Organisation, User
from flows.rules.errors import Invalid, Problem
from flows.rules.passwords import clean_email
from flows.words import gettext as _
from flows.work import Work


def invite_tenant(work: Work, given: Mapping[str, str], flow: str, wish: Wish) -> Invitation | Instance:
    """Invite somebody who is to go through an onboarding flow (needs `create`).

    `given`: `name` of the person, `email`, `address` of the home, `time_zone`. Somebody who has an account already gets
    the flow at once, and no invitation. Raises Invalid with every problem.
    """
    access.require(work.actor, "create")
    problems: list[Problem] = []
    name = text(given, "name", 160, problems, _("Enter the tenant's name"))
    lines = text(given, "address", 400, problems, _("Enter the address of the home")).splitlines()
    address = ", ".join(line.strip(" ,") for line in lines if line.strip(" ,"))
    zone = text(given, "time_zone", 64, problems) or work.actor.time_zone
    if zone not in available_timezones():
        problems.append(Problem("/time_zone", "choice", _("Enter a time zone, such as Europe/London")))
    email = _email(given, problems)
    try:
        begins = beginning.begins_with(work, flow, wish)
    except Invalid as wrong:
        raise Invalid([*problems, *wrong.problems]) from None
    if problems:
        raise Invalid(problems)
    known = work.session.scalar(select(User).where(User.email == email))
    if known is not None:
        return _start_for(work, known, begins)
    household = Organisation(
        name=name,
        slug=accounts.slug_of(name),
        kind="household",
        address=address,
        time_zone=zone,
        created_at=clock.wall(),
    )
    work.session.add(household)
    work.session.flush()
    work.audit("organisation_added", name, address=address)
    return accounts.invite(work, email, "customer", household, "owner", begins)


def _start_for(work: Work, known: User, begins: Mapping[str, object]) -> Instance:
    query = select(Organisation).join(Membership, Membership.organisation_id == Organisation.id)
    home = work.session.scalar(query.where(Membership.user_id == known.id).order_by(Membership.id).limit(1))
    if known.kind != "customer" or not known.is_active or home is None:
        raise Invalid(_("This address belongs to somebody who is no tenant. Use another address"), "/email", "taken")
    started = beginning.start_invited(work, begins, known, home, work.actor.user_id)
    if started is None:
        raise Invalid(_("This flow cannot be started any more. Choose another one"), "/flow", "choice")
    return started


def _email(given: Mapping[str, str], problems: list[Problem]) -> str:
    try:
        return clean_email(given.get("email", ""))
    except Invalid as wrong:
        problems += [replace(one, pointer="/email") for one in wrong.problems]
        return ""
