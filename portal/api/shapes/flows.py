"""What the API gives about flows that may be started."""

from __future__ import annotations

from portal.api.shapes import Field, Links, Moment, Named, Shape


class FlowSummary(Shape):
    """A flow that I may start; `requestable` by me as a customer, otherwise as staff for a customer.

    `start_at` is where to POST: /instances or /cases, for staff /staff/instances or /tasks.
    """

    slug: str
    title: str
    kind: str
    summary: str
    keywords: list[str]
    requestable: bool
    start_at: str


class OpenInstance(Shape):
    id: str
    reference: str
    links: Links


class AmountAsked(Shape):
    """A payment step whose amount staff say when they begin."""

    step: str
    title: str
    currency: str


class Flow(FlowSummary):
    """What to know before starting. `fields` are asked at once, `done_by` is when it is due if started now.

    For staff: `inputs` are what they say about it, `amounts` what they set; `customers` are then searched for.
    """

    help_text: str | None
    help_url: str | None
    fields: list[Field]
    inputs: list[Field]
    amounts: list[AmountAsked]
    steps_for_you: int
    reviewed: bool
    done_by: Moment | None
    customers: list[Named]
    open_instances: list[OpenInstance]
