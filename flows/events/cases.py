"""What happened to a case or a task of a department."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from flows.events.base import Event


@dataclass(frozen=True)
class Acted(Event):
    """A hand moved a case or task: which action, from which state to which (the same: it stayed), with which words.

    `now` and `now_for_customer` are the words for the state it is in after. `for_customer` says whether the customer
    may read the comment; `asked` is what the dialog asked, in words, and `given` the same as it is stored.
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
    given: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Commented(Event):
    """Words, files or both; `files` are their names."""

    comment: str
    text: str
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CommentedInternally(Event):
    staff_only: ClassVar[bool] = True
    comment: str
    text: str
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class PriorityChanged(Event):
    staff_only: ClassVar[bool] = True
    before: str
    after: str


@dataclass(frozen=True)
class ChildStarted(Event):
    """A task was made on a case, or a flow started another one below it."""

    staff_only: ClassVar[bool] = True
    child: str
    title: str


@dataclass(frozen=True)
class ChildEnded(Event):
    """How it ended: completed, cancelled, or expired."""

    staff_only: ClassVar[bool] = True
    child: str
    title: str
    status: str
