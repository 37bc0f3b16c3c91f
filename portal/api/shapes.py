"""What the API gives: one model a resource, from which the answers are made and the documentation is written."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from portal.api.payment_shapes import Payment as Payment
from portal.api.payment_shapes import PaymentBegun as PaymentBegun
from portal.api.payment_shapes import StepPayment as StepPayment
from portal.api.plain_shapes import Answers, Links, Moment, Money, Named, Shape
from portal.api.plain_shapes import Page as Page


class Meta(Shape):
    server_time: Moment
    api_version: str
    min_app_version: str
    brand: str
    features: list[str]
    languages: list[Named]
    limits: dict[str, int]


class OpenDocument(Shape):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    security: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


class Tokens(Shape):
    token_type: str = "Bearer"  # noqa: S105  # the name of the scheme, no secret
    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    user: Named


class Session(Shape):
    id: str
    door: str
    device: str
    current: bool
    created_at: Moment
    last_seen_at: Moment


class Account(Named):
    kind: str
    role: str


class Me(Shape):
    id: str
    name: str
    email: str
    kind: str
    language: str
    time_zone: str
    accounts: list[Account]


class Summary(Shape):
    outstanding: int
    awaiting_us: int
    unread_messages: int
    unread_notifications: int
    next_due: Moment | None


class Product(Shape):
    """`needs_details` are the titles of the tasks that an order of it starts."""

    id: str
    sku: str
    vendor: str
    name: str
    summary: str
    price: Money
    unit: str
    needs_details: list[str]


class Customer(Named):
    kind: str
    address: str
    time_zone: str


class Priced(Shape):
    """So many of one product, at the price of each."""

    name: str
    quantity: int
    price: Money
    total: Money


class QuoteItem(Priced):
    product_id: str


class Quote(Shape):
    items: list[QuoteItem]
    total: Money
    needs_details: list[str]


class OrderItem(Priced):
    id: str
    sku: str
    vendor: str
    state: str
    provisioned_at: Moment | None


class OrderTask(Shape):
    instance_id: str
    reference: str
    title: str
    customer_status: str
    expires_at: Moment | None
    links: Links


class OrderNotice(Shape):
    text: str
    expires_at: Moment | None


class TimelineEntry(Shape):
    at: Moment
    kind: str
    who: str
    text: str


class OrderSummary(Shape):
    id: str
    reference: str
    state: str
    state_label: str
    customer: Named
    placed_by: Named
    total: Money
    items: list[OrderItem]
    placed_at: Moment
    closed_at: Moment | None
    cancel_reason: str | None
    cancel_text: str
    outstanding_tasks: list[OrderTask]
    notice: OrderNotice | None
    version: int
    links: Links
    allowed_actions: list[str]


class Order(OrderSummary):
    tasks: list[OrderTask]
    timeline: list[TimelineEntry]


class Progress(Shape):
    done: int
    total: int
    may_grow: bool


class Option(Shape):
    value: str
    label: str


class Field(Shape):
    """A question. `when` is the condition as CEL, `show_if` the same as a small JSON form where it is simple."""

    key: str
    type: str
    label: str
    hint: str | None
    required: bool
    sensitive: bool
    when: str | None
    show_if: dict[str, Any] | None
    options: list[Option] | None
    lookup: str | None
    min: int | float | str | None
    max: int | float | str | None
    max_length: int | None
    pattern: str | None
    max_items: int | None
    max_mb: int | None
    accept: list[str] | None
    currency: str | None
    fields: list[Field] | None


class FormPage(Shape):
    key: str
    title: str
    fields: list[str]


class Draft(Shape):
    answers: Answers
    saved_at: Moment | None
    base_version: int | None


class Effects(Shape):
    on_submit: str


class Review(Shape):
    """What was said when answers were handed back."""

    message: str
    by: str
    at: Moment
    fields: dict[str, str]


class Step(Shape):
    id: str
    key: str
    title: str
    help: str | None
    state: str
    actor: str
    version: int
    attempt: int
    review: Review | None
    pages: list[FormPage]
    fields: list[Field]
    answers: Answers
    labels: dict[str, dict[str, str]]
    draft: Draft | None
    payment: StepPayment | None
    allowed_actions: list[str]
    effects: Effects
    locked_until: Moment | None
    submitted_at: Moment | None


class InstanceSummary(Shape):
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
    customer: Named
    customer_address: str
    assignee: Named | None
    source: str
    order_id: str | None
    progress: Progress
    created_at: Moment
    updated_at: Moment
    due_at: Moment | None
    expires_at: Moment | None
    closed_at: Moment | None
    unread_messages: int
    version: int
    links: Links
    allowed_actions: list[str]


class Instance(InstanceSummary):
    close_message: str
    steps: list[Step] | None


class Submission(Shape):
    id: str
    attempt: int
    state: str
    answers: Answers
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


class InstanceBrief(Shape):
    id: str
    status: str
    customer_status: str
    progress: Progress
    version: int


class Next(Shape):
    """What the person does now: `kind` is step, wait or done."""

    kind: str
    text: str


class Submitted(Shape):
    submission: SubmissionBrief
    step: StepBrief
    instance: InstanceBrief
    next: Next


class FieldProblem(Shape):
    pointer: str
    code: str
    detail: str
    meta: dict[str, Any]


class DraftSaved(Shape):
    draft: Draft
    errors: list[FieldProblem] | None


class Notification(Shape):
    id: str
    text: str
    link_text: str
    instance_id: str | None
    created_at: Moment
    read_at: Moment | None
    links: Links | None


class Read(Shape):
    read: int


class ProblemDocument(Shape):
    """RFC 9457, with `code` (the slug of `type`), `errors` by JSON pointer, and for 412 the ETag of now."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldProblem]
    current_etag: str = ""
