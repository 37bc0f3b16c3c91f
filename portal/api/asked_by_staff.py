"""What the apps of staff send: a new request, what is done with one, decisions on answers, additions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from portal.api.asked import Body, Counted, Day, FromText, Id, Long, Query, Sum, Words

Moment = Annotated[AwareDatetime, FromText]
Name = Annotated[str, Field(min_length=1, max_length=64)]


class NewInstance(Body):
    """`customer_id` is a person or a household or company; `amounts` by payment step; answers as in a form."""

    flow: Name
    customer_id: Id
    assignee_id: Id | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    fields: dict[str, Any] = Field(default_factory=dict)
    amounts: dict[str, Sum] = Field(default_factory=dict)
    due_at: Moment | None = None
    message: Long = ""


class Assignment(Body):
    """`assignee_id` null: nobody."""

    assignee_id: Id | None
    note: Long = ""


class Conclusion(Body):
    """`message` null: the words of the flow."""

    outcome: Name
    message: Long | None = None


class Linking(Body):
    """`value` is the id of what it is linked to, from GET /lookups/{lookup}."""

    value: Id


class NewAmount(Body):
    """0 skips the step. The reason stands in the history, where the customer reads it."""

    amount: Sum
    reason: Words = ""


class Transfer(Body):
    """Money on the bank statement: what stands there, and the day on which it came."""

    reference: Words
    received_on: Day


class PaidBack(Body):
    """`reference` is what the bank statement says about the money that went back."""

    reference: Words


class PaymentList(Counted):
    """`q` is found in references, titles and names."""

    state: Literal["", "pending", "processing", "paid", "failed", "cancelled", "refunding", "refunded"] = ""
    q: Words = ""


class Revival(Body):
    """`expires_at`: a new end, where the old one is past."""

    reason: Words
    expires_at: Moment | None = None


class DueDate(Body):
    """`due_at` null: no due date any more."""

    due_at: Moment | None
    reason: Words = ""


class Extension(Body):
    expires_at: Moment
    reason: Words


class Approval(Body):
    note: Long = ""


class Return(Body):
    """`remarks` by question; `due_at`: a new due date of the whole request."""

    message: Long
    remarks: dict[str, Long] = Field(default_factory=dict)
    due_at: Moment | None = None


class Closing(Body):
    """`reason` is between staff, `message` for the customer; null: the words of the flow."""

    reason: Long
    message: Long | None = None
    outcome: Name = "close"


class Reopening(Body):
    """`reason` is sent to the customer."""

    reason: Long = ""


class Question(Body):
    """`options` are the words to choose from, for choice and choices."""

    label: Words
    type: Words
    required: bool = False
    hint: Words = ""
    options: Annotated[list[Words], Field(max_length=100)] = Field(default_factory=list)


class NewStep(Body):
    """A step below the one called `after`; `approval`: its answers are reviewed."""

    after: Name
    title: Words
    actor: Literal["customer", "staff"]
    approval: bool = False
    questions: Annotated[list[Question], Field(max_length=20)] = Field(default_factory=list)


class LookingBack(Query):
    """At a moment, or after the event with this number in the history; without either now."""

    moment: Moment | None = None
    seq: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


class Asking(LookingBack):
    """`step`: only that step, with its questions and endings."""

    step: Name | None = None
