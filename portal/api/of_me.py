"""The person who asks: profile, organisations, and the numbers of a badge."""

from __future__ import annotations

from sqlalchemy import select

from flows.actions import accounts
from flows.models import Membership, Organisation, User
from flows.queries import colleagues, summary
from flows.rules.errors import Stale
from flows.words import gettext as _
from portal.api import asked, shapes
from portal.api.door import Answer, Call, operation
from portal.api.etags import digest, etag, wanted_version


@operation("GET", "/me", who="signed_in", gives=shapes.Me)
def get_me(call: Call) -> Answer:
    """My profile and the organisations that I belong to."""
    user = call.session.get_one(User, call.actor.user_id)
    return Answer(_me(call, user), etag=_tag(user))


@operation("PATCH", "/me", who="signed_in", gives=shapes.Me, if_match="required", refusals=("stale-version",))
def change_me(call: Call, body: asked.Profile) -> Answer:
    """Change my name, language or time zone."""
    user = call.session.get_one(User, call.actor.user_id, with_for_update=True)
    wanted = wanted_version("me")
    if wanted is not None and wanted != _version(user):
        raise Stale(_("Your profile changed since you opened it"), current=_version(user))
    accounts.change_profile(
        call.work,
        name=user.name if body.name is None else body.name,
        language=body.language or user.language,
        time_zone=body.time_zone or user.time_zone,
    )
    return Answer(_me(call, user), etag=_tag(user))


@operation("GET", "/me/summary", who="signed_in", gives=shapes.Summary)
def get_summary(call: Call) -> Answer:
    """The numbers for a badge or a widget."""
    return Answer(numbers(call))


def numbers(call: Call) -> shapes.Summary:
    """What waits for this person, as it is now."""
    found = summary.of_person(call.actor, call.now)
    return shapes.Summary(
        outstanding=found.outstanding,
        awaiting_us=found.awaiting_us,
        unread_messages=found.unread_messages,
        unread_notifications=found.unread_notifications,
        next_due=found.next_due,
    )


def _me(call: Call, user: User) -> shapes.Me:
    joined = (
        select(Organisation, Membership.role)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.user_id == user.id)
        .order_by(Membership.id)
    )
    return shapes.Me(
        id=user.uid,
        name=user.name,
        email=user.email,
        kind=user.kind,
        language=user.language,
        time_zone=user.time_zone,
        accounts=[
            shapes.Account(id=row.uid, name=row.name, kind=row.kind, role=role)
            for row, role in call.session.execute(joined)
        ],
        departments=[shapes.Named(id=one.uid, name=one.name) for one in colleagues.departments_of(call.actor)],
    )


def _version(user: User) -> int:
    """A number that changes with what may be changed here; a person's row has no version of its own."""
    return int(digest(f"{user.name}\n{user.language}\n{user.time_zone}".encode())[:9], 16)


def _tag(user: User) -> str:
    return etag("me", _version(user))
