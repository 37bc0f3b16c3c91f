"""What the API gives of conversations."""

from __future__ import annotations

from portal.api.shapes.cases import AttachedFile
from portal.api.shapes.plain import Moment, Named, Shape


class Sender(Shape):
    """`role` is customer, staff or system; the system has no id."""

    id: str | None
    name: str
    role: str


class Message(Shape):
    """`seq` counts from 1 without a gap in its thread. `client_id` is there for one's own messages."""

    id: str
    instance_id: str
    seq: int
    client_id: str | None
    sender: Sender
    body: str
    files: list[AttachedFile]
    internal: bool
    sent_at: Moment


class Messages(Shape):
    """Some messages, the oldest first. `before` asks for those left out before them, `after` for those after; null:
    there are none. `last_seq` is the newest of all.

    `read_up_to` is how far I have read, `read_by_others_up_to` how far the other side has, and since when. `closed`
    says why nothing can be sent any more.
    """

    data: list[Message]
    before: int | None
    after: int | None
    last_seq: int
    unread: int
    read_up_to: int
    read_by_others_up_to: int
    read_by_others_at: Moment | None
    closed: str | None
    allowed_actions: list[str]


class ReadMarker(Shape):
    """How far I have read now."""

    seq: int
    unread: int


class Conversation(Shape):
    """A request that was talked about, with its newest message."""

    instance: Named
    reference: str
    newest: Message
    unread: int


class Conversations(Shape):
    """Those with something unread first, then the newest; at most a hundred. `unread` is the number for a badge."""

    data: list[Conversation]
    unread: int
