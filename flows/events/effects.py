"""What the system did, or could not do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flows.events.base import Event


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
class MailSent(Event):
    """What went to a colleague (`to_staff`) is for staff alone to read."""

    template: str
    to: str
    subject: str = ""
    to_staff: bool = False


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
