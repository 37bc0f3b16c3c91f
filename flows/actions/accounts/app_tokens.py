"""Tokens of the mobile app: a short access token, and a refresh token that is new after each use (API.md 7.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from flows.actions.accounts.sessions import STAFF_IDLE, STAFF_LONGEST, Denied, SignedIn
from flows.actions.accounts.tokens import digest, family_of, first_refresh_token, new_token, next_refresh_token
from flows.actions.noticing import tell
from flows.clock import clock
from flows.models import SignIn, User
from flows.words import N_, saying
from flows.words import gettext as _
from flows.work import Work

ACCESS_LIVES = timedelta(minutes=15)
REFRESH_LIVES = timedelta(days=60)
SAME_SUCCESSOR_FOR = timedelta(seconds=30)
REUSED = N_("This device was signed out, because an old key of it was used again. Sign in again")


@dataclass(frozen=True)
class AppTokens:
    """What the app keeps. Both lives are in seconds."""

    user: User
    access_token: str
    refresh_token: str
    expires_in: int
    refresh_expires_in: int


def issue_app_tokens(signed_in: SignedIn) -> AppTokens:
    """The first tokens of a phone that has just signed in through the door `app`."""
    sign_in = signed_in.sign_in
    refresh_token = first_refresh_token(sign_in.uid)
    sign_in.refresh_hash = digest(refresh_token)
    return _with_access(sign_in, refresh_token)


def refresh_app_tokens(work: Work, refresh_token: str, installation_id: str) -> AppTokens | Denied:
    """New tokens for old. The token just replaced gives the same successor for 30 seconds, because answers get lost on
    the way; any older use means that somebody copied it, and ends the whole family.
    """
    now, presented = clock.wall(), digest(refresh_token)
    # Two phones with one token come here one after the other, or both would be given a successor of their own.
    sign_in = work.session.scalar(
        select(SignIn)
        .join(User)
        .where(
            or_(SignIn.refresh_hash == presented, SignIn.previous_refresh_hash == presented),
            SignIn.door == "app",
            SignIn.revoked_at.is_(None),
            SignIn.expires_at > now,
            User.is_active,
        )
        .with_for_update(of=SignIn)
    )
    if sign_in is None:
        return _end_family(work, family_of(refresh_token))
    if sign_in.installation_id != installation_id[:80]:
        return _reused(work, sign_in)
    follows = next_refresh_token(refresh_token, sign_in.uid)
    if sign_in.refresh_hash == presented:
        sign_in.previous_refresh_hash, sign_in.refresh_hash, sign_in.rotated_at = presented, digest(follows), now
    elif sign_in.rotated_at is None or now - sign_in.rotated_at > SAME_SUCCESSOR_FOR:
        return _reused(work, sign_in)
    return _with_access(sign_in, follows)


def revoke_app_tokens(work: Work, refresh_token: str) -> None:
    """Sign this phone out; says nothing about whether the token was one."""
    presented = digest(refresh_token)
    sign_in = work.session.scalar(
        select(SignIn)
        .where(or_(SignIn.refresh_hash == presented, SignIn.previous_refresh_hash == presented))
        .with_for_update()
    )
    if sign_in is not None and sign_in.revoked_at is None:
        sign_in.revoked_at = clock.wall()
        work.audit("signed_out", f"user {sign_in.user_id}", session=sign_in.uid)


def _with_access(sign_in: SignIn, refresh_token: str) -> AppTokens:
    now, access_token = clock.wall(), new_token("at_")
    sign_in.token_hash, sign_in.last_seen_at, sign_in.expires_at = digest(access_token), now, _end_of(sign_in, now)
    sign_in.access_expires_at = min(now + ACCESS_LIVES, sign_in.expires_at)
    return AppTokens(
        sign_in.user,
        access_token,
        refresh_token,
        expires_in=int((sign_in.access_expires_at - now).total_seconds()),
        refresh_expires_in=int((sign_in.expires_at - now).total_seconds()),
    )


def _end_of(sign_in: SignIn, now: datetime) -> datetime:
    """When the refresh token runs out. Staff are signed in no longer, and no longer idle, than in a browser."""
    if sign_in.user.kind == "staff":
        return min(now + STAFF_IDLE, sign_in.created_at + STAFF_LONGEST)
    return now + REFRESH_LIVES


def _end_family(work: Work, family: str | None) -> Denied:
    """An old token of ours ends the family it belongs to, if that is still alive."""
    query = select(SignIn).where(SignIn.uid == family, SignIn.door == "app", SignIn.revoked_at.is_(None))
    sign_in = work.session.scalar(query.with_for_update()) if family else None
    if sign_in is None or sign_in.expires_at <= clock.wall():
        return Denied("unauthenticated", _("Sign in again"))
    return _reused(work, sign_in)


def _reused(work: Work, sign_in: SignIn) -> Denied:
    sign_in.revoked_at = clock.wall()
    tell(work, [sign_in.user_id], "access", saying(REUSED))
    work.audit(
        "refresh_token_reused", f"user {sign_in.user_id}", session=sign_in.uid, installation=sign_in.installation_id
    )
    return Denied("refresh-reused", _(REUSED))
