"""Task instances, and what an act on one of them gives."""

from __future__ import annotations

from portal.api.shapes.forms import Step
from portal.api.shapes.plain import Answers, Asked, Child, Links, Moment, Money, Named, Shape
from portal.api.shapes.talk import Messages


class Progress(Shape):
    done: int
    total: int
    may_grow: bool


class Rating(Shape):
    """From 1 to `scale`; it may be changed until `changeable_until`."""

    score: int
    scale: int
    comment: str
    rated_at: Moment
    changeable_until: Moment


class InstanceSummary(Shape):
    """`customer_status` is not_started, in_progress, changes_needed, with_us, being_reviewed, completed, closed,
    cancelled or expired; for the task of an order pending, completed, expired or cancelled. `overdue` stands beside it.
    """

    id: str
    reference: str
    title: str
    kind: str
    flow: str
    status: str
    status_label: str
    customer_status: str
    turn: str
    waiting_on: str | None
    overdue: bool
    outcome: str | None
    outcome_kind: str | None
    outcome_label: str | None
    customer: Named
    customer_address: str
    assignee: Named | None
    source: str
    order_id: str | None
    parent_id: str | None
    progress: Progress
    created_at: Moment
    updated_at: Moment
    due_at: Moment | None
    expires_at: Moment | None
    closed_at: Moment | None
    rating: Rating | None
    unread_messages: int
    version: int
    links: Links
    allowed_actions: list[str]


class Amount(Shape):
    """What is to be paid in a step."""

    step: str
    title: str
    amount: Money


class Outcome(Shape):
    """A way to end the request; `message` is what the customer would read, to be edited before confirming."""

    key: str
    label: str
    kind: str
    message: str


class LinkedTo(Shape):
    """`value` is the id of the thing in its lookup."""

    value: str
    label: str
    detail: str


class Linked(Shape):
    """A link that the flow knows, such as to a tenancy agreement: `to` is null before it is made.

    GET /lookups/{lookup} finds what there is to link to.
    """

    key: str
    label: str
    lookup: str
    to: LinkedTo | None


class Instance(InstanceSummary):
    """`linked` is for staff alone; `outcomes` are there for them while it runs. `steps`, `messages`: by `include`."""

    close_message: str
    asked: list[Asked]
    amounts: list[Amount]
    linked: list[Linked]
    outcomes: list[Outcome]
    children: list[Child]
    steps: list[Step] | None
    messages: Messages | None


class Started(Instance):
    """`client_id` is the app's own name for it, said back."""

    client_id: str | None


class Decision(Shape):
    """What was decided about an attempt: approved, returned or closed. Customers see what was returned."""

    decision: str
    message: str
    by: str
    at: Moment
    fields: dict[str, str]


class Submission(Shape):
    """`masked` are JSON pointers to private answers, which are null here."""

    id: str
    attempt: int
    state: str
    answers: Answers
    masked: list[str]
    reviews: list[Decision]
    submitted_by: Named | None
    submitted_at: Moment
    filled_at: Moment | None


class SubmissionBrief(Shape):
    id: str
    attempt: int
    state: str


class StepBrief(Shape):
    key: str
    state: str
    version: int
    check_again: bool
    allowed_actions: list[str]


class InstanceBrief(Shape):
    id: str
    status: str
    customer_status: str
    outcome: str | None
    progress: Progress
    version: int
    allowed_actions: list[str]


class Next(Shape):
    """What the person does now: `kind` is step, wait or done."""

    kind: str
    text: str


class Changed(Shape):
    """A step and its instance after something was done to the step."""

    step: StepBrief
    instance: InstanceBrief


class QuestionAdded(Changed):
    """`key` is the name of the new question."""

    key: str


class Submitted(Changed):
    submission: SubmissionBrief
    next: Next
