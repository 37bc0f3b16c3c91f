"""The one place where a message gets its number: the instance row is locked, so numbers have no gap and no twin."""

from __future__ import annotations

from flows.events import MessageSent, NoteWritten
from flows.models import Instance, Message
from flows.models.conversations import LONGEST_MESSAGE
from flows.rules import conversations
from flows.rules.actors import SYSTEM, Actor
from flows.work import Work


def append(
    work: Work,
    instance: Instance,
    text: str,
    *,
    author: Actor | None = None,
    is_internal: bool = False,
    client_id: str | None = None,
    files: int = 0,
) -> Message:
    """The next message, or the next note, of the actor or another `author`; the instance is locked and open for it."""
    author = author or work.actor
    if is_internal:
        instance.note_seq += 1
    else:
        instance.message_seq += 1
    seq = instance.note_seq if is_internal else instance.message_seq
    said = Message(
        organisation_id=instance.organisation_id,
        instance_id=instance.id,
        seq=seq,
        author_id=author.user_id,
        author_name=author.name,
        author_kind=author.kind,
        text=text,
        is_internal=is_internal,
        client_id=client_id,
        created_at=work.now,
    )
    work.session.add(said)
    work.session.flush()
    instance.last_activity_at = work.now
    work.record(instance, (NoteWritten if is_internal else MessageSent)(said.uid, seq, files))
    return said


def say_for_the_house(work: Work, instance: Instance, text: str) -> Message:
    """What a flow says (`message` effects), by the system whoever set it off. OutOfStep when the instance has ended."""
    if instance.id is None:
        work.session.flush()
    conversations.check_open(instance, work.now, instance.time_zone)
    return append(work, instance, text[:LONGEST_MESSAGE], author=SYSTEM)
