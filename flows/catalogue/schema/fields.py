"""What a flow may ask for: one model per field type, told apart by `type`, with only the keys that make sense there."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from flows.catalogue.schema.words import (
    Condition,
    Currency,
    Day,
    Dotted,
    Flag,
    Hole,
    Moment,
    Name,
    Number,
    People,
    Strict,
    Whole,
    Words,
)

_ABSENT: dict[str, Any] = {
    "required": False, "multiple": False, "sensitive": False, "default": None, "min": None, "max": None,
    "max_length": None, "pattern": None, "options": None, "options_from": None, "within": None, "accept": None,
    "max_mb": None, "item": None, "max_items": None, "currency": None,
}  # fmt: skip


class FieldBase(Strict):
    """What every field has. A key that a type does not know reads as None or False, so nobody asks the type first."""

    label: Words
    hint: Words | None = None
    when: Condition | None = None
    visible_to: People | None = None

    def __getattr__(self, name: str) -> Any:
        if name in _ABSENT:
            return _ABSENT[name]
        raise AttributeError(f"{type(self).__name__} has no {name!r}")


class Answerable(FieldBase):
    """A field that takes an answer."""

    required: Flag = False
    sensitive: Flag = False


class Line(Answerable):
    """What all one-line and many-line texts share."""

    default: Words | None = None
    max_length: Annotated[Whole, Field(ge=1, le=100_000)] | None = None
    pattern: Words | None = None


class TextField(Line):
    type: Literal["text"]


class TextareaField(Line):
    type: Literal["textarea"]


class EmailField(Line):
    type: Literal["email"]


class PhoneField(Line):
    type: Literal["phone"]


class UrlField(Line):
    type: Literal["url"]


class DomainField(Line):
    type: Literal["domain"]


class IntegerField(Answerable):
    type: Literal["integer"]
    default: Whole | Hole | None = None
    min: Whole | None = None
    max: Whole | None = None


class NumberField(Answerable):
    type: Literal["number"]
    default: Number | Hole | None = None
    min: Number | None = None
    max: Number | None = None


class MoneyField(Answerable):
    """Whole minor units (pence), never fractions."""

    type: Literal["money"]
    default: Whole | Hole | None = None
    min: Whole | None = None
    max: Whole | None = None
    currency: Currency | None = None


class BooleanField(Answerable):
    type: Literal["boolean"]
    default: Flag | Hole | None = None


class DateField(Answerable):
    type: Literal["date"]
    default: Day | Hole | None = None
    min: Day | None = None
    max: Day | None = None


class DatetimeField(Answerable):
    type: Literal["datetime"]
    default: Moment | Hole | None = None
    min: Moment | None = None
    max: Moment | None = None


class Choosing(Answerable):
    """Options written here, or searched by a plugin's lookup: exactly one of the two (lint F108)."""

    options: Annotated[dict[str, Words], Field(min_length=1)] | None = None
    options_from: Dotted | None = None


class ChoiceField(Choosing):
    type: Literal["choice"]
    default: Words | None = None


class ChoicesField(Choosing):
    type: Literal["choices"]
    default: tuple[Words, ...] | Hole | None = None
    max_items: Annotated[Whole, Field(ge=1, le=100)] | None = None


class FileField(Answerable):
    type: Literal["file"]
    multiple: Flag = False
    accept: Annotated[tuple[Literal["image", "pdf", "office", "text"], ...], Field(min_length=1)] | None = None
    max_mb: Annotated[Whole, Field(ge=1, le=100)] | None = None
    max_items: Annotated[Whole, Field(ge=1, le=100)] | None = None


class AddressField(Answerable):
    type: Literal["address"]


class SignatureField(Answerable):
    type: Literal["signature"]


class UserField(Answerable):
    type: Literal["user"]
    default: Hole | None = None
    within: Name | None = None


class DepartmentField(Answerable):
    type: Literal["department"]
    default: Words | None = None


class ObjectField(Answerable):
    """A structured value given by an event or by staff; its parts are known from the event's payload."""

    type: Literal["object"]


class ListField(Answerable):
    """A repeating group (X18): every entry has the fields of `item`."""

    type: Literal["list"]
    item: Fields
    max_items: Annotated[Whole, Field(ge=1, le=100)] | None = None


class InfoField(FieldBase):
    """Words on the page; asks for nothing."""

    type: Literal["info"]


FlowField = Annotated[
    TextField | TextareaField | EmailField | PhoneField | UrlField | DomainField | IntegerField | NumberField
    | MoneyField | BooleanField | DateField | DatetimeField | ChoiceField | ChoicesField | FileField | AddressField
    | SignatureField | UserField | DepartmentField | ObjectField | ListField | InfoField,
    Field(discriminator="type"),
]  # fmt: skip
Fields = Annotated[dict[Name, FlowField], Field(min_length=1)]

FIELD_TYPES: tuple[str, ...] = (
    "text", "textarea", "email", "phone", "url", "domain", "integer", "number", "money", "boolean", "date", "datetime",
    "choice", "choices", "file", "address", "signature", "user", "department", "object", "list", "info",
)  # fmt: skip

ListField.model_rebuild()
