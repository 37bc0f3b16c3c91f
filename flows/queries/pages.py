"""Keyset pages: "older than this row" instead of "skip so many", so that page 2,000 costs what page 1 costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session

from flows.rules.errors import Invalid
from flows.words import gettext as _

Row = TypeVar("Row")
MOST_A_PAGE = 100
MOST_COUNTED = 1000


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of rows, newest first; `next_cursor` is None on the last."""

    rows: Sequence[Row]
    next_cursor: str | None
    total: str | None = None
    """How many there are on all pages, where somebody asked: "37", or "1000+"."""


def cursor_of(at: datetime, row_id: int) -> str:
    """Where a page ended; plain text, because it carries no authority: the scope is applied again each time."""
    return f"{at.isoformat()}~{row_id}"


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """The moment and id in a cursor; raises Invalid for anything else."""
    moment, _, row_id = cursor.partition("~")
    try:
        at, number = moment_of(moment), int(row_id)
    except ValueError:
        raise broken() from None
    if not 0 < number < 2**31:
        raise broken()
    return at, number


def moment_of(text: str) -> datetime:
    """The moment in a cursor, in UTC; raises ValueError for anything else, also for one that UTC cannot say."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is at the end of time") from None


def broken() -> Invalid:
    """The refusal of a cursor that none of our pages made."""
    return Invalid(_("This page link is broken. Start from the first page"), "/cursor", "cursor-mismatch")


def page_of(
    session: Session,
    query: Select[Any],
    at: Any,
    *,
    cursor: str | None,
    limit: int,
    ascending: bool = False,
    row_id: Any = None,
    count: bool = False,
) -> Page[Any]:
    """Run `query` by the moment `at` (an attribute of its class) in one statement: at most `limit` rows after `cursor`.

    Newest first, unless `ascending`. `row_id` is the column of the rows' id where it is not the one beside `at`: then
    an index of another table, which holds a copy of the moment, is what is read. `count`: one statement more says how
    many there are in all, up to a thousand.
    """
    limit = max(1, min(limit, MOST_A_PAGE))
    keys = (at, at.class_.id if row_id is None else row_id)
    total = counted(session, query, keys[1]) if count else None
    place = tuple_(*keys)
    if cursor:
        reached = tuple_(*read_cursor(cursor))
        query = query.where(place > reached if ascending else place < reached)
    order = [column.asc() if ascending else column.desc() for column in keys]
    rows = session.scalars(query.order_by(*order).limit(limit + 1)).unique().all()
    if len(rows) <= limit:
        return Page(rows, None, total)
    last = rows[limit - 1]
    return Page(rows[:limit], cursor_of(getattr(last, at.key), last.id), total)


def counted(session: Session, query: Select[Any], row_id: Any) -> str:
    """How many rows the query has, in words: nobody reads further than a thousand, and no database should either."""
    some = query.order_by(None).with_only_columns(row_id).limit(MOST_COUNTED + 1).subquery()
    found = session.scalar(select(func.count()).select_from(some)) or 0
    return str(found) if found <= MOST_COUNTED else f"{MOST_COUNTED}+"
