"""The comments on a case or task with their files, newest first; a customer sees none that is internal (B11, B12)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from flows.access import read_as
from flows.models import Comment, Instance
from flows.queries.pages import Page, page_of
from flows.rules.actors import Actor


def of(actor: Actor, instance: Instance, cursor: str | None = None, limit: int = 25) -> Page[Comment]:
    query = select(Comment).where(Comment.instance_id == instance.id).options(selectinload(Comment.uploads))
    if not actor.is_staff:
        query = query.where(Comment.is_internal.is_(False))
    return page_of(read_as(actor), query, Comment.created_at, cursor=cursor, limit=limit)
