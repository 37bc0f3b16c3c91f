"""What changed for one person between two places in the order of transactions: the keys of rows, in one statement.

Rows carry the number of the transaction that changed them last (`models.base.Stamped`, ADR 0016), so nothing is kept
beside them, and many changes of one row are one. The keys say what to look at; what a person may see of it is asked
again when the rows are read (`queries.copies`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    and_,
    cast,
    false,
    literal_column,
    null,
    or_,
    select,
    tuple_,
    union,
    union_all,
)  # fmt: skip

from flows.access import read_as, visible_organisations
from flows.models import DepartmentStay, Instance, Message, Notice, Order, Organisation, Participant, ReadCursor, Step
from flows.models.base import FirstUndecided, NextTransaction
from flows.rules.actors import Actor
from flows.rules.ratings import CHANGEABLE


class Kind(IntEnum):
    """What a key is of, in the order in which a walk goes through them: what others hang on comes first."""

    ACCOUNT = 0
    INSTANCE = 1
    READING = 2
    TIMELY = 3
    DRAFT = 4
    ORDER = 5
    MESSAGE = 6
    NOTICE = 7


class Key(NamedTuple):
    """A row that changed, by its kind, the number of its change and its id; `instance` is what it hangs on.

    READING is how far the person has read in a request, TIMELY a request that looks otherwise by the clock alone.
    """

    kind: Kind
    changed: int
    id: int
    instance: int | None


@dataclass(frozen=True)
class Walk:
    """From which number on (0: from the beginning), up to and without which, and the key after which the page begins.

    `accounts` are the organisations whose rows were given below `since`, None: all that there are. Rows of others are
    given from the beginning. Between the two moments `passed` time alone may have changed how rows look.
    """

    since: int = 0
    ceiling: int | None = None
    after: Key | None = None
    accounts: Collection[int] | None = ()
    passed: tuple[datetime, datetime] | None = None


@dataclass(frozen=True)
class Found:
    """One page of keys, whether more follow, the organisations that this person acts for now, and two numbers.

    Below `horizon` nothing more will be written; no row has reached `ceiling`.
    """

    keys: Sequence[Key]
    more: bool
    accounts: Sequence[int]
    horizon: int
    ceiling: int


_HEAD, _ACCOUNT = -2, -1


def since(actor: Actor, walk: Walk, kinds: Collection[Kind], limit: int) -> Found:
    """The next page of keys, at most `limit`."""
    scope = _OfStaff(actor, walk, limit) if actor.is_staff else _OfCustomer(actor, walk, limit)
    pages = [select(page.subquery()) for kind in sorted(kinds) for page in scope.pages(kind)]
    rows = [_row(_HEAD, FirstUndecided(), NextTransaction())]
    if isinstance(scope, _OfCustomer):
        rows.append(_row(_ACCOUNT, literal_column("0"), scope.mine.c.id))
    if pages:
        keys = union_all(*pages).subquery()
        rows.append(select(keys).order_by(*list(keys.c)[:3]).limit(limit + 1))
    made = union_all(*(select(row.subquery()) for row in rows))
    found = sorted(tuple(row) for row in read_as(actor).execute(made))
    [(_, horizon, ceiling, _)] = [row for row in found if row[0] == _HEAD]
    accounts = [row[2] for row in found if row[0] == _ACCOUNT]
    keys_found = [Key(Kind(row[0]), *row[1:]) for row in dict.fromkeys(found) if row[0] >= 0]
    return Found(keys_found[:limit], len(keys_found) > limit, accounts, horizon, ceiling)


def _row(kind: int, changed: Any, row_id: Any, instance: Any = None) -> Select[Any]:
    about = cast(null(), Integer) if instance is None else instance
    return select(
        literal_column(str(int(kind))).label("kind"),
        cast(changed, BigInteger).label("changed") if kind < 0 else changed.label("changed"),
        cast(row_id, BigInteger).label("id"),
        about.label("instance"),
    )


class _Scope(ABC):
    """The rows that one person may have in their copy, kind by kind."""

    def __init__(self, actor: Actor, walk: Walk, limit: int) -> None:
        self.actor, self.walk, self.limit = actor, walk, limit

    def pages(self, kind: Kind) -> Iterable[Select[Any]]:
        """The first keys of a kind after the place of the walk, from each part of the scope."""
        after = self.walk.after
        if after is not None and kind < after.kind:
            return []
        return [page for page in self._parts(kind) if page is not None]

    def _parts(self, kind: Kind) -> list[Select[Any] | None]:
        match kind:
            case Kind.ACCOUNT:
                return self._accounts()
            case Kind.INSTANCE:
                return self._everywhere(kind, Instance)
            case Kind.READING:
                mine = (ReadCursor.user_id == self.actor.user_id, *self._readable())
                return [self._page(kind, ReadCursor, *mine, row_id=ReadCursor.instance_id)]
            case Kind.TIMELY:
                return [self._timely()]
            case Kind.DRAFT:
                return self._everywhere(kind, Step, Step.actor == self.actor.kind)
            case Kind.ORDER:
                return self._everywhere(kind, Order)
            case Kind.MESSAGE:
                return self._everywhere(kind, Message, *self._said())
            case Kind.NOTICE:
                return self._notices()

    def _page(
        self, kind: Kind, model: Any, *where: ColumnElement[bool], row_id: Any = None, anew: bool = False
    ) -> Select[Any]:
        """Rows that changed since the walk began its way, or all of them when they are given `anew`."""
        row_id = model.id if row_id is None else row_id
        bounds = [] if anew or kind is Kind.TIMELY else [model.changed >= self.walk.since]
        if self.walk.ceiling is not None:
            bounds.append(model.changed < self.walk.ceiling)
        if self.walk.after is not None and self.walk.after.kind == kind:
            bounds.append(tuple_(model.changed, row_id) > tuple_(self.walk.after.changed, self.walk.after.id))
        if kind is Kind.DRAFT and (anew or not self.walk.since):
            bounds.append(Step.draft_saved_at.is_not(None))  # whoever has none yet needs not be told that it is gone
        about = Step.instance_id if kind is Kind.DRAFT else None
        query = _row(kind, model.changed, row_id, about).where(*where, *bounds)
        return query.order_by(model.changed, row_id).limit(self.limit + 1)

    def _timely(self) -> Select[Any] | None:
        """Requests whose due date, end, or last day to change a rating has passed since they were drawn."""
        if self.walk.passed is None or not self.walk.since:
            return None
        earlier, later = sorted(self.walk.passed)  # the clock of a demo may be set back
        ended = [at.between(earlier, later) for at in (Instance.due_at, Instance.expires_at)]
        rated = and_(Instance.rated_at >= earlier - CHANGEABLE, Instance.rated_at < later - CHANGEABLE)
        at_hand = or_(and_(Instance.closed_at.is_(None), or_(*ended)), and_(Instance.rated_at.is_not(None), rated))
        return self._page(Kind.TIMELY, Instance, self._kept(), at_hand)

    def _accounts(self) -> list[Select[Any] | None]:
        return []

    def _said(self) -> list[ColumnElement[bool]]:
        return []

    def _readable(self) -> list[ColumnElement[bool]]:
        return []

    @abstractmethod
    def _everywhere(self, kind: Kind, model: Any, *where: ColumnElement[bool]) -> list[Select[Any] | None]:
        """Rows of this kind wherever they may be, those of what is new in the scope from the beginning."""

    @abstractmethod
    def _kept(self) -> ColumnElement[bool]:
        """Requests that were given before."""

    @abstractmethod
    def _notices(self) -> list[Select[Any] | None]:
        """What was said to this person."""


class _OfCustomer(_Scope):
    """What belongs to the organisations that a customer acts for; without what is internal, which leaves no trace."""

    def __init__(self, actor: Actor, walk: Walk, limit: int) -> None:
        super().__init__(actor, walk, limit)
        ids = visible_organisations(actor).order_by(None).with_only_columns(Organisation.id)
        self.mine: CTE = ids.cte("mine")

    def _everywhere(self, kind: Kind, model: Any, *where: ColumnElement[bool]) -> list[Select[Any] | None]:
        if model is Instance:
            where = (*where, Instance.is_internal.is_(False))
        return self._kept_and_new(kind, model, model.organisation_id, *where)

    def _kept_and_new(
        self, kind: Kind, model: Any, organisation: Any, *where: ColumnElement[bool]
    ) -> list[Select[Any] | None]:
        kept = self._page(kind, model, self._is_kept(organisation), *where) if self._keeps_any else None
        if self.walk.accounts is None:
            return [kept]
        return [kept, self._page(kind, model, self._is_new(organisation), *where, anew=True)]

    @property
    def _keeps_any(self) -> bool:
        return self.walk.accounts is None or len(self.walk.accounts) > 0

    def _is_kept(self, organisation: Any) -> ColumnElement[bool]:
        mine = organisation.in_(select(self.mine.c.id))
        return mine if self.walk.accounts is None else and_(organisation.in_(self.walk.accounts), mine)

    def _is_new(self, organisation: Any) -> ColumnElement[bool]:
        new = select(self.mine.c.id)
        return organisation.in_(new.where(self.mine.c.id.not_in(self.walk.accounts)) if self.walk.accounts else new)

    def _kept(self) -> ColumnElement[bool]:
        return and_(self._is_kept(Instance.organisation_id), Instance.is_internal.is_(False))

    def _accounts(self) -> list[Select[Any] | None]:
        return self._kept_and_new(Kind.ACCOUNT, Organisation, Organisation.id)

    def _said(self) -> list[ColumnElement[bool]]:
        return [Message.is_internal.is_(False)]

    def _notices(self) -> list[Select[Any] | None]:
        """What was said about an organisation comes and goes with it; what was said about none is always there."""
        mine, of_nobody = Notice.user_id == self.actor.user_id, Notice.organisation_id.is_(None)
        parts = self._kept_and_new(Kind.NOTICE, Notice, Notice.organisation_id, mine)
        return [*parts, self._page(Kind.NOTICE, Notice, mine, of_nobody)]


class _OfStaff(_Scope):
    """What a colleague created, took part in, or what is or was in their departments: it only grows (Q15, Q16)."""

    def _mine(self, newly: bool = False) -> Any:
        """The ids of those requests, cases and tasks; `newly`: which came into it since."""
        parts: list[Select[Any]] = []
        departments = self.actor.departments | self.actor.manages
        took_part = select(Participant.instance_id).where(Participant.user_id == self.actor.user_id)
        was_there = select(DepartmentStay.instance_id).where(DepartmentStay.department_id.in_(departments))
        for part, model in ((took_part, Participant), (was_there, DepartmentStay)):
            parts.append(part.where(model.changed >= self.walk.since) if newly else part)
        if not newly:
            parts.append(select(Instance.id).where(Instance.creator_id == self.actor.user_id))
        return union(*parts)

    def _everywhere(self, kind: Kind, model: Any, *where: ColumnElement[bool]) -> list[Select[Any] | None]:
        if model is Order or not self.actor.may("view"):
            return []
        instance = Instance.id if model is Instance else model.instance_id
        kept = self._page(kind, model, instance.in_(self._mine()), *where)
        if not self.walk.since:
            return [kept]
        return [kept, self._page(kind, model, instance.in_(self._mine(newly=True)), *where, anew=True)]

    def _readable(self) -> list[ColumnElement[bool]]:
        return [self._is_mine(ReadCursor.instance_id)]

    def _is_mine(self, instance: Any) -> ColumnElement[bool]:
        return instance.in_(self._mine()) if self.actor.may("view") else false()

    def _kept(self) -> ColumnElement[bool]:
        return self._is_mine(Instance.id)

    def _notices(self) -> list[Select[Any] | None]:
        return [self._page(Kind.NOTICE, Notice, Notice.user_id == self.actor.user_id)]
