"""What the API gives staff of the past: an instance as it was at a moment, and the reasons."""

from __future__ import annotations

from portal.api.shapes.plain import Answers, Moment, Named, Shape
from portal.api.shapes.shop import TimelineEntry


class StepAsItWas(Shape):
    """`answers` are those of the attempt that stood there; private ones are null, and `masked` points at them."""

    name: str
    title: str
    actor: str
    state: str
    attempt: int
    check_again: bool
    due_at: Moment | None
    answers: Answers
    masked: list[str]


class AsItWas(Shape):
    """An instance after the event `seq`; `happened` is what happened at that moment, `flow_version` its number then."""

    id: str
    reference: str
    seq: int
    at: Moment
    status: str
    state: str | None
    outcome: str | None
    waiting_on: str | None
    assignee: Named | None
    due_at: Moment | None
    expires_at: Moment | None
    closed_at: Moment | None
    flow: str
    flow_version: int
    steps: list[StepAsItWas]
    happened: list[TimelineEntry]


class ValueRead(Shape):
    """A name that a rule read. `known` is false while there is nothing yet, `hidden` true when it is not shown."""

    name: str
    text: str
    known: bool
    hidden: bool


class MadeItSo(Shape):
    """The event that made it so."""

    seq: int
    at: Moment
    who: str
    kind: str
    text: str


class Reason(Shape):
    """Why something is as it is: `kind` and `name` say what (step `pets`, timer `nudge.1`), `what` how it is.

    `verdict` says whether `rule` holds, null when it is not yet known; `place` is file:line in that version of the
    flow. `decided_by` are the parts of an and / or that made the verdict.
    """

    kind: str
    name: str
    what: str
    verdict: bool | None
    rule: str
    place: str
    values: list[ValueRead]
    decided_by: list[str]
    because: MadeItSo | None
    note: str


class Reasons(Shape):
    """All of an instance, now or at a moment."""

    id: str
    reference: str
    at: Moment
    seq: int
    data: list[Reason]
