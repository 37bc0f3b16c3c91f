"""Why somebody got a mail, whether it may be turned off, and where an answer goes: the end of every mail."""

from __future__ import annotations

from collections.abc import Mapping

from flows.rules.notices import KINDS
from flows.words import N_
from flows.words import gettext as _

REASONS: Mapping[str, str] = {
    "task": N_("You get this email because of %(title)s (%(ref)s)."),
    "order": N_("You get this email because of order %(ref)s for %(title)s."),
    "sign-in": N_("You get this email because somebody asked to sign in with this address."),
    "invitation": N_("You get this email because somebody gave us this address to invite you."),
    "unread": N_("You get this email, at most once a day, because messages wait for you."),
    "other": N_("You get this email because you have an account with %(brand)s."),
}


def why_it_came(why: str, **about: str) -> str:
    """One of REASONS, said to its reader."""
    return _(REASONS[why], **about)


def may_it_stop(by_choice: bool) -> str:
    if by_choice:
        return _("You may choose whether emails like this come.")
    return _("It belongs to what you have with us, so it always comes.")


def where_to_answer(address: str) -> str:
    return _("You can reply: your answer reaches %(address)s.", address=address)


def turn_off() -> str:
    return _("Turn emails like this off")


def title_of(kind: str) -> str:
    """What a push says of its kind: what the page of preferences calls it."""
    return _("Pushes reach this device") if kind == "test" else _(KINDS[kind].title)
