"""What the panel of a conversation shows, at either door: its messages, whether one may speak, and what was typed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.catalogue import FlowDefinition
from flows.models import Instance
from flows.queries import conversations
from flows.queries.conversations import Talk
from flows.queries.files import Shown
from flows.rules.actors import Actor
from flows.rules.conversations import closed_because

MESSAGES, NOTES = "messages", "notes"


@dataclass(frozen=True)
class Typed:
    """What was typed and could not be sent, with what is wrong by control; nothing of it is lost."""

    text: str = ""
    client_id: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    chosen: Sequence[Shown] = ()
    status: int = 200


@dataclass(frozen=True)
class Panel:
    """One thread of one request, for `talk.html`. `tabs` are (words, address, whether it is this, how many).

    `new_only`: only what is new was asked for, as the form stands on the page already.
    """

    talk: Talk
    title: str
    url: str
    about: str
    thread: str
    closed: str | None
    may_send: bool
    typed: str
    client_id: str
    problems: Mapping[str, str]
    chosen: Sequence[Shown]
    tabs: Sequence[tuple[str, str, bool, int]] = ()
    replies: str = ""
    new_only: bool = False

    @property
    def seen(self) -> int:
        """The newest message that whoever looks at this has before their eyes."""
        messages = self.talk.messages
        return messages[-1].seq if messages else self.talk.read_up_to


@dataclass(frozen=True)
class Asked:
    """Which part of a thread: the newest, those before a number, or those after one."""

    thread: str = MESSAGES
    before: int | None = None
    after: int | None = None


NEWEST = Asked()
NOTHING_TYPED = Typed()


def panel(
    actor: Actor,
    instance: Instance,
    definition: FlowDefinition,
    now: datetime,
    url: str,
    title: str,
    asked: Asked = NEWEST,
    typed: Typed = NOTHING_TYPED,
    **more: Any,
) -> Panel:
    """The panel in one statement, or none when nothing was ever said; `more` are the last fields of `Panel`."""
    is_internal = asked.thread == NOTES
    talk = conversations.of_instance(
        actor, instance, is_internal=is_internal, before=asked.before, after=asked.after
    )  # fmt: skip
    return Panel(
        talk=talk,
        title=title,
        url=url,
        about=instance.uid,
        thread=asked.thread,
        closed=closed_because(instance, now, actor.time_zone, is_internal or definition.has_messages),
        may_send=not actor.is_staff or actor.may("message"),
        typed=typed.text,
        client_id=typed.client_id or secrets.token_urlsafe(16),
        problems=typed.problems,
        chosen=typed.chosen,
        **more,
    )
