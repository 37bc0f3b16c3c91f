"""From an owed mail to a letter with an address on it: who gets it, whether they may, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from flows import catalogue
from flows import settings as settings_room
from flows.access import read_as
from flows.actions.accounts.tallies import count_try
from flows.actions.delivering import Owed
from flows.catalogue import MailTemplate, Registry
from flows.catalogue.loader import plugin_of_folder
from flows.clock import clock
from flows.models import Effect, User
from flows.plugin import PermanentFault
from flows.rules.actors import SYSTEM
from flows.rules.errors import Busy
from flows.rules.notices import KINDS, Kind
from flows.words import read_in, spoken
from flows.work import unit_of_work
from messaging import conversations, digests, letters, reasons, wanting
from messaging.letters import Frame, Letter
from messaging.wanting import SetAside

MOST_A_DAY = 20
DAY_SECONDS = 24 * 3600
PROVING = {"sign-in-code": "sign-in", "invitation": "invitation"}
"""Mails that may go to an address nobody has proved yet: they are how it is proved. The value says why they came."""
LATE_WORDS: Mapping[str, Callable[[User, int | None], Mapping[str, Any]]] = {
    digests.KIND: digests.words_for,
    conversations.MAIL: conversations.words_for,
}
"""Mails that say what is true as they go out, and not what was as they were owed."""
ONE_CLICK = "List-Unsubscribe=One-Click"


@dataclass(frozen=True)
class Post:
    """A letter ready to go."""

    words: Letter
    name: str
    address: str
    owed_at: datetime
    to_staff: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Addressee:
    name: str
    address: str
    language: str
    first_name: str = ""
    user: User | None = None

    @property
    def is_staff(self) -> bool:
        return self.user is not None and self.user.kind == "staff"

    def turn_off(self, kind: Kind) -> str:
        """Where they turn mails of this kind off; empty for what always comes."""
        return wanting.turn_off_address(self.user.uid, kind.name) if self.user and kind.mail == "choice" else ""


def prepare(owed: Owed) -> Post:
    """Write the letter and count it. PermanentFault when it may not go (Q31) or cannot be written.

    SetAside when its reader does not want it, PutOff while they have quiet hours.
    """
    addressee = _addressee(owed)
    kind = wanting.kind_of(owed.payload["kind"], addressee.user)
    if addressee.user is not None:
        wanting.check(addressee.user, kind, "mail", owed.instance_id)
    words, turn_off = write(owed, addressee), addressee.turn_off(kind)
    headers = {"List-Unsubscribe": f"<{turn_off}>", "List-Unsubscribe-Post": ONE_CLICK} if turn_off else {}
    owed_at = read_as(SYSTEM).scalars(select(Effect.created_at).where(Effect.id == owed.id)).one()
    if owed.tries == 1:
        _count(owed, addressee, kind)
    return Post(words, addressee.name, addressee.address, owed_at, addressee.is_staff, headers)


def write(owed: Owed, addressee: _Addressee | None = None) -> letters.Letter:
    """The letter as it reads now, in the language of whoever it is for."""
    addressee = addressee or _addressee(owed)
    template = template_of(owed.payload["template"], addressee.language)
    with spoken(addressee.language):
        scope = _scope(owed, addressee)
        hidden, words = owed.payload.get("private", ()), read_in(addressee.language, owed.payload.get("words", {}))
        return letters.write(template, scope, _frame(owed, scope, addressee), hidden, words)


def template_of(kind: str, language: str) -> MailTemplate:
    """The template in that language, else in English; a plugin or folder may bring its own words for ours."""
    template = catalogue.current().mail(kind, language) or own_templates().mail(kind, language)
    if template is None:
        raise PermanentFault(f"No plugin brings the mail {kind!r}; add mail/{kind}.en.md")
    return template


@lru_cache(maxsize=1)
def own_templates() -> Registry:
    """The mails of the product itself, from the folder `mail` beside this file."""
    return Registry(plugins=[plugin_of_folder(Path(__file__).parent)])


def _addressee(owed: Owed) -> _Addressee:
    proving = owed.payload["template"] in PROVING
    user_id, address = owed.payload.get("to"), owed.payload.get("address")
    if user_id is None:
        if not address or not proving:
            raise PermanentFault("Nobody to send this to: name a person who has a verified address")
        return _Addressee("", address, owed.payload.get("language") or "en")
    user = read_as(SYSTEM).get(User, user_id)
    never = SetAside if KINDS[owed.payload["kind"]].mail == "choice" else PermanentFault
    if user is None or not user.is_active:
        raise never("The account of the person this goes to is closed")
    if user.email_verified_at is None and not proving:
        raise never(f"{user.name} has not verified an email address; mail goes to verified addresses only")
    return _Addressee(user.name, user.email, user.language or "en", user.first_name, user)


def _scope(owed: Owed, addressee: _Addressee) -> dict[str, Any]:
    settings, template = settings_room.current(), owed.payload["template"]
    return {
        "settings": {"brand": settings.brand, "url": settings.origin},
        "recipient": {"name": addressee.name, "first_name": addressee.first_name or addressee.name},
        **read_in(addressee.language, owed.payload["scope"]),
        **(LATE_WORDS[template](addressee.user, owed.instance_id) if template in LATE_WORDS and addressee.user else {}),
    }


def _frame(owed: Owed, scope: dict[str, Any], addressee: _Addressee) -> Frame:
    settings = settings_room.current()
    about = {"brand": settings.brand, "title": "", "ref": ""}
    template = owed.payload["template"]
    why = "unread" if template == digests.KIND else PROVING.get(template, "other")
    if owed.instance_id is not None:
        why, about = "task", {**about, "title": scope["instance"]["title"], "ref": scope["instance"]["ref"]}
    elif owed.order_id is not None:
        why, about = "order", {**about, "title": scope["order"]["customer"], "ref": scope["order"]["ref"]}
    turn_off = addressee.turn_off(wanting.kind_of(owed.payload["kind"], addressee.user))
    footer = [reasons.why_it_came(why, **about), reasons.where_to_answer(settings.support_email)]
    if addressee.user is not None and why not in PROVING.values():
        footer.insert(1, reasons.may_it_stop(bool(turn_off)))
    lines = tuple(letters.one_line(line) for line in footer)
    return Frame(settings.brand, addressee.language, lines, reasons.turn_off() if turn_off else "", turn_off)


def _count(owed: Owed, addressee: _Addressee, kind: Kind) -> None:
    """At most 20 mails a recipient and day (Q31). Sign-in codes count apart, so that they silence nothing else.

    What has to come is an incident, for people to see to; of the rest it is kept that it was not sent.
    """
    purpose = "mail-proving" if owed.payload["template"] in PROVING else "mail"
    key = f"{purpose}:{clock.now():%Y-%m-%d}:{addressee.address.lower()}"
    try:
        with unit_of_work(SYSTEM) as work:
            count_try(work, key, most=MOST_A_DAY, window_seconds=DAY_SECONDS)
    except Busy:
        said = f"{addressee.address} got {MOST_A_DAY} mails today, the most for one day"
        raise (SetAside(said) if kind.mail == "choice" else PermanentFault(said)) from None
