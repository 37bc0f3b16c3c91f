"""What a person was told."""

from __future__ import annotations

from portal.api.shapes.plain import Links, Moment, Shape


class Notification(Shape):
    id: str
    kind: str
    text: str
    link_text: str
    instance_id: str | None
    created_at: Moment
    read_at: Moment | None
    links: Links | None


class Read(Shape):
    read: int


class NoticeKind(Shape):
    """One line of the preferences: `mail` and `push` are always, on, off or never."""

    kind: str
    title: str
    mail: str
    push: str


class Preferences(Shape):
    """What I hear of. Quiet hours are times of my own zone, both empty for none; `muted` are ids of requests."""

    kinds: list[NoticeKind]
    quiet_from: str
    quiet_to: str
    muted: list[str]


class Muted(Shape):
    muted: bool
    until: Moment | None


class Device(Shape):
    """A device that pushes go to; `enabled` is false when its person does not let the app push."""

    id: str
    installation_id: str
    provider: str
    name: str
    enabled: bool
    last_seen_at: Moment
