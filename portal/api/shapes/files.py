"""What the API gives about files."""

from __future__ import annotations

from portal.api.shapes import Moment, Shape


class Upload(Shape):
    """A file. `state` is checking, ready or refused (then `refusal` says why); only a ready one may be an answer."""

    id: str
    name: str
    size: int
    kind: str
    mime_type: str
    sha256: str
    state: str
    refusal: str | None
    created_at: Moment
