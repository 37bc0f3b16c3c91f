"""The views of a list that somebody may open: their own, and those that colleagues share (X9)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import joinedload

from flows import access
from flows.models import SavedView
from flows.rules.actors import Actor

MOST_SHOWN = 200


def of_page(actor: Actor, page: str) -> Sequence[SavedView]:
    """By name, one's own first, in one statement; whose they are is read with them."""
    query = access.visible_saved(actor, SavedView).where(SavedView.page == page).options(joinedload(SavedView.user))
    order = (SavedView.user_id != actor.user_id, SavedView.name, SavedView.id)
    return access.read_as(actor).scalars(query.order_by(*order).limit(MOST_SHOWN)).all()
