"""Facts in the past tense. Verbs record them; the timeline keeps them; `messaging.notify` says who hears of them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Something that happened to an instance or an order. Its fields are what the timeline keeps about it."""

    staff_only: ClassVar[bool] = False

    @classmethod
    def kind(cls) -> str:
        """`StepSubmitted` is `step_submitted` in the timeline and in the API."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def facts(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class InstanceStarted(Event):
    flow: str
    source: str
    message: str = ""


@dataclass(frozen=True)
class StepOpened(Event):
    step: str
    title: str


@dataclass(frozen=True)
class StepSubmitted(Event):
    step: str
    title: str
    attempt: int


@dataclass(frozen=True)
class StepCompleted(Event):
    step: str
    title: str


@dataclass(frozen=True)
class StepApproved(Event):
    """One approval; `enough` when the step is completed by it. The note is between staff."""

    step: str
    title: str
    attempt: int
    enough: bool
    note: str = ""
    instead_of: str = ""


@dataclass(frozen=True)
class StepReturned(Event):
    """Handed back for resubmission; `fields` are the remarks by name (C36)."""

    step: str
    title: str
    attempt: int
    message: str
    fields: dict[str, str] = field(default_factory=dict)
    instead_of: str = ""


@dataclass(frozen=True)
class StepReopened(Event):
    """A completed step is open again; `again` are the steps that stand on it and must be checked (C38, Q23)."""

    step: str
    title: str
    reason: str
    again: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class StepConfirmed(Event):
    """Staff looked at a step that was marked "check again": its answers still hold."""

    staff_only: ClassVar[bool] = True
    step: str
    title: str


@dataclass(frozen=True)
class StepOverdue(Event):
    step: str
    title: str
    due_at: str


@dataclass(frozen=True)
class ReviewEscalated(Event):
    """Nobody decided in time; others were told (X5)."""

    staff_only: ClassVar[bool] = True
    step: str
    title: str
    to: list[str]


@dataclass(frozen=True)
class StepAdded(Event):
    """A step of this one instance (C39)."""

    step: str
    title: str
    actor: str
    after: str


@dataclass(frozen=True)
class FieldAdded(Event):
    """A question of this one instance (C40)."""

    step: str
    title: str
    field: str
    label: str


@dataclass(frozen=True)
class AmountChanged(Event):
    """`before_minor` is None when nobody had said an amount before."""

    step: str
    title: str
    before_minor: int | None
    after_minor: int
    currency: str
    reason: str = ""


@dataclass(frozen=True)
class DueDateChanged(Event):
    """`due_at` is empty when there is no due date any more."""

    due_at: str
    reason: str


@dataclass(frozen=True)
class Linked(Event):
    link: str
    label: str
    to: str


@dataclass(frozen=True)
class Unlinked(Event):
    link: str
    label: str
    from_: str
    reason: str


@dataclass(frozen=True)
class InstanceReopened(Event):
    reason: str


@dataclass(frozen=True)
class Rated(Event):
    score: int
    scale: int
    comment: str = ""


@dataclass(frozen=True)
class PaymentBegun(Event):
    staff_only: ClassVar[bool] = True
    payment: str
    title: str
    amount_minor: int
    currency: str
    provider: str


@dataclass(frozen=True)
class PaymentOnItsWay(Event):
    """The payer has done their part, and their bank takes its time."""

    payment: str
    title: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class PaymentReceived(Event):
    payment: str
    title: str
    amount_minor: int
    currency: str
    provider: str


@dataclass(frozen=True)
class PaymentFailed(Event):
    payment: str
    title: str
    why: str


@dataclass(frozen=True)
class PaymentUnexpected(Event):
    """Money came that cannot be kept, and goes back; `why` is a half sentence."""

    payment: str
    title: str
    amount_minor: int
    currency: str
    why: str


@dataclass(frozen=True)
class PaymentRefunded(Event):
    payment: str
    amount_minor: int
    currency: str


@dataclass(frozen=True)
class SensitiveRead(Event):
    """Somebody had a sensitive answer shown in clear (X20)."""

    staff_only: ClassVar[bool] = True
    step: str
    field: str
    label: str


@dataclass(frozen=True)
class InstanceCompleted(Event):
    outcome: str
    automatic: bool = True


@dataclass(frozen=True)
class InstanceClosed(Event):
    """Ended with a negative outcome."""

    outcome: str
    automatic: bool = True


@dataclass(frozen=True)
class InstanceCancelled(Event):
    reason: str


@dataclass(frozen=True)
class InstanceExpired(Event):
    expired_at: str


@dataclass(frozen=True)
class InstanceOverdue(Event):
    due_at: str


@dataclass(frozen=True)
class ExpiryExtended(Event):
    expires_at: str
    reason: str


@dataclass(frozen=True)
class TimerFired(Event):
    timer: str
    n: int
    total: int


@dataclass(frozen=True)
class TimerMissed(Event):
    """Came due while nothing ran, and a newer one took its place (Q30)."""

    staff_only: ClassVar[bool] = True
    timer: str
    n: int


@dataclass(frozen=True)
class Assigned(Event):
    """Whose work it is inside the house is for staff alone.

    `to` is a name, "nobody" when it was taken from `before`; `instead_of` is away and `to` stands in (X6).

    """

    staff_only: ClassVar[bool] = True
    to: str
    note: str = ""
    before: str = ""
    instead_of: str = ""
    user_id: int | None = None


@dataclass(frozen=True)
class Acted(Event):
    """A hand moved a case or task: which action, from which state to which (the same: it stayed), with which words.

    `now` and `now_for_customer` are the words for the state it is in after. `for_customer` says whether the customer
    may read the comment; `asked` is what the dialog asked, in words.
    """

    action: str
    label: str
    before: str
    after: str
    now: str = ""
    now_for_customer: str = ""
    comment: str = ""
    for_customer: bool = False
    asked: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Commented(Event):
    comment: str
    text: str


@dataclass(frozen=True)
class CommentedInternally(Event):
    staff_only: ClassVar[bool] = True
    comment: str
    text: str


@dataclass(frozen=True)
class PriorityChanged(Event):
    staff_only: ClassVar[bool] = True
    before: str
    after: str


@dataclass(frozen=True)
class ChildStarted(Event):
    """A task was made on a case."""

    staff_only: ClassVar[bool] = True
    child: str
    title: str


@dataclass(frozen=True)
class MailSent(Event):
    template: str
    to: str
    subject: str = ""


@dataclass(frozen=True)
class EffectGaveUp(Event):
    """An incident: what was owed could not be done; people retry or skip it (X36)."""

    staff_only: ClassVar[bool] = True
    what: str
    cause: str
    tries: int


@dataclass(frozen=True)
class EffectRetried(Event):
    staff_only: ClassVar[bool] = True
    what: str


@dataclass(frozen=True)
class EffectSkipped(Event):
    staff_only: ClassVar[bool] = True
    what: str
    reason: str


@dataclass(frozen=True)
class OrderPlaced(Event):
    total_minor: int
    currency: str
    lines: int


@dataclass(frozen=True)
class OrderAwaitingDetails(Event):
    instances: list[str]


@dataclass(frozen=True)
class OrderFinalised(Event):
    with_details: bool


@dataclass(frozen=True)
class ProvisioningRequested(Event):
    line: str
    name: str
    provider: str


@dataclass(frozen=True)
class LineProvisioned(Event):
    line: str
    name: str
    provider_reference: str


@dataclass(frozen=True)
class OrderCompleted(Event):
    pass


@dataclass(frozen=True)
class OrderCancelled(Event):
    reason: str
    text: str


@dataclass(frozen=True)
class OrderFailed(Event):
    cause: str


def every_event() -> list[type[Event]]:
    """All kinds there are, for the laws."""
    return sorted(Event.__subclasses__(), key=lambda event: event.__name__)
