"""The second factor of staff: a code of six digits from an authenticator app, each taken once."""

from __future__ import annotations

from hmac import compare_digest

import pyotp
from sqlalchemy import select

from flows import settings
from flows.access import locked, require
from flows.actions.accounts.sessions import Denied, SignedIn, end_sessions, pass_second_factor, second_factor_of
from flows.actions.accounts.tallies import count_try
from flows.clock import clock
from flows.models import SignIn, User
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work

STEP_SECONDS = 30
WRONG = N_("This code is wrong or was used already. Wait for the next one and type that")
CODE_NEEDED = N_("Type the six digits of your authenticator too")
ENROL_FIRST = N_("Staff need a second factor before an app may sign them in. Sign in with a browser and set one up:")


def begin_totp(work: Work, user: User) -> str:
    """The secret for the authenticator; the same again until it is confirmed. OutOfStep when one is set up."""
    if user.totp_confirmed_at is not None:
        raise OutOfStep(_("A second factor is set up already"))
    user = _locked(work, user.id)
    if user.totp_secret is None:
        user.totp_secret = pyotp.random_base32()
        work.audit("second_factor_begun", user.email)
    return user.totp_secret


def totp_address(user: User, brand: str) -> str:
    """The `otpauth://` address that the QR code shows."""
    return pyotp.TOTP(user.totp_secret or "").provisioning_uri(name=user.email, issuer_name=brand)


def confirm_totp(work: Work, user: User, code: str) -> None:
    """Finish setting up: a first code shows that the authenticator has the secret. Invalid when it is wrong."""
    count_try(work, f"totp:{user.id}")
    user = _locked(work, user.id)
    if user.totp_secret is None or user.totp_confirmed_at is not None:
        raise OutOfStep(_("There is no second factor to confirm"))
    if not _takes(user, code):
        raise Invalid(_(WRONG), "/code", "code-invalid")
    user.totp_confirmed_at = clock.wall()
    work.audit("second_factor_confirmed", user.email)


def enrol(work: Work, sign_in: SignIn, code: str) -> SignedIn:
    """Confirm the second factor and finish the sign-in that waited for it."""
    confirm_totp(work, sign_in.user, code)
    return pass_second_factor(work, sign_in)


def check_totp(work: Work, sign_in: SignIn, code: str) -> SignedIn | Denied:
    """Finish a sign-in with a code of the authenticator. Raises Busy after 10 tries in 15 minutes."""
    if not _proves(work, sign_in.user_id, code):
        return Denied("second-factor-invalid", _(WRONG))
    return pass_second_factor(work, sign_in)


def refusal_of_app(work: Work, user: User, code: str) -> Denied | None:
    """What a phone still lacks before it gets tokens, None when nothing; a right code is used up.

    The rules of the browser in one request: a phone has no page on which half a sign-in could wait. Raises Busy after
    10 tries in 15 minutes, those in the browser among them.
    """
    needed = second_factor_of(user)
    if needed == "":
        return None
    if needed == "enrol":
        page = f"{settings.current().origin}/sign-in"
        return Denied("enrolment-needed", f"{_(ENROL_FIRST)} {page}")
    if not code.strip():
        return Denied("second-factor-needed", _(CODE_NEEDED))
    return None if _proves(work, user.id, code) else Denied("second-factor-invalid", _(WRONG))


def reset_totp(work: Work, user: User) -> None:
    """Let a colleague who lost the phone set up a new one; ends their sessions. Needs the permission `users`."""
    require(work.actor, "users")
    user.totp_secret = user.totp_confirmed_at = user.totp_last_step = None
    end_sessions(work, user.id)
    work.audit("second_factor_reset", user.email)


def _proves(work: Work, user_id: int, code: str) -> bool:
    count_try(work, f"totp:{user_id}")
    user = _locked(work, user_id)
    return user.totp_confirmed_at is not None and _takes(user, code)


def _takes(user: User, code: str) -> bool:
    """One step early or late is right too; a step that was used, or is older than one that was, never again."""
    totp = pyotp.TOTP(user.totp_secret or "")
    typed = "".join(character for character in code if character in "0123456789")
    now = int(clock.wall().timestamp()) // STEP_SECONDS
    for step in (now - 1, now, now + 1):
        if compare_digest(totp.generate_otp(step), typed) and step > (user.totp_last_step or 0):
            user.totp_last_step = step
            return True
    return False


def _locked(work: Work, user_id: int) -> User:
    # Two requests with one code would both find the step unused; the row lock makes the second wait and see it used.
    user: User | None = locked(work, select(User).where(User.id == user_id).with_for_update())
    if user is None:
        raise Refused(_("No such person"))
    return user
