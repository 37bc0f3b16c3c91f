"""Passwords: kept as argon2 hashes that cost 19 MiB and a few hundredths of a second each."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.orm import Session

from flows.actions.accounts.sessions import Denied, end_sessions
from flows.actions.accounts.tallies import count_try
from flows.clock import clock
from flows.models import SignIn, User
from flows.rules.actors import Actor
from flows.rules.errors import Refused
from flows.rules.passwords import MOST_CHARACTERS, check_password
from flows.words import gettext as _
from flows.work import Work

FRESH = timedelta(minutes=15)
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return HASHER.hash(password)


def verify(password_hash: str | None, password: str) -> bool:
    """Whether it is the right one. Without a hash it takes as long and is never right."""
    try:
        return HASHER.verify(password_hash or _nobodys_hash(), password[:MOST_CHARACTERS]) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return hash_password("the password of nobody")


def remember_hash(user: User, password: str) -> None:
    """Hash anew when the cost has changed since; only now is the password known."""
    if user.password_hash and HASHER.check_needs_rehash(user.password_hash):
        user.password_hash = hash_password(password)


def set_password(work: Work, password: str, current: str | None = None) -> Denied | None:
    """Set or change the actor's own password; every other session of theirs ends.

    Raises Invalid when it is too weak. Denied when `current` is wrong: returned, so that the counted try is kept. Who
    signed in within the last 15 minutes needs no current one, so that a forgotten password is replaced after signing in
    with a code.
    """
    user = work.session.get(User, work.actor.user_id)
    if user is None:
        raise Refused(_("Sign in first"), known=True, code="unauthenticated")
    check_password(password, user.email)
    count_try(work, f"password:{user.id}")
    if not is_fresh(work.session, work.actor) and user.password_hash and not verify(user.password_hash, current or ""):
        return Denied("unauthenticated", _("This is not your current password"))
    user.password_hash = hash_password(password)
    end_sessions(work, user.id, but=work.actor.session_id)
    work.audit("password_set", user.email)
    return None


def is_fresh(session: Session, actor: Actor) -> bool:
    """Whether the actor signed in so lately that asking again would prove nothing."""
    sign_in = session.get(SignIn, actor.session_id) if actor.session_id else None
    return sign_in is not None and sign_in.created_at > clock.wall() - FRESH
