"""What the API takes about conversations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from flows.actions.conversing import LONGEST_CLIENT_ID
from flows.models.conversations import LONGEST_MESSAGE
from portal.api.asked import Body, Id, Limit, Query

Seq = Annotated[int, Field(ge=0, lt=2**31)]
Text = Annotated[str, StringConstraints(max_length=LONGEST_MESSAGE)]


class MessagesWanted(Query):
    """The newest, without `before` or `after`; both are numbers of messages. `thread=notes`: between staff."""

    before: Seq | None = None
    after: Seq | None = None
    limit: Limit = 25
    thread: Literal["messages", "notes"] = "messages"


class NewMessage(Body):
    """Words, files or both. `client_id` is made when the person presses Send, and is the same for each try of it;
    without one the Idempotency-Key counts. `internal` is for staff: only they see it.
    """

    body: Text = ""
    upload_ids: Annotated[list[Id], Field(default_factory=list, max_length=100)]
    client_id: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_CLIENT_ID)] | None = None
    internal: bool = False


class ReadUpTo(Body):
    """The newest message that the person has before their eyes, by its id."""

    message_id: Id


class Many(Query):
    limit: Limit = 25
