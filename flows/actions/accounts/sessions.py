"""Signed in or not: one row a browser or phone, found by its token, ended here and everywhere at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pyotp
from sqlalchemy import select, update
from sqlalchemy.orm import Session, contains_eager

from flows import settings
from flows.actions.accounts.tokens import digest, new_token
from flows.clock import clock
from flows.models import DepartmentMember, Instance, Role, SignIn, User
from flows.models.people import user_roles
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Refused
from flows.words import gettext as _
from flows.work import Work

STAFF_IDLE = timedelta(hours=12)
CUSTOMER_IDLE = timedelta(days=30)
STAFF_LONGEST = timedelta(hours=24)
CUSTOMER_LONGEST = timedelta(days=90)
SECOND_FACTOR_WITHIN = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=5)

NextStep = Literal["", "totp", "enrol"]


@dataclass(frozen=True)
class Device:
    """Where somebody signs in from. `address` is the network address that tries are counted for."""

    address: str = ""
    user_agent: str = ""
    door: Literal["web", "app"] = "web"
    installation_id: str = ""


@dataclass(frozen=True)
class SignedIn:
    """Who it is, and the secret that the browser keeps. While `needs_second_factor` says something, the token opens
    nothing but the page for that: `totp` asks for a code of the authenticator, `enrol` to set one up. `begun` is the
    task that an accepted invitation started."""

    actor: Actor
    user: User
    sign_in: SignIn
    token: str
    needs_second_factor: NextStep = ""
    begun: Instance | None = None


@dataclass(frozen=True)
class Denied:
    """Not signed in. Returned and not raised, so that the counted try and the revoked family are kept (API.md 7.7)."""

    code: Literal[
        "code-invalid",
        "enrolment-needed",
        "refresh-reused",
        "second-factor-invalid",
        "second-factor-needed",
        "token-expired",
        "unauthenticated",
    ]
    detail: str


def open_sign_in(work: Work, user: User, device: Device, *, both_proved: bool = False) -> SignedIn:
    """A new session of this person, who proved the first factor, or both: then it waits for nothing."""
    now, token = clock.wall(), new_token()
    factor = second_factor_of(user)
    next_step: NextStep = "" if both_proved else factor
    if next_step == "enrol" and user.totp_secret is None:
        user.totp_secret = pyotp.random_base32()  # now, because the page that shows it is a GET and writes nothing
    ends_at = now + (STAFF_LONGEST if user.kind == "staff" else CUSTOMER_LONGEST)
    sign_in = SignIn(
        user=user,
        door=device.door,
        token_hash=digest(token),
        installation_id=device.installation_id[:80],
        user_agent=device.user_agent[:200],
        address=device.address[:45],
        created_at=now,
        last_seen_at=now,
        access_expires_at=now + SECOND_FACTOR_WITHIN if next_step else ends_at,
        expires_at=ends_at,
        # A staff session counts only with this moment set; where no second factor is asked for, it is set at once.
        second_factor_at=None if next_step else now,
    )
    user.last_seen_at = now
    work.session.add(sign_in)
    work.session.flush()
    work.actor = actor_of(work.session, sign_in)  # the rest of the work is theirs
    work.audit("signed_in", user.email, door=device.door, address=device.address, second_factor=factor)
    return SignedIn(work.actor, user, sign_in, token, next_step)


def second_factor_of(user: User) -> NextStep:
    """What this person has to do besides the first factor: nothing, give a code, or set a second factor up."""
    if user.kind != "staff":
        return ""
    if user.totp_confirmed_at is not None:
        return "totp"
    return "enrol" if settings.current().totp_required else ""


def pass_second_factor(work: Work, sign_in: SignIn) -> SignedIn:
    """The session counts from now on, under a new token: the one from before the second factor is worth nothing."""
    now, token = clock.wall(), new_token()
    sign_in.token_hash, sign_in.second_factor_at, sign_in.last_seen_at = digest(token), now, now
    sign_in.access_expires_at = sign_in.expires_at
    work.session.flush()
    return SignedIn(actor_of(work.session, sign_in), sign_in.user, sign_in, token)


def find_sign_in(session: Session, token: str) -> SignIn | None:
    """The live session of this token with its person, in one statement; None when it ended, idled out or never was.

    It may still lack the second factor: `actor_for_token` is what doors ask.
    """
    if not token or len(token) > 100:
        return None
    sign_in = session.scalar(
        select(SignIn)
        .join(SignIn.user)
        .options(contains_eager(SignIn.user))
        .where(SignIn.token_hash == digest(token), SignIn.revoked_at.is_(None), User.is_active)
    )
    return sign_in if sign_in is not None and _is_live(sign_in) else None


def _is_live(sign_in: SignIn) -> bool:
    now = clock.wall()
    idle = STAFF_IDLE if sign_in.user.kind == "staff" else CUSTOMER_IDLE
    return sign_in.access_expires_at > now and sign_in.expires_at > now and sign_in.last_seen_at > now - idle


def living(session: Session, sign_in_ids: Collection[int]) -> set[int]:
    """Which of these sessions are still alive, in one statement: what open sockets are held against."""
    found = session.scalars(
        select(SignIn)
        .join(SignIn.user)
        .options(contains_eager(SignIn.user))
        .where(SignIn.id.in_(sign_in_ids), SignIn.revoked_at.is_(None), User.is_active)
    )
    return {sign_in.id for sign_in in found if _is_live(sign_in)}


def actor_for_token(session: Session, token: str, door: Literal["web", "app"] = "web") -> Actor | None:
    """Who carries this token, in one statement (two for staff); None unless the sign-in is complete and alive.

    A token of one door opens no other.
    """
    sign_in = find_sign_in(session, token)
    if sign_in is None or sign_in.door != door or sign_in.second_factor_at is None:
        return None
    return actor_of(session, sign_in)


def actor_of_session(session: Session, sign_in_id: int) -> Actor | None:
    """Whose session this is, while it lives: what they may is read anew, so that an open socket is no privilege."""
    sign_in = session.scalar(
        select(SignIn)
        .join(SignIn.user)
        .options(contains_eager(SignIn.user))
        .where(SignIn.id == sign_in_id, SignIn.revoked_at.is_(None), User.is_active)
    )
    if sign_in is None or sign_in.second_factor_at is None or not _is_live(sign_in):
        return None
    return actor_of(session, sign_in)


def actor_of(session: Session, sign_in: SignIn) -> Actor:
    """The person of a session as the doer of what it asks for; what staff may is read anew each time."""
    user = sign_in.user
    if user.kind != "staff":
        return Actor(
            "customer",
            user.id,
            user.name,
            user.email,
            language=user.language,
            time_zone=user.time_zone,
            session_id=sign_in.id,
        )
    rows = session.execute(
        select(Role.name, Role.permissions, DepartmentMember.department_id, DepartmentMember.is_manager)
        .select_from(User)
        .outerjoin(user_roles, user_roles.c.user_id == User.id)
        .outerjoin(Role, Role.id == user_roles.c.role_id)
        .outerjoin(DepartmentMember, DepartmentMember.user_id == User.id)
        .where(User.id == user.id)
    ).all()
    return Actor(
        "staff",
        user.id,
        user.name,
        user.email,
        permissions=frozenset(permission for row in rows for permission in row.permissions or ()),
        roles=frozenset(row.name for row in rows if row.name is not None),
        departments=frozenset(row.department_id for row in rows if row.department_id is not None),
        manages=frozenset(row.department_id for row in rows if row.is_manager),
        language=user.language,
        time_zone=user.time_zone,
        session_id=sign_in.id,
    )


def is_due_to_be_seen(sign_in: SignIn) -> bool:
    return sign_in.last_seen_at < clock.wall() - SEEN_EVERY


def see(work: Work, sign_in_id: int) -> None:
    """The session is in use: what its idle end counts from. At most every 5 minutes, after the answer is made."""
    now = clock.wall()
    work.session.execute(
        update(SignIn).where(SignIn.id == sign_in_id, SignIn.last_seen_at < now - SEEN_EVERY).values(last_seen_at=now)
    )


def sign_out(work: Work, sign_in_uid: str | None = None) -> None:
    """End the session the actor came through, or another one of theirs. Refused when it is not theirs."""
    query = select(SignIn).where(SignIn.user_id == work.actor.user_id, SignIn.revoked_at.is_(None)).with_for_update()
    query = query.where(SignIn.uid == sign_in_uid if sign_in_uid is not None else SignIn.id == work.actor.session_id)
    sign_in = work.session.scalar(query)
    if sign_in is None:
        if sign_in_uid is not None:
            raise Refused(_("No such session"))
        return
    sign_in.revoked_at = clock.wall()
    work.audit("signed_out", work.actor.email, session=sign_in.uid)


def sign_out_everywhere(work: Work) -> None:
    """End every session of the actor, this one too."""
    end_sessions(work, work.actor.user_id or 0)
    work.audit("signed_out_everywhere", work.actor.email)


def end_sessions(work: Work, user_id: int, but: int | None = None) -> None:
    """Revoke the sessions of a person, all or all but one."""
    query = update(SignIn).where(SignIn.user_id == user_id, SignIn.revoked_at.is_(None))
    if but is not None:
        query = query.where(SignIn.id != but)
    work.session.execute(query.values(revoked_at=clock.wall()))


NOBODY = SYSTEM
"""Who acts before anybody is known: every verb of signing in runs in `unit_of_work(NOBODY)`."""
