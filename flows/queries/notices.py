"""Notices of one person: those not seen yet, shown on every page, and the whole inbox."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from flows.access import read_as
from flows.models import Instance, Notice
from flows.queries.pages import Page, page_of
from flows.rules.actors import Actor

MOST_TOASTS = 3


def notices_of(user_id: int) -> Select[Notice]:
    """Notices of one person, newest first."""
    return select(Notice).where(Notice.user_id == user_id).order_by(Notice.id.desc())


@dataclass(frozen=True)
class Unseen:
    """How many notices somebody has not seen yet, and the newest few of those that stand on every page."""

    count: int
    at_top: list[Notice]


def unseen(actor: Actor) -> Unseen:
    """In one statement (A13); without what was said about a task that has ended since."""
    query = notices_of(actor.user_id or 0).order_by(None).where(Notice.seen_at.is_(None)).outerjoin(Notice.instance)
    query = query.where(or_(Instance.closed_at.is_(None), Notice.created_at >= Instance.closed_at))
    query = query.options(contains_eager(Notice.instance).joinedload(Instance.organisation))
    found = read_as(actor).execute(
        query.add_columns(func.count().over()).order_by(Notice.at_top.desc(), Notice.id.desc()).limit(MOST_TOASTS)
    )
    rows = found.unique().all()
    return Unseen(rows[0][1] if rows else 0, [notice for notice, _ in rows if notice.at_top])


def inbox(
    actor: Actor, *, unread: bool = False, cursor: str | None = None, limit: int = 25, count: bool = False
) -> Page[Notice]:
    query = (
        notices_of(actor.user_id or 0)
        .order_by(None)
        .options(joinedload(Notice.instance).joinedload(Instance.organisation))
    )
    if unread:
        query = query.where(Notice.seen_at.is_(None))
    return page_of(read_as(actor), query, Notice.created_at, cursor=cursor, limit=limit, count=count)


def address_of(notice: Notice) -> str:
    """Where its link leads, below the portal: to the task, or for companies to their Task System (A13)."""
    if notice.url or notice.instance is None:
        return notice.url
    return (
        "/tasks?status=Pending"
        if notice.instance.organisation.kind == "company"
        else f"/tasks/{notice.instance.reference}"
    )
