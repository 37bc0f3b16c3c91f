"""Notices as the API shows them: in the inbox, and in a phone's copy."""

from __future__ import annotations

from flows import settings
from flows.models import Notice
from flows.queries import notices
from portal.api import shapes


def notification(notice: Notice) -> shapes.Notification:
    """One notice, its request at hand."""
    address = notices.address_of(notice)
    return shapes.Notification(
        id=notice.uid,
        kind=notice.kind,
        text=notice.text,
        link_text=notice.link_text,
        instance_id=notice.instance.uid if notice.instance else None,
        created_at=notice.created_at,
        read_at=notice.seen_at,
        links=shapes.Links(web=settings.current().origin + address) if address.startswith("/") else None,
    )
