"""What the API takes about cases, department tasks and their comments."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from portal.api.asked import Body, Counted, FromText, Id, Words

LongWords = Annotated[str, StringConstraints(max_length=4000)]


class CaseList(Counted):
    q: Words = ""
    open: bool = False


class BoxList(CaseList):
    """`department_id` is one of `departments` of GET /me: what is there, and with `open=false` what was there too."""

    box: Literal["pending", "created", "related"] = "pending"
    department_id: Id | None = None
    flow: Annotated[str, StringConstraints(max_length=64)] = ""
    priority: Literal["", "low", "normal", "high", "urgent"] = ""
    overdue: bool = False


class NewCase(Body):
    """`customer_id` is one of the organisations from GET /customers; without it, when there is only one, that one."""

    flow: Words
    answers: dict[str, Any]
    customer_id: Id | None = None


class NewTask(Body):
    """By staff: inside the house, with `case_id` on a case, with `customer_id` (a person or a household or company) for
    a customer, where the flow asks for one.
    """

    flow: Words
    answers: dict[str, Any]
    customer_id: Id | None = None
    assignee_id: Id | None = None
    case_id: Id | None = None
    client_visible: bool = True
    priority: Literal["low", "normal", "high", "urgent"] = "normal"


class TaskChange(Body):
    """What is not named stays; `due_at` null: no due date any more. The reason is for another due date."""

    priority: Literal["low", "normal", "high", "urgent"] | None = None
    due_at: Annotated[AwareDatetime, FromText] | None = None
    reason: Words = ""


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
