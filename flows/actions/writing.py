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
    """Owe it now, or at `at`. `key` is unique; effects of one `chain` are carried out in order of `position`."""
    work.owes = True
    work.session.add(
        Effect(
            key=key,
            chain=chain or key,
            position=position,
            kind=kind,
            payload=payload,
            next_at=at or work.now,
            created_at=work.now,
            organisation_id=subject.organisation_id if subject is not None else None,
            instance=subject if isinstance(subject, Instance) else None,
            order=subject if isinstance(subject, Order) else None,
            **more,
        )
    )
