"""Notices are seen, and then they are in nobody's way."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import update

from flows.access import clean
from flows.models import Notice
from flows.work import Work


def see(work: Work, uids: Sequence[str]) -> int:
    """Mark the actor's own notices as seen; returns how many were new. Others' and unknown ids do nothing."""
    query = update(Notice).where(
        Notice.user_id == work.actor.user_id, Notice.uid.in_([clean(uid) for uid in uids]), Notice.seen_at.is_(None)
    )
    return int(
        work.session.execute(query.values(seen_at=work.now), execution_options={"synchronize_session": False}).rowcount
    )  # type: ignore[attr-defined]


def see_all_of(work: Work, instance_id: int) -> None:
    """A person who opens a task has seen what was said about it."""
    query = update(Notice).where(
        Notice.user_id == work.actor.user_id, Notice.instance_id == instance_id, Notice.seen_at.is_(None)
    )
    work.session.execute(query.values(seen_at=work.now), execution_options={"synchronize_session": False})
