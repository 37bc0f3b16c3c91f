"""Facts in the past tense. Verbs record them; the timeline keeps them; `messaging.notify` says who hears of them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
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
    to: str
    note: str = ""


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
