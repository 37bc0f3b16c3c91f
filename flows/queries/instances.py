"""The Task Instances list: its filters, its orders, its built-in views, whom there is to assign to (C4 to C16, C22).

A page is found by walking indexes in their own order, never by sorting all that fits: an order is a row of branches,
one for each status (and agent, or customer searched for), and the page is the first of what the branches begin with. So
it costs the same among a thousand instances and among a hundred thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, case, false, literal, or_, select, tuple_, union
from sqlalchemy.orm import joinedload, load_only

from flows.access import read_as, visible_instances
from flows.models import Instance, Step, User
from flows.models.base import Moment
from flows.models.instances import NEVER, OPEN_STATUSES, STATUSES
from flows.queries import search, unread
from flows.queries.pages import MOST_A_PAGE, Page, broken, moment_of
from flows.rules.actors import Actor
from flows.rules.moves import WITH_ACTOR

OVERDUE = "overdue"
CLOSED_STATUSES = tuple(status for status in STATUSES if status not in OPEN_STATUSES)
SORTS = ("created", "-created", "due", "-due", "progress", "-progress", "urgency", "messages")
MOST_BRANCHES = 24
MOST_AGENTS = 500
URGENCY = {"awaiting_review": 1, "in_progress": 2, "not_started": 3}
"""What comes after the overdue ones; whatever has ended comes last."""
PERCENT = case((Instance.steps_total > 0, Instance.steps_done * 100 // Instance.steps_total), else_=100)
SHOWN = (
    load_only(
        Instance.uid, Instance.flow, Instance.state, Instance.title, Instance.customer_name, Instance.customer_address,
        Instance.assignee_id, Instance.status, Instance.outcome_kind, Instance.waiting_since,
        Instance.steps_done, Instance.steps_total, Instance.may_grow, Instance.due_at, Instance.expires_at,
        Instance.source, Instance.created_at, Instance.closed_at, Instance.rating, Instance.time_zone,
        Instance.message_seq, Instance.parent_id,
    ),
    joinedload(Instance.assignee).load_only(User.uid, User.name),
)  # fmt: skip


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; empty means everything.

    `found` is whom a search means (`search.instances_meant`), None without one (C16). `agents` are ids, None among them
    for those assigned to nobody (C6, C14). `statuses` are stored ones and "overdue", which is computed (C15, C22).
    `due_from` and `due_before` bound the due date, `without_due` asks for none. `is_open` is whether it runs still,
    `unread` asks for those with messages that whoever asks has not read (C13). `at_step` names the step that somebody
    has to do, `in_review` the one that waits for approval.
    """

    found: search.Found | None = None
    agents: Sequence[int | None] = ()
    statuses: Sequence[str] = ()
    flows: Sequence[str] = ()
    sources: Sequence[str] = ()
    due_from: datetime | None = None
    due_before: datetime | None = None
    without_due: bool = False
    is_open: bool | None = None
    unread: bool = False
    at_step: str = ""
    in_review: str = ""


@dataclass(frozen=True)
class Agent:
    """A colleague that instances are or were assigned to."""

    id: int
    uid: str
    name: str
    is_active: bool


def views(actor: Actor) -> dict[str, Filters]:
    """The views that everybody has, in their order."""
    return {
        "open": Filters(is_open=True),
        "mine": Filters(agents=(actor.user_id,), is_open=True),
        "review": Filters(statuses=("awaiting_review",)),
        "unassigned": Filters(agents=(None,), is_open=True),
        "overdue": Filters(statuses=(OVERDUE,)),
        "unread": Filters(unread=True, is_open=True),
        "completed": Filters(statuses=("completed",)),
    }


def listed(
    actor: Actor, now: datetime, filters: Filters = Filters(), cursor: str | None = None, sort: str = "created",
    limit: int = 25,
) -> Page[Instance]:  # fmt: skip
    """One page of instances of steps in one statement; the assignee is joined.

    `sort` is one of SORTS; `created` begins with the newest, `due` with the soonest, `progress` with the least, and
    `messages` with those that have unread ones. Raises Invalid for a cursor that is not one of this order.
    """
    limit = max(1, min(limit, MOST_A_PAGE))
    rows = _first(actor, now, filters, sort, limit + 1, _read(cursor, sort) if cursor else None)
    if len(rows) <= limit:
        return Page([row[0] for row in rows], None)
    return Page([row[0] for row in rows[:limit]], _cursor_of(*rows[limit - 1]))


def everything(actor: Actor, now: datetime, filters: Filters, most: int) -> list[Instance]:
    """The newest instances that fit, for what is done with all of them."""
    return [row[0] for row in _first(actor, now, filters, "created", most, None)]


def chosen(actor: Actor, ids: Iterable[int]) -> Sequence[Instance]:
    """These instances, newest first; those that are not there, or not visible, are left out."""
    query = _of_steps(actor).where(Instance.id.in_(list(ids))).options(*SHOWN)
    return read_as(actor).scalars(query.order_by(Instance.created_at.desc(), Instance.id.desc())).all()


def fitting(actor: Actor, now: datetime, filters: Filters) -> Select[Instance]:
    """All that fit, to be counted up to `tallies.ENOUGH`.

    PostgreSQL would look for the first ones from the beginning of the table, where the oldest are and little is open;
    told to begin with the newest it is soon done. SQLite takes an index by itself, and would sort. Few are overdue, and
    few belong to one customer: those have an index of their own on both.
    """
    query = _of_steps(actor).where(*_plain(actor, filters), *_of_agents(filters.agents))
    groups = _groups(filters, now)
    if groups is not None:
        query = query.where(or_(false(), *map(_any_of, groups)))
    if filters.found is not None:
        return query.where(filters.found.instances())
    if OVERDUE in filters.statuses or read_as(actor).get_bind().dialect.name != "postgresql":
        return query
    return query.order_by(Instance.created_at.desc(), Instance.id.desc())


def agents(actor: Actor) -> list[Agent]:
    """Colleagues by name, those who have left among them, because their work is still there."""
    query = select(User.id, User.uid, User.name, User.is_active).where(User.kind == "staff")
    return [Agent(*row) for row in read_as(actor).execute(query.order_by(User.name, User.id).limit(MOST_AGENTS))]


# --- orders -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Branch:
    """Rows that an index gives in order: by `key` and id, or by id alone where the key is the same for all."""

    rank: int
    where: tuple[ColumnElement[bool], ...]
    key: Any

    @property
    def order(self) -> tuple[Any, ...]:
        return (Instance.id,) if self.key is _NEVER else (self.key, Instance.id)


@dataclass(frozen=True)
class _Place:
    """Where a page ended."""

    rank: int
    key: datetime | int
    id: int


_NEVER = literal(NEVER, Moment())


def _first(
    actor: Actor, now: datetime, filters: Filters, sort: str, most: int, after: _Place | None
) -> list[tuple[Instance, int, Any]]:
    """The first rows of the order after a place, each with its rank and key."""
    down = sort in ("created", "-due", "-progress", "messages")
    base = _of_steps(actor).where(*_plain(actor, filters))
    parts = [
        base.with_only_columns(literal(branch.rank).label("rank"), branch.key.label("key"), Instance.id.label("id"))
        .where(*branch.where, *_beyond(branch, after, down))
        .order_by(*(column.desc() if down else column for column in branch.order))
        .limit(most)
        .subquery()
        for branch in _unread_first(actor, _branches(filters, sort.removeprefix("-"), now), sort)
        if after is None or branch.rank >= after.rank
    ]
    if not parts:
        return []
    # UNION and not UNION ALL: what fits two searches (an organisation's and a person's) is there once.
    places = union(*(select(part) for part in parts)).subquery() if len(parts) > 1 else parts[0]
    order = (places.c.key, places.c.id)
    query = (
        select(Instance, places.c.rank, places.c.key)
        .join(places, places.c.id == Instance.id)
        .order_by(places.c.rank, *(column.desc() if down else column for column in order))
        .limit(most)
        .options(*SHOWN)
    )
    return [(row[0], row[1], row[2]) for row in read_as(actor).execute(query)]


def _branches(filters: Filters, sort: str, now: datetime) -> list[_Branch]:
    found, groups = filters.found, _groups(filters, now)
    if sort in ("created", "messages"):
        ways = found.one_by_one if found is not None else None
        if ways is not None:
            fits = [*_of_agents(filters.agents), *([] if groups is None else [or_(false(), *map(_any_of, groups))])]
            return [_Branch(0, (way, *fits), Instance.created_at) for way in ways]
        if groups is None and not filters.agents:
            return [_Branch(0, _searched(found), Instance.created_at)]
    groups = groups if groups is not None else [_Group(STATUSES)]
    statuses = [(status, group) for group in groups for status in group.statuses]
    agents = [(one,) for one in filters.agents] if len(statuses) * len(filters.agents) <= MOST_BRANCHES else []
    has_date = filters.due_from is not None or filters.due_before is not None
    return [
        _Branch(rank, (Instance.status == status, *group.where, *of_agent, *where, *_searched(found)), key)
        for (status, group), of_agent in product(statuses, [*map(_of_agents, agents)] or [_of_agents(filters.agents)])
        for rank, where, key in _ranks(sort, status, now, has_date or group.has_date)
    ]


def _unread_first(actor: Actor, branches: list[_Branch], sort: str) -> list[_Branch]:
    """For the order by messages each branch is walked twice: what waits to be read, then the rest, newest first."""
    if sort != "messages":
        return branches
    some = unread.has_some(actor)
    return [
        _Branch(rank, (*branch.where, some if rank == 0 else ~some), branch.key)
        for rank in (0, 1)
        for branch in branches
    ]


def _ranks(
    sort: str, status: str, now: datetime, has_date: bool
) -> list[tuple[int, tuple[ColumnElement[bool], ...], Any]]:
    """(rank, condition, key) of the branches of one status; lower ranks come first whatever their keys."""
    ended = status not in OPEN_STATUSES
    if sort == "due":
        rank, undated = 2 if ended else 0, Instance.due_at.is_(None)
        return [(rank, (~undated,), Instance.due_at)] + ([] if has_date else [(rank + 1, (undated,), _NEVER)])
    if sort == "urgency" and not ended:
        in_time = or_(Instance.due_at.is_(None), Instance.due_at >= now)
        return [(0, (Instance.due_at < now,), Instance.due_at), (URGENCY[status], (in_time,), Instance.created_at)]
    if sort == "urgency":
        return [(len(STATUSES), (), Instance.created_at)]
    return [(0, (), PERCENT if sort == "progress" else Instance.created_at)]


# --- filters ----------------------------------------------------------------------------------------------------


class _Group(NamedTuple):
    """Statuses, what else has to hold for instances in them, and whether that leaves only those with a due date."""

    statuses: Sequence[str]
    where: tuple[ColumnElement[bool], ...] = ()
    has_date: bool = False


def _of_steps(actor: Actor) -> Select[Instance]:
    """Those that go by steps; what is driven by hand (cases, department tasks) has lists of its own."""
    return visible_instances(actor).where(Instance.state.is_(None))


def _groups(filters: Filters, now: datetime) -> list[_Group] | None:
    """The statuses asked for; None for all of them. What is past its end counts as expired, worker or not (Q30)."""
    if not filters.statuses and filters.is_open is None:
        return None
    wanted = set(filters.statuses or STATUSES)
    if filters.is_open is not None:
        wanted &= {*(OPEN_STATUSES if filters.is_open else CLOSED_STATUSES), *((OVERDUE,) if filters.is_open else ())}
    alive = or_(Instance.expires_at.is_(None), Instance.expires_at > now)
    others = [status for status in OPEN_STATUSES if status not in wanted]
    groups = [
        _Group([status for status in OPEN_STATUSES if status in wanted], (alive,)),
        _Group(others if OVERDUE in wanted else (), (alive, Instance.due_at < now), has_date=True),
        _Group(OPEN_STATUSES if "expired" in wanted else (), (Instance.expires_at <= now,)),
        _Group([status for status in CLOSED_STATUSES if status in wanted]),
    ]
    return [group for group in groups if group.statuses]


def _any_of(group: _Group) -> ColumnElement[bool]:
    return and_(Instance.status.in_(group.statuses), *group.where)


def _of_agents(agents: Sequence[int | None]) -> list[ColumnElement[bool]]:
    """One condition, or none when everybody's are meant."""
    known = [agent for agent in agents if agent is not None]
    either: list[ColumnElement[bool]] = []
    if known:  # one is compared, because SQLite keeps the order of an index behind "=" only
        either.append(Instance.assignee_id == known[0] if len(known) == 1 else Instance.assignee_id.in_(known))
    if None in agents:
        either.append(Instance.assignee_id.is_(None))
    return [or_(*either)] if either else []


def _plain(actor: Actor, filters: Filters) -> list[ColumnElement[bool]]:
    """What is asked of each row on the way along an index."""
    asked: list[ColumnElement[bool]] = []
    if filters.flows:
        asked.append(Instance.flow.in_(filters.flows))
    if filters.sources:
        asked.append(Instance.source.in_(filters.sources))
    if filters.due_from is not None:
        asked.append(Instance.due_at >= filters.due_from)
    if filters.due_before is not None:
        asked.append(Instance.due_at < filters.due_before)
    if filters.unread:
        asked.append(unread.has_some(actor))
    if filters.without_due:
        asked.append(Instance.due_at.is_(None))
    for name, states in ((filters.at_step, WITH_ACTOR), (filters.in_review, {"pending_approval"})):
        if name:
            asked.append(Instance.id.in_(select(Step.instance_id).where(Step.name == name, Step.state.in_(states))))
    return asked


def _searched(found: search.Found | None) -> tuple[ColumnElement[bool], ...]:
    return () if found is None else (found.instances(on_the_way=True),)


# --- cursors ----------------------------------------------------------------------------------------------------


def _beyond(branch: _Branch, after: _Place | None, down: bool) -> tuple[ColumnElement[bool], ...]:
    """The rows of a branch that come after a place; a branch of a later rank has not begun."""
    if after is None or branch.rank > after.rank:
        return ()
    here, reached = tuple_(*branch.order), (after.key, after.id)[-len(branch.order) :]
    return (here < reached,) if down else (here > reached,)


def _cursor_of(instance: Instance, rank: int, key: Any) -> str:
    return f"{rank}~{key.isoformat() if isinstance(key, datetime) else key}~{instance.id}"


def _read(cursor: str, sort: str) -> _Place:
    """The place in a cursor: plain text, because it carries no authority."""
    parts = cursor.split("~")
    try:
        rank, text, number = parts
        key = int(text) if sort.endswith("progress") else moment_of(text)
        place = _Place(int(rank), key, int(number))
    except ValueError:
        raise broken() from None
    strange = isinstance(key, int) and not 0 <= key <= 100
    if strange or not 0 <= place.rank <= len(STATUSES) or not 0 < place.id < 2**31:
        raise broken()
    return place
