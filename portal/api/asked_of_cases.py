"""What the API takes about cases, department tasks and their comments."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from portal.api.asked import Body, Id, Paged, Words

LongWords = Annotated[str, StringConstraints(max_length=4000)]


class CaseList(Paged):
    q: Words = ""
    open: bool = False


class BoxList(CaseList):
    box: Literal["pending", "created", "related"] = "pending"


class NewCase(Body):
    """`customer_id` is one of the organisations from GET /customers; without it, when there is only one, that one."""

    flow: Words
    answers: dict[str, Any]
    customer_id: Id | None = None


class NewTask(Body):
    """By staff, inside the house or, with `case_id`, on a case."""

    flow: Words
    answers: dict[str, Any]
    assignee_id: Id | None = None
    case_id: Id | None = None
    client_visible: bool = True
    priority: Literal["low", "normal", "high", "urgent"] = "normal"


class StatusWanted(Body):
    status: Literal["in_progress", "closed", "cancelled", "reopened"]
    comment: LongWords = ""


class Acting(Body):
    comment: LongWords = ""
    fields: dict[str, Any] | None = None


class NewComment(Body):
    """Words, files or both; `upload_ids` are ready uploads of mine that belong to nothing yet."""

    text: LongWords = ""
    upload_ids: Annotated[list[Id], Field(default_factory=list, max_length=100)]
    client_visible: bool = True


class Given(Body):
    """`assignee_id` null puts it back into the queue."""

    assignee_id: Id | None
    note: LongWords = ""
