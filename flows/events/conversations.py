"""What was said about a request. The words stand in the conversation; the timeline keeps that they were said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flows.events.base import Event


@dataclass(frozen=True)
class MessageSent(Event):
    """`message` is its opaque id, `number` its place in the conversation, `files` how many came with it."""

    message: str
    number: int
    files: int = 0


@dataclass(frozen=True)
class NoteWritten(Event):
    """The same between staff (X29)."""

    staff_only: ClassVar[bool] = True
    message: str
    number: int
    files: int = 0
