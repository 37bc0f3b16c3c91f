"""What every answer is made of: the strict model, lists, money, moments, and the problem document."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema


def rfc3339(moment: datetime) -> str:
    """`2026-11-21T10:42:07Z`, in UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Moment = Annotated[datetime, PlainSerializer(rfc3339), WithJsonSchema({"type": "string", "format": "date-time"})]
Answers = dict[str, Any]
Row = TypeVar("Row", bound="Shape")


class Shape(BaseModel):
    """Part of an answer; nothing that is not declared gets out."""

    model_config = ConfigDict(extra="forbid", json_schema_serialization_defaults_required=True)


class Page(Shape, Generic[Row]):
    data: list[Row]
    next_cursor: str | None = None


class CountedPage(Page[Row], Generic[Row]):
    """`total` is there with `count=true`: "37", or "1000+" for more than a thousand."""

    total: str | None = None


class Money(Shape):
    """`amount` in minor units: 4500 is £45.00."""

    amount: int
    currency: str


class Links(Shape):
    web: str


class Named(Shape):
    id: str
    name: str


class Asked(Shape):
    """A question of the start with its answer in words, and the ids of the files in it."""

    label: str
    value: str
    upload_ids: list[str]


class FieldProblem(Shape):
    pointer: str
    code: str
    detail: str
    meta: dict[str, Any]


class ProblemDocument(Shape):
    """RFC 9457, with `code` (the slug of `type`) and `errors` by JSON pointer; for 412 the ETag of now, for 426
    what to update to, and where.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[FieldProblem]
    current_etag: str = ""
    min_version: str = ""
    stores: list[str] = Field(default_factory=list)


class Child(Shape):
    """What its flow, or staff, started below it; `object` says which endpoint has the whole of it."""

    id: str
    reference: str
    object: str
    title: str
    flow: str
    status: str
    outcome: str | None
