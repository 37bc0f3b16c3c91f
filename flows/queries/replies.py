"""The saved replies that somebody may use: their own first, then those that colleagues share (X29)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import joinedload

from flows import access
from flows.models import SavedReply
from flows.rules.actors import Actor

MOST_SHOWN = 300


def listed(actor: Actor) -> Sequence[SavedReply]:
    """By title, in one statement; whose they are is read with them."""
    query = access.visible_saved(actor, SavedReply).options(joinedload(SavedReply.user))
    order = (SavedReply.user_id != actor.user_id, SavedReply.title, SavedReply.id)
    return access.read_as(actor).scalars(query.order_by(*order).limit(MOST_SHOWN)).all()
