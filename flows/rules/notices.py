"""The catalogue of notices: what there is to hear of, over which channels, and what a person may choose (P14).

One kind is one line of the page of preferences. A person's choices are a plain mapping, kept with them:
`{"off": ["mail progress", "push reminder"], "quiet": ["22:00", "07:00"]}`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from flows.rules.errors import Problem
from flows.words import N_
from flows.words import gettext as _

Channel = Literal["inbox", "mail", "push"]
Say = Literal["always", "choice", "never"]
Reader = Literal["customer", "staff"]
CHOSEN: tuple[Channel, ...] = ("mail", "push")
"""Channels about which there may be a choice; what stands in the portal is in nobody's way."""
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True)
class Kind:
    """One kind of notice. `mail` and `push` say whether it comes always, as chosen, or never on that channel.

    `title` is all that a push says, so it names nobody; `line` is what the inbox says of a mail of a flow. Both are
    English here and said in the language of whoever reads them. A mail that `may_wait` is held back in quiet hours;
    every push is. Mails of this kind go to the people in `mailed` alone.
    """

    name: str
    title: str
    line: str
    readers: tuple[Reader, ...]
    mail: Say = "choice"
    push: Say = "choice"
    may_wait: bool = True
    mailed: tuple[Reader, ...] = ("customer", "staff")

    def to(self, reader: Reader) -> Kind:
        """The kind as it is for them."""
        return self if reader in self.mailed else replace(self, mail="never")

    def says(self, channel: Channel) -> Say:
        return {"inbox": "always", "mail": self.mail, "push": self.push}[channel]


_ALL = (
    Kind(
        "task-waiting",
        N_("A task is waiting for you"),
        N_("%(title)s is waiting for you"),
        ("customer",),
        mail="always",
        may_wait=False,
    ),
    Kind(
        "reminder",
        N_("Reminders before a deadline"),
        N_("Reminder: %(title)s"),
        ("customer",),
        mail="always",
        may_wait=False,
    ),
    Kind(
        "changes-needed",
        N_("Changes needed"),
        N_("We need you to change something: %(title)s"),
        ("customer",),
        mail="always",
        may_wait=False,
    ),
    Kind("message", N_("New messages"), N_("New message about %(title)s"), ("customer", "staff"), mailed=("customer",)),
    Kind("unread-daily", N_("Daily reminder of unread messages"), "", ("customer",), push="never"),
    Kind("progress", N_("News about your requests"), N_("News about %(title)s"), ("customer",)),
    Kind("outcome", N_("Request completed or closed"), N_("%(title)s has ended"), ("customer",), mail="always"),
    Kind("order", N_("Your orders"), "", ("customer",), mail="always", may_wait=False),
    Kind("payment", N_("Payments and receipts"), "", ("customer",), mail="always"),
    Kind("assigned", N_("Work that was given to you"), N_("%(title)s was given to you"), ("staff",)),
    Kind("review-waiting", N_("Reviews that wait for somebody"), N_("%(title)s waits for a review"), ("staff",)),
    Kind("work", N_("News about your work"), N_("News about %(title)s"), ("staff",)),
    Kind("trouble", N_("What could not be delivered or set up"), "", ("staff",), may_wait=False),
    Kind(
        "access",
        N_("Sign-in codes and invitations"),
        "",
        ("customer", "staff"),
        mail="always",
        push="never",
        may_wait=False,
    ),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}


def kinds_for(reader: Reader) -> list[Kind]:
    """The lines of this person's page."""
    return [kind.to(reader) for kind in _ALL if reader in kind.readers]


def kind_for(name: str, reader: Reader) -> Kind:
    """The kind as this reader knows it: what is work for staff is news for customers, and the reverse."""
    kind = KINDS.get(name)
    if kind is None or reader not in kind.readers:
        return KINDS["work" if reader == "staff" else "progress"]
    return kind.to(reader)


def kind_of_moment(moment: str) -> str:
    """The kind of what a flow says at one of its moments, such as `created`, `timer.reminder.2` or `step.x.opened`."""
    parts = [part for part in moment.split(".") if not part.isdigit()]
    first, last = parts[0], parts[-1]
    if last == "overdue" or (first == "timer" and last != "assigned"):
        return "reminder"
    words = {
        "created": "task-waiting", "opened": "task-waiting", "assigned": "assigned", "returned": "changes-needed",
        "reopened": "changes-needed", "completed": "outcome", "closed": "outcome", "cancelled": "outcome",
        "expired": "outcome",
    }  # fmt: skip
    if first == "step" and last in ("completed", "cancelled"):
        return "progress"
    return words.get(last, "progress")


def is_wanted(choices: Mapping[str, Any], kind: Kind, channel: Channel) -> bool:
    """Whether it may go out on this channel to somebody who chose so; what comes always is not asked about."""
    match kind.says(channel):
        case "always":
            return True
        case "never":
            return False
    return f"{channel} {kind.name}" not in choices.get("off", ())


def with_choice(choices: Mapping[str, Any], channel: Channel, name: str, wanted: bool) -> dict[str, Any]:
    """The choices with one of them changed."""
    off = {*choices.get("off", ())} - {f"{channel} {name}"}
    return {**choices, "off": sorted(off | (set() if wanted else {f"{channel} {name}"}))}


def choices_from(
    reader: Reader, wanted: Mapping[Channel, Collection[str]], quiet: tuple[str, str] | None
) -> dict[str, Any]:
    """The whole page as choices: the names of the kinds that are `wanted` on each channel, the others are off."""
    off = [
        f"{channel} {kind.name}"
        for channel in CHOSEN
        for kind in kinds_for(reader)
        if kind.says(channel) == "choice" and kind.name not in wanted.get(channel, ())
    ]
    return {"off": sorted(off), **({"quiet": list(quiet)} if quiet is not None else {})}


def quiet_problems(begins: str, ends: str) -> list[Problem]:
    """What is wrong with quiet hours; both empty means none."""
    if not begins and not ends:
        return []
    wrong = _("Give a time like 22:00, or leave both empty")
    found = [
        Problem(f"/quiet_{name}", "time", wrong)
        for name, given in (("from", begins), ("to", ends))
        if not _TIME.fullmatch(given)
    ]
    if not found and begins == ends:
        return [Problem("/quiet_to", "time", _("Quiet hours end at another time than they begin"))]
    return found


def end_of_quiet(choices: Mapping[str, Any], now: datetime, zone: str) -> datetime | None:
    """When the quiet hours end in which `now` is, in UTC; None outside them. They may go over midnight."""
    quiet = choices.get("quiet")
    if not quiet:
        return None
    begins, ends = (time.fromisoformat(text) for text in quiet)
    local = now.astimezone(ZoneInfo(zone))
    clock = local.time().replace(tzinfo=None)
    is_quiet = begins <= clock < ends if begins < ends else clock >= begins or clock < ends
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1 if clock >= ends else 0)
    return datetime.combine(day, ends, ZoneInfo(zone)).astimezone(UTC)
