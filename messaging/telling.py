"""One line of the table of notices at work: its words may go out on its channels, under its kind, and on no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import select

from flows import settings as settings_room
from flows.actions import versions
from flows.actions.noticing import tell
from flows.actions.owing import owe_mail
from flows.events import Event
from flows.models import Instance, Role, User
from flows.rules.notices import KINDS, Channel
from flows.words import Saying
from flows.work import Subject, Work

Fact = TypeVar("Fact", bound=Event)
PUSH: frozenset[Channel] = frozenset({"inbox", "push"})
"""What is pushed stands in the inbox too: the push only says that there is something."""
MAIL: frozenset[Channel] = frozenset({"mail"})


@dataclass(frozen=True)
class Line:
    """One line of the table: who hears of an event, as which kind of notice, on which channels, in whose words."""

    who: str
    kind: str
    channels: frozenset[Channel]
    words: Callable[[Telling, Any, Any], None]

    def __post_init__(self) -> None:
        never = [channel for channel in self.channels if KINDS[self.kind].says(channel) == "never"]
        if never:
            raise ValueError(f"{self.kind} for {self.who}: the catalogue has it never over {', '.join(never)}")


@dataclass(frozen=True)
class Telling:
    """A line, and the fact that it is about."""

    work: Work
    subject: Subject
    fact: Event
    line: Line

    def mail(self, user_id: int, template: str, **scope: Any) -> None:
        """Owe a mail under a key of this very event, so that nobody gets it twice; who they are is looked up later.

        What `scope` has as a function is read in their language then.
        """
        self._check("mail")
        key = f"{self.subject.uid}:{self._seq()}:{template}:{user_id}"
        owe_mail(
            self.work, key=key, template=template, kind=self.line.kind, to=user_id, scope=scope, subject=self.subject
        )

    def mail_later(self, user_id: int, template: str, patience: timedelta) -> None:
        """Owe a mail that says what is true by then, unless the request has ended meanwhile."""
        self._check("mail")
        key = f"{self.subject.uid}:{self._seq()}:{template}:{user_id}"
        owe_mail(
            self.work, key=key, template=template, kind=self.line.kind, to=user_id, scope={}, subject=self.subject,
            at=self.work.now + patience, while_open=True,
        )  # fmt: skip

    def note(self, user_ids: Iterable[int], text: Saying, link: Saying, *, url: str = "", at_top: bool = True) -> None:
        """Words for the inbox, said to each in their language, and a push to the devices that want it."""
        self._check("inbox")
        tell(self.work, user_ids, self.line.kind, text, link, about=self.subject, url=url, at_top=at_top)

    def title(self, instance: Instance) -> Callable[[], str]:
        """What it is called, as its reader will read it."""
        return lambda: versions.said_of(self.work.session, instance, "title")

    def step(self, instance: Instance, name: str, kept: str = "") -> Callable[[], str]:
        """What a step of it is called, as its reader will read it."""
        return lambda: versions.step_said_of(self.work.session, instance, name, kept)

    def all(self, kind: type[Fact]) -> list[Fact]:
        """The facts of one kind that this work recorded about the same thing."""
        return [fact for of, fact in self.work.recorded if of is self.subject and isinstance(fact, kind)]

    @property
    def is_last(self) -> bool:
        """Whether no fact of this kind follows in this work: several are told as one."""
        return self.all(type(self.fact))[-1] is self.fact

    def _seq(self) -> int:
        """The number of the fact in the timeline."""
        mine = [one for of, one in self.work.recorded if of is self.subject]
        return self.subject.event_seq - len(mine) + 1 + next(n for n, one in enumerate(mine) if one is self.fact)

    def _check(self, channel: Channel) -> None:
        if channel not in self.line.channels:
            raise RuntimeError(f"the table of notices says nothing of {channel} for {type(self.fact).__name__}")


def page_of(subject: Subject, path: str = "") -> str:
    """The address of a task or order in the portal, below its origin."""
    if isinstance(subject, Instance):
        return f"/tasks/{subject.reference}{path}"
    return f"/orders/{subject.number}{path}"


def absolute(path: str) -> str:
    return f"{settings_room.current().origin}{path}"


def staff_who_may(work: Work, permission: str) -> list[int]:
    """Ids of the staff with a role that grants this."""
    roles = [role.id for role in work.session.scalars(select(Role)) if permission in role.permissions]
    query = select(User.id).join(User.roles).where(Role.id.in_(roles), User.kind == "staff", User.is_active)
    return list(work.session.scalars(query.distinct().order_by(User.id)))
