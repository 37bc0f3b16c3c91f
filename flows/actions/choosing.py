"""What a person hears of: the page of preferences, a request that is muted, a kind of mail turned off from the mail."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete, select

from flows.models import Instance, Mute, User
from flows.rules.errors import Invalid, Problem, Refused
from flows.rules.notices import (
    CHOSEN,
    Channel,
    Kind,
    Reader,
    choices_from,
    kinds_for,
    quiet_problems,
    with_choice,
)
from flows.words import gettext as _
from flows.work import Work


def choose(work: Work, wanted: Mapping[Channel, Collection[str]], quiet_from: str = "", quiet_to: str = "") -> User:
    """Keep the whole page of preferences (P14): the kinds that are `wanted` on each channel, and quiet hours.

    What always comes may be named or not. Raises Invalid with every problem at once.
    """
    user = _actor_of(work)
    reader: Reader = "staff" if user.kind == "staff" else "customer"
    known = {kind.name for kind in kinds_for(reader)}
    problems = quiet_problems(quiet_from, quiet_to) + [
        Problem(
            f"/{channel}/{place}",
            "choice",
            _("There is no kind of notice called %(name)s; use one of the page", name=repr(name)),
        )
        for channel in CHOSEN
        for place, name in enumerate(wanted.get(channel, ()))
        if name not in known
    ]
    if problems:
        raise Invalid(problems)
    before, after = user.notice_choices, choices_from(reader, wanted, (quiet_from, quiet_to) if quiet_from else None)
    if before != after:
        user.notice_choices = after
        work.audit("notice_choices_changed", user.email, before=before, after=after)
    return user


def turn_off(work: Work, user_uid: str, kind: Kind) -> User:
    """Turn mails of a kind off for whoever holds a signed link (RFC 8058); again changes nothing.

    Refused when there is no such person, or when these mails always come.
    """
    user = work.session.scalar(select(User).where(User.uid == user_uid).with_for_update())
    if user is None or kind.mail != "choice":
        raise Refused(_("This link turns nothing off. Sign in and choose under Notifications"))
    after = with_choice(user.notice_choices, "mail", kind.name, False)
    if after != user.notice_choices:
        user.notice_choices = after
        work.audit("mails_turned_off", user.email, kind=kind.name)
    return user


def mute(work: Work, instance: Instance, until: datetime | None = None) -> None:
    """No pushes about this request for the actor, and no mails but those that always come, for good or `until`."""
    user = _actor_of(work)
    if until is not None and until <= work.now:
        raise Invalid(_("Give a moment that is to come, or none"), "/until", "past")
    found = work.session.scalar(select(Mute).where(Mute.user_id == user.id, Mute.instance_id == instance.id))
    if found is None:
        work.session.add(Mute(user_id=user.id, instance_id=instance.id, until=until, created_at=work.now))
        work.session.flush()
    else:
        found.until = until


def unmute(work: Work, instance: Instance) -> None:
    """Hear of this request again; nothing happens when it was not muted."""
    mine = delete(Mute).where(Mute.user_id == work.actor.user_id, Mute.instance_id == instance.id)
    work.session.execute(mine, execution_options={"synchronize_session": False})


def _actor_of(work: Work) -> User:
    user = work.session.get(User, work.actor.user_id, with_for_update=True) if work.actor.user_id else None
    if user is None:
        raise Refused(_("Sign in first"), known=True, code="unauthenticated")
    return user
