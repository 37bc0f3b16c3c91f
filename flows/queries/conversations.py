"""The conversation about a request, page by page in both directions, with how far each side has read (C47, C48)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import joinedload

from flows.access import read_as
from flows.models import Instance, Message, ReadCursor, User
from flows.queries import unread
from flows.rules.actors import Actor

MOST = 100
A_PAGE = 30


@dataclass(frozen=True)
class Talk:
    """Some messages, the oldest first. `older` and `newer` are the cursors of what is left out on either side.

    `unread` counts what waits for whoever asks, `read_up_to` is how far they have read, `last` the number of the newest
    message. `read_by_others` is how far the other side has read, and `read_at` since when.
    """

    messages: Sequence[Message] = ()
    older: int | None = None
    newer: int | None = None
    unread: int = 0
    read_up_to: int = 0
    read_by_others: int = 0
    read_at: datetime | None = None
    last: int = 0


def of_instance(
    actor: Actor,
    instance: Instance,
    *,
    is_internal: bool = False,
    before: int | None = None,
    after: int | None = None,
    limit: int = A_PAGE,
) -> Talk:
    """The newest messages, those before a number, or those after one: in one statement, none when nothing was ever
    said. Notes are for staff alone: a customer has none.
    """
    last = instance.note_seq if is_internal else instance.message_seq
    if last == 0 or (is_internal and not actor.is_staff):
        return Talk()
    limit = max(1, min(limit, MOST))
    thread = (Message.instance_id == instance.id, Message.is_internal.is_(is_internal))
    query = select(Message, *_standing(actor, instance)).where(*thread).options(joinedload(Message.uploads))
    if after is not None:
        query = query.where(Message.seq > after).order_by(Message.seq)
    else:
        query = query.where(Message.seq < before) if before is not None else query
        query = query.order_by(Message.seq.desc())
    rows = read_as(actor).execute(query.limit(limit + 1)).unique().all()
    more, rows = len(rows) > limit, rows[:limit]
    if after is None:
        rows = rows[::-1]
    if not rows:
        return Talk(last=last) if is_internal else _nothing_new(actor, instance, last)
    messages = [row[0] for row in rows]
    first, newest = messages[0].seq, messages[-1].seq
    _, mine, waiting, others, at = rows[0]
    older, newer = first if first > 1 and (more or after is not None) else None, newest if newest < last else None
    if is_internal:  # nobody counts who has read a note
        return Talk(messages, older, newer, last=last)
    return Talk(
        messages,
        older=older,
        newer=newer,
        unread=waiting,
        read_up_to=mine or 0,
        read_by_others=others or 0,
        read_at=at,
        last=last,
    )


def _nothing_new(actor: Actor, instance: Instance, last: int) -> Talk:
    """Nothing was said since, but somebody may have read since."""
    mine, waiting, others, at = read_as(actor).execute(select(*_standing(actor, instance))).one()
    return Talk(unread=waiting, read_up_to=mine or 0, read_by_others=others or 0, read_at=at, last=last)


def _standing(actor: Actor, instance: Instance) -> list[Any]:
    """How far whoever asks has read, how much waits for them, how far the other side has read and since when."""
    mine = select(ReadCursor.seq).where(ReadCursor.user_id == actor.user_id, ReadCursor.instance_id == instance.id)
    other_side = User.kind == ("customer" if actor.is_staff else "staff")
    others = (
        select(ReadCursor)
        .join(User, and_(User.id == ReadCursor.user_id, other_side))
        .where(ReadCursor.instance_id == instance.id)
        .order_by(ReadCursor.seq.desc(), ReadCursor.read_at)
        .limit(1)
    )
    waiting = select(func.count()).select_from(
        unread.messages_for(actor).where(Message.instance_id == instance.id).subquery()
    )
    return [
        mine.scalar_subquery(),
        waiting.scalar_subquery(),
        others.with_only_columns(ReadCursor.seq).scalar_subquery(),
        others.with_only_columns(ReadCursor.read_at).scalar_subquery(),
    ]


# --- all of them ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Conversation:
    """A request that was talked about: the newest message, and how many wait to be read."""

    instance: Instance
    newest: Message
    unread: int


def listed(actor: Actor, limit: int = A_PAGE) -> list[Conversation]:
    """The conversations of this person, those with something unread first, then the newest, in one statement."""
    waiting = unread.count_for(actor)
    query = (
        unread.visible_conversations(actor)
        .join(
            Message,
            and_(
                Message.instance_id == Instance.id, Message.is_internal.is_(False), Message.seq == Instance.message_seq
            ),
        )
        .with_only_columns(Instance, Message, waiting.label("unread"))
    )
    found = read_as(actor).execute(
        query.order_by((waiting == 0), Message.created_at.desc(), Message.id.desc()).limit(max(1, min(limit, MOST)))
    )
    return [Conversation(*row) for row in found]
