"""The whole flow: its ways in, its life cycle, its clocks, its words; and the questions that the engine asks of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag

from flows.catalogue.schema.effects import Child, Effect, Effects, StartEffect
from flows.catalogue.schema.fields import Fields, FlowField
from flows.catalogue.schema.stages import Action, State
from flows.catalogue.schema.steps import Step
from flows.catalogue.schema.time import Deadline, Timer
from flows.catalogue.schema.words import (
    Chosen,
    Condition,
    Dotted,
    Flag,
    Name,
    People,
    RelativeFile,
    Slug,
    StateName,
    StatusName,
    Strict,
    WebAddress,
    Words,
    listed,
)

EffectEvent = Annotated[
    str,
    StringConstraints(
        pattern=r"^(created|assigned|completed|closed|cancelled|expired|overdue|rated|entered\.[A-Za-z][A-Za-z0-9_]*"
        r"|step\.[a-z][a-z0-9_]*\.(opened|submitted|approved|returned|reopened))$"
    ),
]


class Help(Strict):
    text: Words | None = None
    url: WebAddress | None = None


class Start(Strict):
    """The ways in (at least one, lint F108) and what is known at the start."""

    staff: Flag = False
    customer: Flag = False
    onboarding: Flag = False
    event: Dotted | None = None
    if_: Condition | None = Field(None, alias="if")
    once_per: Words | None = None
    for_: Words | None = Field(None, alias="for")
    assign: Chosen | None = None
    department: Words | None = None
    inputs: Fields = Field(default_factory=dict)
    fields: Fields = Field(default_factory=dict)

    @property
    def questions(self) -> dict[str, FlowField]:
        """What is given and what is asked at the start: names are unique among both."""
        return {**self.inputs, **self.fields}


class Link(Strict):
    """A button that ties the instance to something a plugin can find."""

    label: Words
    lookup: Dotted
    by: People = ("staff",)


class Outcome(Strict):
    """How it can end; `message` is for the customer and may be edited before confirming."""

    label: Words
    kind: Literal["positive", "negative"]
    message: Words | None = None


class Messaging(Strict):
    open_while: Literal["active", "always"] = "active"
    remind_unread: Literal["daily", "never"] = "daily"


class Cancelling(Strict):
    """Who may cancel an open instance; a customer only until somebody of ours has begun (Q29)."""

    by: People = ("staff",)


class Rating(Strict):
    ask: Literal["completed", "never"] = "completed"
    scale: Literal[3, 5, 10] = 5


_STANDARD_OUTCOMES = {
    "complete": Outcome(label="Complete Request", kind="positive"),
    "close": Outcome(label="Close Request", kind="negative"),
}


class FlowDefinition(Strict):
    """A task flow of language version 1: what a YAML file says, typed."""

    flow: Slug
    schema_: Annotated[Literal[1], Field(alias="schema")]
    title: Words
    start: Start
    type: Words | None = None
    summary: Words | None = None
    help: Help | None = None
    keywords: Annotated[tuple[Words, ...], BeforeValidator(listed, json_schema_input_type=Words | list[Words])] = ()
    archived: Flag = False
    status_labels: dict[StatusName, Words] = Field(default_factory=dict)
    steps: Annotated[dict[Name, Step], Field(max_length=200)] = Field(default_factory=dict)
    states: dict[StateName, State] = Field(default_factory=dict)
    actions: dict[Name, Action] = Field(default_factory=dict)
    links: dict[Name, Link] = Field(default_factory=dict)
    deadline: Deadline | None = None
    expires: Deadline | None = None
    timers: dict[Name, Timer] = Field(default_factory=dict)
    outcomes: dict[Name, Outcome] = Field(default_factory=dict)
    messaging: Annotated[
        Annotated[Literal[False], Tag("off")] | Annotated[Messaging, Tag("on")],
        Discriminator(lambda value: "on" if isinstance(value, dict | Messaging) else "off"),
    ] = Messaging()
    rating: Rating | None = None
    cancel: Cancelling = Cancelling()
    effects: dict[EffectEvent, Effects] = Field(default_factory=dict)
    running: Literal["pin", "follow"] = "pin"
    moved: dict[StateName, StateName] = Field(default_factory=dict)
    i18n: dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")], RelativeFile] = Field(
        default_factory=dict
    )

    @property
    def start_state(self) -> str | None:
        """The state a new instance is in: the one marked `start`, else the first; None for a flow of steps."""
        marked = (name for name, state in self.states.items() if state.start)
        return next(marked, next(iter(self.states), None))

    @property
    def has_messages(self) -> bool:
        """Whether customer and staff may talk about it at all."""
        return isinstance(self.messaging, Messaging)

    def all_outcomes(self) -> dict[str, Outcome]:
        """The flow's outcomes; `complete` and `close` exist even when it names none."""
        return {**_STANDARD_OUTCOMES, **self.outcomes}

    def effects_for(self, event: str) -> tuple[Effect, ...]:
        """What is owed when this happens, e.g. "created", "entered.Resolved", "step.details.submitted"."""
        return self.effects.get(event, ())

    def all_fields(self) -> dict[str, FlowField]:
        """Every field whose answer is `data.<name>`: those of the start and of the steps, in file order."""
        found = dict(self.start.fields)
        for step in self.steps.values():
            found.update(step.fields)
        return found

    def all_effects(self) -> Iterator[Effect]:
        """Every effect anywhere in the flow."""
        for step in self.steps.values():
            yield from step.do
        for action in self.actions.values():
            yield from action.do
        for timer in self.timers.values():
            yield from timer.do
        for effects in self.effects.values():
            yield from effects

    @cached_property
    def children(self) -> dict[str, Child]:
        """What its effects start, by the name that expressions give it (`child.<name>`); one for each flow."""
        return {one.start.name: one.start for one in self.all_effects() if isinstance(one, StartEffect)}

    @cached_property
    def ends_with_it(self) -> frozenset[str]:
        """The flows among them that are cancelled when an instance of this one is cancelled, closed or expires."""
        started = (one.start for one in self.all_effects() if isinstance(one, StartEffect))
        return frozenset(child.flow for child in started if child.with_parent)
