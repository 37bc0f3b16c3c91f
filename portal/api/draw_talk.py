"""Messages as the API shows them: in a conversation, in the list of all, and in a phone's copy."""

from __future__ import annotations

from flows.models import Message
from flows.rules.actors import Actor
from portal.api.shapes import talk as given
from portal.api.shapes.cases import AttachedFile


def message(actor: Actor, one: Message, instance: str, sender: str | None) -> given.Message:
    """`instance` and `sender` are opaque ids; the system that sends has none."""
    is_mine = one.author_id is not None and one.author_id == actor.user_id
    return given.Message(
        id=one.uid,
        instance_id=instance,
        seq=one.seq,
        client_id=one.client_id if is_mine else None,
        sender=given.Sender(id=sender, name=one.author_name, role=one.author_kind),
        body=one.text,
        files=[AttachedFile(id=f.uid, name=f.name, size=f.size, mime_type=f.mime) for f in one.uploads],
        internal=one.is_internal,
        sent_at=one.created_at,
    )
