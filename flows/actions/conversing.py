"""Talking about a request: messages between customer and staff, notes between staff, and how far each has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from flows import access
from flows.actions import attaching, noticing, participating, speaking, versions
from flows.models import Instance, Message, ReadCursor
from flows.models.base import TransactionNumber
from flows.models.conversations import LONGEST_MESSAGE
from flows.rules import conversations
from flows.rules.errors import Invalid, Refused
from flows.words import gettext as _
from flows.work import Work

LONGEST_CLIENT_ID = 64


def send(
    work: Work, instance: Instance, text: str, *, client_id: str | None = None, upload_ids: Sequence[str] = ()
) -> Message:
    """Say something to the other side: words, files of the actor, or both (C3, C47); the instance row is locked.

    Staff need `message`. Sent again under the same `client_id` it is there once, also when it has ended meanwhile.
    Raises OutOfStep (`conversation-closed`) once the request has ended (C54), Invalid for neither words nor files, for
    too much, for files that cannot be attached, and for a `client_id` that was used for other words.
    """
    return _say(work, instance, text, False, client_id, upload_ids)


def note(
    work: Work, instance: Instance, text: str, *, client_id: str | None = None, upload_ids: Sequence[str] = ()
) -> Message:
    """Write something down that only staff see (X29); otherwise as `send`. Refused for a customer."""
    if not work.actor.is_staff:
        raise Refused(_("Notes are between staff"), known=True)
    return _say(work, instance, text, True, client_id, upload_ids)


def _say(
    work: Work, instance: Instance, text: str, is_internal: bool, client_id: str | None, upload_ids: Sequence[str]
) -> Message:
    if work.actor.is_staff:
        access.require(work.actor, "message")
    words = "\n".join(access.clean(text).split("\r\n")).strip()  # forms bring their own ends of lines
    client_id = _client_id(client_id)
    earlier = _sent_before(work, instance, client_id)
    if earlier is not None:
        if earlier.text != words or earlier.is_internal != is_internal:
            raise Invalid(
                _("This was sent already, with other words. Look at it, then send again"), "/client_id", "used"
            )
        return earlier
    definition = versions.definition_of(work.session, instance)
    has_messages = is_internal or definition.has_messages
    conversations.check_open(instance, work.now, work.actor.time_zone, has_messages)
    attached, wrong = attaching.free_uploads(work, upload_ids)
    problems = conversations.wrong_words(words, bool(upload_ids), LONGEST_MESSAGE)
    problems += [replace(one, pointer=f"/upload_ids{one.pointer}") for one in wrong]
    if problems:
        raise Invalid(problems)
    said = speaking.append(
        work, instance, words, is_internal=is_internal, client_id=client_id, files=len(attached)
    )  # fmt: skip
    attaching.attach(work, said, attached)
    participating.take_part(work, instance, work.actor.user_id)
    return said


def _client_id(given: str | None) -> str | None:
    cleaned = access.clean(given or "").strip()
    if len(cleaned) > LONGEST_CLIENT_ID:
        raise Invalid(
            _(
                "A client_id has %(longest_client_id)s characters at most, such as a UUID",
                longest_client_id=LONGEST_CLIENT_ID,
            ),
            "/client_id",
            "too-long",
        )
    return cleaned or None


def _sent_before(work: Work, instance: Instance, client_id: str | None) -> Message | None:
    if client_id is None or work.actor.user_id is None:
        return None
    same = (
        Message.instance_id == instance.id,
        Message.author_id == work.actor.user_id,
        Message.client_id == client_id,
    )
    found: Message | None = work.session.scalar(select(Message).where(*same))
    return found


def mark_read(work: Work, instance: Instance, seq: int) -> bool:
    """The actor has read everything up to `seq` (C51); True when that is news. It never moves back (Q24).

    Also possible after the end: what was said stays readable. What was not said yet cannot have been read.
    """
    if work.actor.user_id is None or instance.state is not None:
        return False
    seq = min(seq, instance.message_seq)
    if seq <= 0:
        return False
    insert = (postgresql if work.session.get_bind().dialect.name == "postgresql" else sqlite).insert(ReadCursor)
    values = {"user_id": work.actor.user_id, "instance_id": instance.id, "seq": seq, "read_at": work.now}
    moved = work.session.scalar(
        insert.values(**values)
        .on_conflict_do_update(
            index_elements=["user_id", "instance_id"],
            set_={"seq": seq, "read_at": work.now, "changed": TransactionNumber()},
            where=ReadCursor.seq < seq,
        )
        .returning(ReadCursor.seq)
    )
    if moved is not None:
        noticing.see_messages_of(work, instance)
        work.hint(instance, work.actor.kind, seq)
    return moved is not None
