"""What happened to a step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from flows.events.base import Event


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
class SensitiveRead(Event):
    """Somebody had a sensitive answer shown in clear (X20)."""

    staff_only: ClassVar[bool] = True
    step: str
    field: str
    label: str
