"""What happened to a whole instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flows.events.base import Event


@dataclass(frozen=True)
class InstanceStarted(Event):
    """`parent` is the reference of the instance that it is a part of."""

    flow: str
    source: str
    message: str = ""
    parent: str = ""


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
class ReopeningAsked(Event):
    """The customer wants an ended request taken up again; staff decide."""

    reason: str


@dataclass(frozen=True)
class Rated(Event):
    score: int
    scale: int
    comment: str = ""


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
class Adjusted(Event):
    """It is brought in line with something that is told elsewhere, or not at all: the timeline keeps what changed."""

    staff_only: ClassVar[bool] = True


ENDINGS = tuple(one.kind() for one in (InstanceCompleted, InstanceClosed, InstanceCancelled, InstanceExpired))
"""How the end of an instance is called in its timeline."""
