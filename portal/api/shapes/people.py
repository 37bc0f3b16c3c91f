"""The product itself, signing in, and the person who is signed in."""

from __future__ import annotations

from typing import Any

from portal.api.shapes.plain import Moment, Named, Shape


class Meta(Shape):
    server_time: Moment
    api_version: str
    min_app_version: str
    brand: str
    features: list[str]
    languages: list[Named]
    limits: dict[str, int]


class OpenDocument(Shape):
    """An OpenAPI 3.1 document."""

    openapi: str
    info: dict[str, Any]
    servers: list[dict[str, Any]]
    security: list[dict[str, Any]]
    paths: dict[str, Any]
    components: dict[str, Any]


class Tokens(Shape):
    token_type: str = "Bearer"  # noqa: S105  # the name of the scheme, no secret
    access_token: str
    expires_in: int
    refresh_token: str
    refresh_expires_in: int
    user: Named


class Session(Shape):
    id: str
    door: str
    device: str
    current: bool
    created_at: Moment
    last_seen_at: Moment


class Account(Named):
    kind: str
    role: str


class Me(Shape):
    id: str
    name: str
    email: str
    kind: str
    language: str
    time_zone: str
    accounts: list[Account]
    departments: list[Named]


class Summary(Shape):
    outstanding: int
    awaiting_us: int
    unread_messages: int
    unread_notifications: int
    next_due: Moment | None
