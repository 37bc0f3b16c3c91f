"""The hand-driven life cycle: states, and the actions that move between them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from flows.catalogue.schema.effects import Effects
from flows.catalogue.schema.fields import Fields
from flows.catalogue.schema.words import Condition, Flag, People, StateName, Strict, Words, listed


class State(Strict):
    """A stage; `is` puts it in one of four columns (Q9)."""

    is_: Literal["todo", "doing", "done", "cancelled"] = Field(alias="is")
    start: Flag = False
    label: Words | None = None
    customer_label: Words | None = None

    @property
    def open(self) -> bool:
        """Work is still to be done in it."""
        return self.is_ in ("todo", "doing")


class Action(Strict):
    """A button: where it stands, where it leads (absent: the state stays), who may press it."""

    label: Words | None = None
    from_: Annotated[
        tuple[StateName, ...],
        BeforeValidator(listed, json_schema_input_type=StateName | list[StateName]),
        Field(alias="from", min_length=1),
    ]
    by: People
    to: StateName | None = None
    if_: Condition | None = Field(None, alias="if")
    comment: Literal["required", "optional"] | None = None
    fields: Fields = Field(default_factory=dict)
    do: Effects = ()
