"""The guided life cycle: steps with their review, payment and automatic outcome."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from flows.catalogue.schema.effects import Effects
from flows.catalogue.schema.fields import Fields
from flows.catalogue.schema.time import Deadline
from flows.catalogue.schema.words import (
    Chosen,
    Condition,
    Currency,
    Doer,
    Hole,
    Name,
    People,
    SpanText,
    Strict,
    Whole,
    Words,
)


class Escalation(Strict):
    """Who is told when nobody has taken the review after a while (X5)."""

    after: SpanText
    to: People


class Approval(Strict):
    """A review by somebody else than the submitter; `returns` is how often it may be handed back."""

    by: People = ("staff",)
    need: Annotated[Whole, Field(ge=1, le=20)] = 1
    returns: Annotated[Whole, Field(ge=1, le=100)] | None = None
    escalate: Escalation | None = None


class Payment(Strict):
    """Money inside a flow: `ask` means the amount is given at creation; numbers are minor units."""

    currency: Currency
    amount: Literal["ask"] | Annotated[NonNegativeInt, Field(strict=True)] | Hole
    reference: Words | None = None


class OutcomeRule(Strict):
    """When the condition holds, the instance ends with the named outcome: exactly one of the two (lint F108)."""

    if_: Condition = Field(alias="if")
    on: Literal["submitted", "approved"] | None = None
    complete: Name | None = None
    close: Name | None = None


class Page(Strict):
    """Some of a step's fields shown together; what no page names follows on the last."""

    title: Words
    fields: Annotated[tuple[Name, ...], Field(min_length=1)]
    help: Words | None = None
    when: Condition | None = None


class Step(Strict):
    """One thing that one party has to do."""

    title: Words
    actor: Doer
    help: Words | None = None
    when: Condition | None = None
    needs: tuple[Name, ...] = ()
    done_when: Condition | None = None
    fields: Fields = Field(default_factory=dict)
    pages: dict[Name, Page] = Field(default_factory=dict)
    check: Literal["never", "auto", "always"] = "auto"
    approval: Approval | None = None
    payment: Payment | None = None
    outcome: tuple[OutcomeRule, ...] = ()
    deadline: Deadline | None = None
    assign: Chosen | None = None
    do: Effects = ()

    @property
    def is_checked(self) -> bool:
        """Whether the answers are shown once more before they are sent (3.3.4); one simple page is its own check."""
        return self.check == "always" or (self.check == "auto" and len(self.pages) > 1)

    def conditions_of_pages(self) -> dict[str, str]:
        """Field -> the condition of the page it stands on: a question of a page that is not shown is not asked."""
        return {name: page.when for page in self.pages.values() if page.when for name in page.fields}
