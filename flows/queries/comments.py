"""The comments on a case or task, newest first; a customer sees none that is internal (B12)."""

from __future__ import annotations

from sqlalchemy import select

from flows.access import read_as
from flows.models import Comment, Instance
from flows.queries.pages import Page, page_of
from flows.rules.actors import Actor


def of(actor: Actor, instance: Instance, cursor: str | None = None, limit: int = 25) -> Page[Comment]:
    query = select(Comment).where(Comment.instance_id == instance.id)
    if not actor.is_staff:
        query = query.where(Comment.is_internal.is_(False))
    return page_of(read_as(actor), query, Comment.created_at, cursor=cursor, limit=limit)
