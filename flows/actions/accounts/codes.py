"""Signing in without a password: a mailed code of 6 digits and its link, or a password for those who set one (P1)."""

from __future__ import annotations

import secrets
from datetime import timedelta
from hmac import compare_digest

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from flows import settings
from flows.actions.accounts.factors import refusal_of_app
from flows.actions.accounts.passwords import remember_hash, verify
from flows.actions.accounts.sessions import Denied, Device, SignedIn, open_sign_in
from flows.actions.accounts.tallies import MOST_TRIES, count_try, uncount
from flows.actions.accounts.tokens import digest, digest_of_code, new_token
from flows.actions.owing import owe_mail
from flows.clock import clock
from flows.models import SignInCode, User
from flows.rules.passwords import LEAST_CHARACTERS, clean_email
from flows.words import N_
from flows.words import gettext as _
from flows.work import Work

CODE_LIVES = timedelta(minutes=15)
MOST_TRIES_OF_A_CODE = 5
MOST_CODES_OF_A_PLACE = 30
WRONG_CODE = N_("This code is wrong or too old. Check it, or ask for a new one")
WRONG_PASSWORD = N_("The email address or the password is wrong")  # words for people, no password
WRONG_LINK = N_("This link was used already or is too old. Ask for a new one")


def send_code(work: Work, email: str, device: Device | None = None) -> None:
    """Mail a code and a link to whoever has an account under this address; nobody learns whether anybody has.

    Raises Invalid for what is no address, Busy after 10 in 15 minutes for one mail address or 30 from one place.
    """
    email = clean_email(email)
    _count(work, "code", email, device)
    user = _person(work, email)
    code, link = f"{secrets.randbelow(10**6):06}", new_token()
    row = SignInCode(
        link_hash=digest(link),
        code_hash=digest_of_code(code, digest(link)),
        tries=0,
        created_at=clock.wall(),
        expires_at=clock.wall() + CODE_LIVES,
    )
    if user is None:
        return
    _end_codes(work, user)
    row.user_id = user.id
    work.session.add(row)
    work.session.flush()
    owe_mail(
        work,
        key=f"sign-in:{row.id}",
        template="sign-in-code",
        kind="access",
        to=user.id,
        language=user.language,
        scope={
            "code": code,
            "minutes": CODE_LIVES.seconds // 60,
            "url": f"{settings.current().origin}/sign-in/link/{link}",
        },
    )


def sign_in_with_code(work: Work, email: str, code: str, device: Device, second_factor: str = "") -> SignedIn | Denied:
    """Sign in with the newest code that was mailed to this address; each code takes 5 tries and works once.

    `second_factor` is the code of the authenticator that an app sends with it; a browser is asked for it later.
    """
    email = clean_email(email)
    _count(work, "sign-in", email, device)
    user = _person(work, email)
    row = work.session.scalar(
        select(SignInCode)
        .where(SignInCode.user_id == (user.id if user else 0), SignInCode.used_at.is_(None))
        .order_by(SignInCode.id.desc())
        .limit(1)
        .with_for_update()
    )
    if user is None or row is None or row.expires_at <= clock.wall() or row.tries >= MOST_TRIES_OF_A_CODE:
        return Denied("code-invalid", _(WRONG_CODE))
    row.tries += 1
    typed = "".join(character for character in code if character.isdigit())
    if not compare_digest(row.code_hash, digest_of_code(typed, row.link_hash)):
        return Denied("code-invalid", _(WRONG_CODE))
    return _proved_by_mail(work, user, row, device, second_factor)


def person_of_link(session: Session, token: str) -> User | None:
    """Whom a mailed link would sign in; looking uses nothing up."""
    row = session.scalar(_of_link(token))
    return session.get(User, row.user_id) if row is not None else None


def sign_in_with_link(work: Work, token: str, device: Device) -> SignedIn | Denied:
    """Sign in with the link of a mail, once."""
    _count(work, "link", "", device)
    row = work.session.scalar(_of_link(token).with_for_update())
    user = work.session.get(User, row.user_id) if row is not None else None
    if row is None or user is None or not user.is_active:
        return Denied("code-invalid", _(WRONG_LINK))
    return _proved_by_mail(work, user, row, device)


def sign_in_with_password(
    work: Work, email: str, password: str, device: Device, second_factor: str = ""
) -> SignedIn | Denied:
    """Sign in with a password. An unknown address takes as long and gets the same words as a wrong password."""
    email = clean_email(email)
    _count(work, "sign-in", email, device)
    user = _person(work, email)
    right = verify(user.password_hash if user else None, password) and _may_be_a_password(password)
    if user is None or not right:
        return Denied("unauthenticated", _(WRONG_PASSWORD))
    remember_hash(user, password)
    return _open(work, user, device, second_factor)


def _may_be_a_password(password: str) -> bool:
    """Nobody can have set a short one; the demo's, which all the world knows, opens nothing outside the demo."""
    return settings.current().is_demo or len(password) >= LEAST_CHARACTERS


def _open(work: Work, user: User, device: Device, second_factor: str) -> SignedIn | Denied:
    """The session, after the first factor; that of an app only with the second."""
    for key in (f"sign-in:{user.email}", f"sign-in@{device.address}", f"link@{device.address}"):
        uncount(work, key)
    if device.door == "web":
        return open_sign_in(work, user, device)
    refusal = refusal_of_app(work, user, second_factor)
    return refusal if refusal is not None else open_sign_in(work, user, device, both_proved=True)


def _proved_by_mail(
    work: Work, user: User, row: SignInCode, device: Device, second_factor: str = ""
) -> SignedIn | Denied:
    """A code is used up by signing in: an app that lacks the second factor may send the same one again with it."""
    opened = _open(work, user, device, second_factor)
    if isinstance(opened, SignedIn):
        row.used_at = clock.wall()
        user.email_verified_at = user.email_verified_at or row.used_at
    return opened


def _of_link(token: str) -> Select[SignInCode]:
    usable = (SignInCode.used_at.is_(None), SignInCode.expires_at > clock.wall())
    return select(SignInCode).where(SignInCode.link_hash == digest(token), *usable)


def _person(work: Work, email: str) -> User | None:
    return work.session.scalar(select(User).where(User.email == email, User.is_active))


def _end_codes(work: Work, user: User) -> None:
    unused = update(SignInCode).where(SignInCode.user_id == user.id, SignInCode.used_at.is_(None))
    work.session.execute(unused.values(used_at=clock.wall()))


def _count(work: Work, what: str, email: str, device: Device | None) -> None:
    if email:
        count_try(work, f"{what}:{email}")
    if device is not None and device.address:
        count_try(work, f"{what}@{device.address}", MOST_CODES_OF_A_PLACE if what == "code" else MOST_TRIES)
