"""What a person was told."""

from __future__ import annotations

from portal.api.shapes.plain import Links, Moment, Shape


class Notification(Shape):
    id: str
    text: str
    link_text: str
    instance_id: str | None
    created_at: Moment
    read_at: Moment | None
    links: Links | None


class Read(Shape):
    read: int
