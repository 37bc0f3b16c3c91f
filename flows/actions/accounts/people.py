"""People and the organisations they belong to: who is added, changed, removed or turned off (X28)."""

from __future__ import annotations

import re
import unicodedata
from zoneinfo import available_timezones

from sqlalchemy import func, select

from flows.access import clean, require
from flows.actions.accounts.sessions import end_sessions
from flows.actions.accounts.tallies import count_try
from flows.clock import clock
from flows.models import Membership, Organisation, User
from flows.rules.errors import Invalid, OutOfStep, Problem, Refused
from flows.rules.passwords import ASK_FOR_A_CUSTOMERS, ASK_FOR_YOURS, clean_email, name_problems
from flows.words import LANGUAGES
from flows.words import gettext as _
from flows.work import Work

MOST_CUSTOMERS_AN_HOUR = 60


def add_person(work: Work, *, kind: str, email: str, name: str, time_zone: str = "", language: str = "en") -> User:
    """A new account without a password. Raises Invalid with every problem at once."""
    email = clean_email(email)
    _check(name, time_zone, language)
    if work.session.scalar(select(User.id).where(User.email == email)):
        raise Invalid(_("There is an account with this address already"), "/email", "taken")
    user = User(kind=kind, email=email, name=clean(name).strip(), language=language, created_at=clock.wall())
    if time_zone:
        user.time_zone = time_zone
    work.session.add(user)
    work.session.flush()
    work.audit("person_added", email, person_kind=kind)
    return user


def change_profile(work: Work, *, name: str, language: str, time_zone: str) -> User:
    """Change the actor's own name, language and time zone. Raises Invalid with every problem at once."""
    user = work.session.get(User, work.actor.user_id)
    if user is None:
        raise Refused(_("Sign in first"), known=True, code="unauthenticated")
    _check(name, time_zone, language)
    before = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    user.name, user.language, user.time_zone = clean(name).strip(), language, time_zone
    after = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    if changed:
        work.audit("profile_changed", user.email, **changed)
    return user


def deactivate_user(work: Work, user: User) -> None:
    """Close an account: it cannot sign in any more and every session of it ends now. Needs the permission `users`."""
    require(work.actor, "users")
    if user.id == work.actor.user_id:
        raise Refused(_("You cannot turn your own account off"), known=True)
    user.is_active = False
    end_sessions(work, user.id)
    work.audit("person_deactivated", user.email)


def reactivate_user(work: Work, user: User) -> None:
    """Open a closed account again. Needs the permission `users`."""
    require(work.actor, "users")
    user.is_active = True
    work.audit("person_reactivated", user.email)


def own_organisation(work: Work, organisation: Organisation) -> None:
    """Refused unless the actor is an owner of this organisation or of the one that resells to it."""
    owned = work.session.scalar(
        select(Membership.id)
        .where(
            Membership.user_id == work.actor.user_id,
            Membership.role == "owner",
            Membership.organisation_id.in_([organisation.id, organisation.parent_id or 0]),
        )
        .limit(1)
    )
    if owned is None:
        raise Refused(_("Only an owner of this organisation may do that"), known=True)


def remove_member(work: Work, organisation: Organisation, user_uid: str) -> None:
    """End a membership; what the person did stays. OutOfStep for the last owner. Owners, or staff with `users`."""
    if work.actor.kind == "customer":
        own_organisation(work, organisation)
    else:
        require(work.actor, "users")
    # The organisation's row is the lock: two owners who remove each other must not both succeed.
    work.session.refresh(organisation, with_for_update=True)
    membership = work.session.scalar(
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organisation_id == organisation.id, User.uid == user_uid)
    )
    if membership is None:
        raise Refused(_("No such member"))
    owners = select(func.count(Membership.id)).where(
        Membership.organisation_id == organisation.id, Membership.role == "owner"
    )
    if membership.role == "owner" and work.session.scalar(owners) == 1:
        raise OutOfStep(_("An organisation keeps at least one owner. Invite another owner first"))
    work.session.delete(membership)
    work.audit("member_removed", user_uid, organisation=organisation.name)


def add_customer_organisation(
    work: Work,
    name: str,
    *,
    kind: str = "company",
    address: str = "",
    time_zone: str = "",
    parent_uid: str | None = None,
) -> Organisation:
    """A customer that the actor's own organisation resells to (A20, A35). Only one level: a customer's people add none.

    Raises Invalid for the words given, Refused without an organisation of their own to resell from.
    """
    name = clean(name).strip()
    problems = name_problems(name, ASK_FOR_A_CUSTOMERS)
    if len(address) > 400:
        problems.append(Problem("/address", "too-long", _("Use 400 characters at most for the address")))
    if time_zone and time_zone not in available_timezones():
        problems.append(Problem("/time_zone", "choice", _("Choose a time zone from the list")))
    if problems:
        raise Invalid(problems)
    count_try(work, f"customer:{work.actor.user_id}", MOST_CUSTOMERS_AN_HOUR, 3600)
    parent = _reseller(work, parent_uid)
    _refuse_twins(work, parent, name)
    organisation = Organisation(
        name=name,
        slug=slug_of(name),
        kind=kind,
        parent_id=parent.id,
        address=clean(address).strip(),
        time_zone=time_zone or parent.time_zone,
        created_at=clock.wall(),
    )
    work.session.add(organisation)
    work.session.flush()
    work.audit("organisation_added", name, parent=parent.name)
    return organisation


def _reseller(work: Work, uid: str | None) -> Organisation:
    query = select(Organisation).where(
        Organisation.is_active, Organisation.parent_id.is_(None), Organisation.kind == "company"
    )
    if work.actor.kind == "customer":
        query = query.join(Membership, Membership.organisation_id == Organisation.id).where(
            Membership.user_id == work.actor.user_id
        )
    else:
        require(work.actor, "users")
    if uid is not None:
        query = query.where(Organisation.uid == uid)
    found = work.session.scalars(query.order_by(Organisation.id).limit(2)).all()
    if len(found) > 1:
        raise Invalid(_("Choose which of your organisations this customer belongs to"), "/parent", "required")
    if not found:
        raise Refused(_("Only people of a company of their own may add customers"), known=True)
    return found[0]


def _refuse_twins(work: Work, parent: Organisation, name: str) -> None:
    twin = select(Organisation.id).where(
        Organisation.parent_id == parent.id, func.lower(Organisation.name) == name.lower()
    )
    if work.session.scalar(twin.limit(1)):
        raise Invalid(_("You have a customer with this name already"), "/name", "taken")


def slug_of(name: str) -> str:
    """The name as part of an address: "Zoë & Söhne" is `zoe-sohne`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:80] or "customer"


def _check(name: str, time_zone: str, language: str) -> None:
    problems = name_problems(name, ASK_FOR_YOURS)
    if time_zone and time_zone not in available_timezones():
        problems.append(Problem("/time_zone", "choice", _("Choose a time zone from the list")))
    if language not in LANGUAGES:
        problems.append(Problem("/language", "choice", _("Choose a language from the list")))
    if problems:
        raise Invalid(problems)
