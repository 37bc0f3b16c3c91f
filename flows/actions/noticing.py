"""Notices are seen, and then they are in nobody's way."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, update

from flows.access import clean
from flows.models import Notice
from flows.work import Work


def see(work: Work, uids: Sequence[str]) -> int:
    """Mark the actor's own notices as seen; returns how many were new. Others' and unknown ids do nothing."""
    return _see(work, Notice.uid.in_([clean(uid) for uid in uids]))


def see_all_of(work: Work, instance_id: int) -> None:
    """A person who opens a task has seen what was said about it."""
    _see(work, Notice.instance_id == instance_id)


def _see(work: Work, which: ColumnElement[bool]) -> int:
    query = update(Notice).where(Notice.user_id == work.actor.user_id, Notice.seen_at.is_(None), which)
    new = query.values(seen_at=work.now).returning(Notice.id)
    return len(work.session.scalars(new, execution_options={"synchronize_session": False}).all())
