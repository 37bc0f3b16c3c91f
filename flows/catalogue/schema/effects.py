"""What a flow may owe to the outside: one model per kind of effect, told apart by the one key that names the kind."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Discriminator, Field, Tag

from flows.catalogue.schema.words import (
    Condition,
    Dotted,
    Flag,
    Name,
    People,
    Scalar,
    Slug,
    Strict,
    TemplateName,
    Words,
)

KINDS: tuple[str, ...] = ("email", "notify", "notice", "message", "call", "assign", "webhook", "start")


def _short(model: type[Strict], key: str) -> BeforeValidator:
    """`email: coro/created` is short for `email: {template: coro/created}`."""
    return BeforeValidator(
        lambda value: {key: value} if isinstance(value, str) else value, json_schema_input_type=model | str
    )


class Letter(Strict):
    """A template and whom it goes to; nobody named means the assignee when that is a customer, else the customer."""

    template: TemplateName
    to: People | None = None


class Notice(Strict):
    """A line in the portal, kept until seen; `link` is the label of the link to the instance."""

    text: Words
    link: Words | None = None
    to: People | None = None


class Assignment(Strict):
    """Whom the instance goes to: holes that give a user or department; at least one of both (lint F108)."""

    user: Words | None = None
    department: Words | None = None


class Hook(Strict):
    """An address that is called, signed; `body` may have holes."""

    url: Words
    body: dict[str, Scalar] | None = None


class Child(Strict):
    """Another flow that starts below this instance: for the same customer, unless `for` names another one.

    `with` answers what it asks at its start; `assign` and `department` are holes, and say more than the flow itself.
    """

    flow: Slug
    with_: dict[Name, Scalar] = Field(default_factory=dict, alias="with")
    for_: Words | None = Field(None, alias="for")
    assign: Words | None = None
    department: Words | None = None
    once_per: Words | None = None
    internal: Flag = False
    with_parent: Flag = False

    @property
    def name(self) -> str:
        """What expressions call it: `child.gas_inspection` for the flow `gas-inspection`."""
        return self.flow.replace("-", "_")


class EffectBase(Strict):
    kind: ClassVar[str]
    if_: Condition | None = Field(None, alias="if")


class EmailEffect(EffectBase):
    kind: ClassVar[str] = "email"
    email: Annotated[Letter, _short(Letter, "template")]


class NotifyEffect(EffectBase):
    """Words over the best channel that the person allows."""

    kind: ClassVar[str] = "notify"
    notify: Annotated[Letter, _short(Letter, "template")]


class NoticeEffect(EffectBase):
    kind: ClassVar[str] = "notice"
    notice: Annotated[Notice, _short(Notice, "text")]


class MessageEffect(EffectBase):
    """Words into the instance's conversation."""

    kind: ClassVar[str] = "message"
    message: Words


class CallEffect(EffectBase):
    """A plugin's action by its registered name, with its arguments by keyword."""

    kind: ClassVar[str] = "call"
    call: Dotted
    with_: dict[Name, Scalar] = Field(default_factory=dict, alias="with")


class AssignEffect(EffectBase):
    kind: ClassVar[str] = "assign"
    assign: Annotated[Assignment, _short(Assignment, "user")]


class WebhookEffect(EffectBase):
    kind: ClassVar[str] = "webhook"
    webhook: Annotated[Hook, _short(Hook, "url")]


class StartEffect(EffectBase):
    kind: ClassVar[str] = "start"
    start: Annotated[Child, _short(Child, "flow")]


def _kind(value: Any) -> str | None:
    if isinstance(value, EffectBase):
        return value.kind
    keys = value if isinstance(value, dict) else {}
    return next((kind for kind in KINDS if kind in keys), None)


Effect = Annotated[
    Annotated[EmailEffect, Tag("email")]
    | Annotated[NotifyEffect, Tag("notify")]
    | Annotated[NoticeEffect, Tag("notice")]
    | Annotated[MessageEffect, Tag("message")]
    | Annotated[CallEffect, Tag("call")]
    | Annotated[AssignEffect, Tag("assign")]
    | Annotated[WebhookEffect, Tag("webhook")]
    | Annotated[StartEffect, Tag("start")],
    Discriminator(_kind),
]
Effects = Annotated[tuple[Effect, ...], Field(min_length=1)]
