"""One thing owed becomes one row of the outbox, in the transaction of its cause."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.models import Effect, Instance, Order
from flows.work import Subject, Work


def write_effect(
    work: Work,
    subject: Subject | None,
    key: str,
    kind: str,
    payload: dict[str, Any],
    *,
    chain: str = "",
    position: int = 0,
    at: datetime | None = None,
    **more: Any,
) -> None:
    """Owe it now, or at `at`. `key` is unique; effects of one `chain` are carried out in order of `position`.

    What it is about is the `subject`, or, where that row is not at hand, its ids among `more`.
    """
    work.owes = True
    if isinstance(subject, Instance):
        more["instance"] = subject
    elif isinstance(subject, Order):
        more["order"] = subject
    if subject is not None:
        more["organisation_id"] = subject.organisation_id
    work.session.add(
        Effect(
            key=key,
            chain=chain or key,
            position=position,
            kind=kind,
            payload=payload,
            next_at=at or work.now,
            created_at=work.now,
            **more,
        )
    )
