"""What was started below an instance, as the API shows it: a line each, and where to ask for the whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from flows.models import Instance
from portal.api import shapes
from portal.api.draw_instance import status_of
from portal.api.languages import title_of

OBJECTS = {"CA": "case", "WT": "task", "TI": "instance"}
"""What the API calls an instance, by the beginning of its reference."""


def children(session: Session, instances: Iterable[Instance], now: datetime) -> list[shapes.Child]:
    return [
        shapes.Child(
            id=one.uid,
            reference=one.reference,
            object=OBJECTS[one.prefix],
            title=title_of(session, one),
            flow=one.flow,
            status=status_of(one, now),
            outcome=one.outcome,
        )
        for one in instances
    ]
