"""Where a phone's copy stands: the cursor of GET /sync, from what it says to the walk that goes on from there.

It says who it is for, up to which number and moment everything was given, and which accounts that was of; within a
walk also where its end is and the last key. It is sealed (`portal.api.cursors`) and carries no authority.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.queries.changes import Found, Key, Kind, Walk
from flows.rules.actors import Actor
from flows.words import gettext as _
from portal.api import cursors
from portal.api.problems import Declined

VERSION = 1
KEPT = timedelta(days=90)
MOST_ACCOUNTS = 300
"""More than these are not told apart in a cursor, which travels in an address: when one comes or goes, all is anew."""

Scope = list[int] | str
"""The row ids of the accounts, or for too many of them, and for the roles and departments of staff, a digest."""


@dataclass(frozen=True)
class Place:
    """`since` and `at`: up to which number and moment everything was given, for `scope`. 0: nothing was yet.

    The rest is of the walk that is under way: where it ends, what `since`, `at` and `scope` are after it, and the last
    key that was given.
    """

    user: int
    since: int
    at: datetime
    scope: Scope
    ceiling: int | None = None
    horizon: int = 0
    began: datetime | None = None
    reached: Scope = ""
    after: Key | None = None

    @property
    def walk(self) -> Walk:
        """What to ask for; between the moments time alone may have changed something."""
        passed = (self.at, self.began) if self.began is not None and self.since else None
        accounts = None if isinstance(self.scope, str) else self.scope
        return Walk(self.since, self.ceiling, self.after, accounts, passed)

    def next(self, found: Found, scope: Scope) -> Place:
        """Where the copy stands after a page: in the middle of the walk, or at its end."""
        first = self.ceiling is None
        within = replace(
            self,
            ceiling=found.ceiling if first else self.ceiling,
            horizon=found.horizon if first else self.horizon,
            reached=scope if first else self.reached,
            after=found.keys[-1] if found.keys else self.after,
        )
        return within if found.more else Place(self.user, within.horizon, within.began or self.at, within.reached)


def beginning(actor: Actor, cursor: str | None, now: datetime) -> Place:
    """The place of a cursor of this person, its walk begun; Declined (410) when it is too old to go on from."""
    opened = cursors.opened(cursor)
    if opened is None:
        return Place(actor.user_id or 0, 0, now, scope_of(actor, []) if actor.is_staff else [], began=now)
    place = _read(json.loads(opened))
    if place.user != actor.user_id:
        raise Declined("cursor-mismatch", _("This cursor belongs to somebody else. Start without one"))
    if now - place.at > KEPT:
        raise expired(_("This copy was last brought up to date more than %(days)s days ago", days=KEPT.days))
    return place if place.began is not None else replace(place, began=now)


def check(actor: Actor, place: Place, found: Found) -> Scope:
    """The scope of now; Declined (410) when what was kept cannot be told from what is to be seen, or is of another
    database."""
    scope = scope_of(actor, found.accounts)
    if place.since > found.ceiling:
        raise expired(_("What you keep is newer than what is here: the database was restored"))
    if isinstance(place.scope, str) and place.since and scope != place.scope:
        raise expired(_("What you may see has changed"))
    return scope


def scope_of(actor: Actor, accounts: Sequence[int]) -> Scope:
    """What decides what this person sees, beside the rows themselves."""
    if not actor.is_staff:
        return list(accounts) if len(accounts) <= MOST_ACCOUNTS else _digest(accounts)
    rights = (actor.permissions, actor.roles, actor.departments, actor.manages)
    return _digest([sorted(each) for each in rights])


def expired(why: str) -> Declined:
    return Declined("sync-cursor-expired", _("%(why)s. Start again without a cursor", why=why))


def seal(place: Place) -> str:
    at, began = (_micros(moment) for moment in (place.at, place.began))
    walk = [place.ceiling, place.horizon, began, place.reached, place.after] if place.ceiling is not None else None
    said = [VERSION, place.user, place.since, at, place.scope, walk]
    return cursors.seal(json.dumps(said, separators=(",", ":"))) or ""


def _read(said: list[Any]) -> Place:
    if said[0] != VERSION:
        raise expired(_("This copy was made by an earlier version"))
    user, since, at, scope, walk = said[1:]
    place = Place(user, since, _moment(at), scope)
    if walk is None:
        return place
    ceiling, horizon, began, reached, after = walk
    key = Key(Kind(after[0]), *after[1:]) if after is not None else None
    return replace(place, ceiling=ceiling, horizon=horizon, began=_moment(began), reached=reached, after=key)


def _micros(moment: datetime | None) -> int:
    return round(moment.timestamp() * 1_000_000) if moment is not None else 0


def _moment(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1_000_000, UTC)


def _digest(said: object) -> str:
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]
