"""Conversations: messages in pages both ways, sending once, how far I have read (C3, C47 to C51, C54)."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request
from sqlalchemy import select

from flows import access
from flows.actions import conversing, versions
from flows.models import Instance, User
from flows.models import Message as MessageRow
from flows.queries import allowed, conversations, unread
from flows.rules.conversations import closed_because
from flows.rules.errors import Refused
from flows.words import gettext as _
from portal.api import asked_of_talk as asked
from portal.api import draw_talk, languages, reading
from portal.api.door import Answer, Call, operation
from portal.api.shapes import Named
from portal.api.shapes import talk as given


@operation("GET", "/instances/<instance_id>/messages", who="signed_in", gives=given.Messages, refusals=("not-found",))
def list_messages(call: Call, instance_id: str, query: asked.MessagesWanted) -> Answer:
    """The newest messages, those before a number, or those after one; notes are for staff alone."""
    return Answer(conversation(call, _talked_about(access.instance_to_read(call.actor, instance_id)), query))


def conversation(call: Call, instance: Instance, query: asked.MessagesWanted) -> given.Messages:
    """What is asked for of a conversation, with how far everybody has read."""
    talk = conversations.of_instance(
        call.actor,
        instance,
        is_internal=query.thread == "notes",
        before=query.before,
        after=query.after,
        limit=query.limit,
    )
    senders = _senders(call, talk.messages)
    definition = versions.definition_of(call.session, instance)
    return given.Messages(
        data=[_message(call, instance, one, senders) for one in talk.messages],
        before=talk.older,
        after=talk.newer,
        last_seq=talk.last,
        unread=talk.unread,
        read_up_to=talk.read_up_to,
        read_by_others_up_to=talk.read_by_others,
        read_by_others_at=talk.read_at,
        closed=closed_because(instance, call.now, call.actor.time_zone, definition.has_messages),
        allowed_actions=allowed.of_conversation(call.actor, instance, definition, call.now),
    )


@operation("POST", "/instances/<instance_id>/messages", who="signed_in", gives=given.Message, status=201,
           key="required", refusals=("not-found", "forbidden", "conversation-closed",
                                      "invalid-transition"))  # fmt: skip
def send_message(call: Call, instance_id: str, body: asked.NewMessage) -> Answer:
    """Say something, with files or without; sent again with the same `client_id` it is there once."""
    instance = access.instance_to_change(call.work, instance_id)
    say = conversing.note if body.internal else conversing.send
    client_id = body.client_id or request.headers["Idempotency-Key"].strip('"')[: conversing.LONGEST_CLIENT_ID]
    with reading.named(text="body"):
        said = say(call.work, instance, body.body, client_id=client_id, upload_ids=body.upload_ids)
    return Answer(_message(call, instance, said, _senders(call, [said])), 201)


@operation("PUT", "/instances/<instance_id>/read_marker", who="signed_in", gives=given.ReadMarker,
           refusals=("not-found",))  # fmt: skip
def move_read_marker(call: Call, instance_id: str, body: asked.ReadUpTo) -> Answer:
    """I have read everything up to this message; the marker never moves back."""
    instance = _talked_about(access.instance_to_change(call.work, instance_id))
    seq = call.session.scalar(
        select(MessageRow.seq).where(
            MessageRow.instance_id == instance.id,
            MessageRow.uid == access.clean(body.message_id),
            MessageRow.is_internal.is_(False),
        )
    )
    if seq is None:
        raise Refused(_("No such message"))
    conversing.mark_read(call.work, instance, seq)
    talk = conversations.of_instance(call.actor, instance, after=instance.message_seq)
    return Answer(given.ReadMarker(seq=talk.read_up_to, unread=talk.unread))


@operation("GET", "/conversations", who="signed_in", gives=given.Conversations)
def list_conversations(call: Call, query: asked.Many) -> Answer:
    """What I talk about with the other side, those with something unread first."""
    found = conversations.listed(call.actor, query.limit)
    senders = _senders(call, [one.newest for one in found])
    rows = [
        given.Conversation(
            instance=Named(id=one.instance.uid, name=languages.title_of(call.session, one.instance)),
            reference=one.instance.reference,
            newest=_message(call, one.instance, one.newest, senders),
            unread=one.unread,
        )
        for one in found
    ]
    return Answer(given.Conversations(data=rows, unread=unread.total(call.actor)))


def _message(call: Call, instance: Instance, one: MessageRow, senders: dict[int, str]) -> given.Message:
    return draw_talk.message(call.actor, one, instance.uid, senders.get(one.author_id or 0))


def _senders(call: Call, messages: Iterable[MessageRow]) -> dict[int, str]:
    """The opaque ids of who wrote them; those who are not at hand already in one statement."""
    ids = {one.author_id for one in messages if one.author_id is not None}
    at_hand = {one.id: one.uid for one in call.session.identity_map.values() if isinstance(one, User) and one.id in ids}
    missing = ids - at_hand.keys()
    found = call.session.execute(select(User.id, User.uid).where(User.id.in_(missing))).all() if missing else ()
    return {**at_hand, **dict(found)}


def _talked_about(instance: Instance) -> Instance:
    """Cases and department tasks have comments instead."""
    if instance.state is not None:
        raise Refused(_("No such task"))
    return instance
