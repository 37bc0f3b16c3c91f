"""What a flow does about time: deadlines, the end, timers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flows.catalogue.schema.effects import Effects
from flows.catalogue.schema.words import Clock, Condition, Name, Spans, SpanText, Strict, StringConstraints


class Deadline(Strict):
    """A moment counted from the creation (of a step: from its opening); `calendar` says which days are working days."""

    after: SpanText
    calendar: Name | None = None
    time: Clock | None = None


class Timer(Strict):
    """Something that happens by itself: exactly one of `after`, `before_due`, `after_due`, `every` (lint F108)."""

    after: Spans | None = None
    before_due: Spans | None = None
    after_due: Spans | None = None
    every: SpanText | None = None
    from_: (
        Annotated[str, StringConstraints(pattern=r"^(created|step\.[a-z][a-z0-9_]*\.[a-z]+|entered\.[A-Za-z]\w*)$")]
        | None
    ) = Field(None, alias="from")
    calendar: Name | None = None
    time: Clock | None = None
    while_: Condition | None = Field(None, alias="while")
    do: Effects

    @property
    def is_reminder(self) -> bool:
        """Whether it speaks before it is too late; a person may send such a one at once."""
        return bool(self.after or self.before_due)

    @property
    def spans(self) -> tuple[str, ...]:
        """The spans of whichever key is used; `every` gives one."""
        return self.after or self.before_due or self.after_due or ((self.every,) if self.every else ())
