"""What staff do about people: colleagues are invited with their roles, anybody is signed out or sent a code."""

from __future__ import annotations

from collections.abc import Collection

from flows.access import require
from flows.actions import accounts, roles
from flows.actions.accounts.sessions import end_sessions
from flows.actions.changing import locked
from flows.models import User
from flows.rules.errors import Invalid, OutOfStep
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work


def invite_colleague(work: Work, email: str, name: str, role_ids: Collection[int]) -> User:
    """Mail an invitation and make the account, so that the roles are there when it is accepted (needs `users`)."""
    require(work.actor, "users")
    if not role_ids:
        raise Invalid(_("Choose at least one role, or this person could see nothing"), "/roles", "required")
    accounts.invite(work, email, "staff")
    person = accounts.add_person(work, kind="staff", email=email, name=name)
    roles.give(work, person, role_ids)
    return person


def person_to_change(work: Work, uid: str) -> User:
    """Locked, for staff who see to users."""
    require(work.actor, "users")
    person: User = locked(work, User, uid, N_("No such person"))
    return person


def lock_out(work: Work, uid: str) -> User:
    """Turn an account off at once; not one's own."""
    person = person_to_change(work, uid)
    accounts.deactivate_user(work, person)
    return person


def let_in_again(work: Work, uid: str) -> User:
    """Turn an account on again."""
    person = person_to_change(work, uid)
    accounts.reactivate_user(work, person)
    return person


def sign_out_person(work: Work, uid: str) -> User:
    """End every session of somebody, because a phone was lost or a colleague has left."""
    person = person_to_change(work, uid)
    end_sessions(work, person.id)
    work.audit("signed_out_by_staff", person.email)
    return person


def send_code_to(work: Work, uid: str) -> User:
    """Mail somebody a sign-in code because they asked for help; only they can read it."""
    person = person_to_change(work, uid)
    if not person.is_active:
        raise OutOfStep(_("This account is locked. Unlock it first"))
    accounts.send_code(work, person.email)
    work.audit("sign_in_code_sent", person.email)
    return person


def reset_second_factor(work: Work, uid: str) -> User:
    """Let a colleague set up a new authenticator."""
    person = person_to_change(work, uid)
    if person.totp_secret is None:
        raise OutOfStep(_("This person has no second factor"))
    accounts.reset_totp(work, person)
    return person
