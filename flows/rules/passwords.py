"""Which passwords and names are good enough, and what an email address is; no database is asked."""

from __future__ import annotations

import re

from flows.rules.errors import Invalid, Problem
from flows.words import N_
from flows.words import gettext as _

WEB_ADDRESS = re.compile(r"https?:|://|\bwww\.", re.IGNORECASE)
LEAST_CHARACTERS = 10
ASK_FOR_YOURS = N_("Enter your name, up to %(most)s characters")
ASK_FOR_A_CUSTOMERS = N_("Enter the customer's name, up to %(most)s characters")
LONGEST_NAME = 160
MOST_CHARACTERS = 200
COMMON = {
    "1234567890",
    "0123456789",
    "password12",
    "password123",
    "passwordpassword",
    "qwertyuiop",
    "qwerty12345",
    "iloveyou12",
}
EMAIL = re.compile(
    r"[^@\s,;:<>()\[\]\\\"\x00-\x1f\x7f]+@[^@\s,;:<>()\[\]\\\"\x00-\x1f\x7f.]+(\.[^@\s,;:<>()\[\]\\\"\x00-\x1f\x7f.]+)+"
)


def password_problems(password: str, email: str, pointer: str = "/password") -> list[Problem]:
    """What speaks against this password, each with its cure; an empty list when nothing does."""
    if len(password) < LEAST_CHARACTERS:
        detail = _("Use a password of %(least)s or more characters", least=LEAST_CHARACTERS)
        return [Problem(pointer, "too-short", detail, {"least": LEAST_CHARACTERS})]
    if len(password) > MOST_CHARACTERS:
        return [
            Problem(
                pointer,
                "too-long",
                _("Use a password of %(most_characters)s characters at most", most_characters=MOST_CHARACTERS),
                {"most": MOST_CHARACTERS},
            )
        ]
    plain = password.strip().lower()
    if plain in (email.lower(), email.lower().partition("@")[0]):
        return [Problem(pointer, "is-email", _("Use a password that is not your email address"))]
    if plain in COMMON or len(set(plain)) < 4:
        return [
            Problem(
                pointer, "too-common", _("Use a password that is harder to guess, for example three unrelated words")
            )
        ]
    return []


def check_password(password: str, email: str, pointer: str = "/password") -> None:
    """Raises Invalid when the password is not good enough."""
    problems = password_problems(password, email, pointer)
    if problems:
        raise Invalid(problems)


def clean_email(text: str, pointer: str = "/email") -> str:
    """The address in the form we keep: lower case, no space around. Raises Invalid when it is none."""
    email = text.strip().lower()
    if len(email) > 254 or not EMAIL.fullmatch(email):
        raise Invalid(_("Enter an email address, like name@example.com"), pointer, "email")
    return email


def name_problems(name: str, ask: str) -> list[Problem]:
    """What speaks against a name, which one `ask`s for.

    It stands in mails to people who asked for none, so it leads nowhere.
    """
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        return [Problem("/name", "required", _(ask, most=LONGEST_NAME), {"most": LONGEST_NAME})]
    if WEB_ADDRESS.search(name):
        return [Problem("/name", "web-address", _("Enter a name without a web address in it"))]
    return []


def masked(email: str) -> str:
    """An address that its owner knows again and nobody else can use: p•••@example.com."""
    name, _, domain = email.partition("@")
    return f"{name[:1]}•••@{domain}"
