"""The rows behind the keys of `queries.changes`, read together: one statement a kind, whatever the number of rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, case, false, literal, null, or_, select, union
from sqlalchemy.orm import aliased, contains_eager, defer, joinedload, selectinload

from flows.access import read_as, visible_instances, visible_orders, visible_organisations
from flows.models import Instance, Message, Notice, Order, Organisation, Step, User
from flows.queries import unread
from flows.queries.changes import Found, Key, Kind
from flows.rules.actors import Actor

OF_INSTANCES = (Kind.INSTANCE, Kind.READING, Kind.TIMELY)


@dataclass(frozen=True)
class Copies:
    """What the keys of a page are of, as it is now and as this person may see it.

    `instances` are those that changed; `steps` the ids of steps that did, which hang on one of `holders`. `tasks` are
    those of each order, by its opaque id. `unread` counts messages by the row id of the request. `gone` are the opaque
    ids of accounts that this person no longer acts for, and each notice comes with that of the account it is about.
    """

    gone: Sequence[str] = ()
    accounts: Sequence[Organisation] = ()
    instances: Sequence[Instance] = ()
    holders: Sequence[Instance] = ()
    steps: Collection[int] = ()
    unread: dict[int, int] = field(default_factory=dict)
    orders: Sequence[Order] = ()
    tasks: dict[str, list[Instance]] = field(default_factory=dict)
    messages: Sequence[Message] = ()
    notices: Sequence[tuple[Notice, str | None]] = ()


def read(actor: Actor, found: Found, lost: Collection[int], with_orders: bool) -> Copies:
    """The rows, and which of the accounts that were `lost`; an order is among them when it changed, or one of its tasks
    did, because it shows them.
    """
    ids = _ids(found.keys)
    changed = {row_id for kind in OF_INSTANCES for row_id in ids[kind]}
    holding = {key.instance for key in found.keys if key.kind is Kind.DRAFT and key.instance is not None}
    with_orders = with_orders and not actor.is_staff
    rows = _instances(actor, found, changed | holding, ids[Kind.ORDER] if with_orders else (), with_orders)
    instances = {instance.id: instance for instance, _ in rows}
    subjects = {instances[row_id].order_uid for row_id in changed if row_id in instances} - {None}
    orders = _orders(actor, found, ids[Kind.ORDER], subjects) if with_orders else []
    return Copies(
        gone=_uids(actor, lost),
        accounts=_accounts(actor, ids[Kind.ACCOUNT]),
        instances=[one for row_id, one in instances.items() if row_id in changed],
        holders=[one for row_id, one in instances.items() if row_id in holding],
        steps=ids[Kind.DRAFT],
        unread={instance.id: waiting for instance, waiting in rows},
        orders=orders,
        tasks=_tasks(orders, instances.values()),
        messages=_messages(actor, found, ids[Kind.MESSAGE]),
        notices=_notices(actor, ids[Kind.NOTICE]),
    )


def _ids(keys: Sequence[Key]) -> dict[Kind, set[int]]:
    ids: dict[Kind, set[int]] = {kind: set() for kind in Kind}
    for key in keys:
        ids[key.kind].add(key.id)
    return ids


def _uids(actor: Actor, accounts: Collection[int]) -> Sequence[str]:
    if not accounts:
        return ()
    query = select(Organisation.uid).where(Organisation.id.in_(accounts)).order_by(Organisation.id)
    return read_as(actor).scalars(query).all()


def _accounts(actor: Actor, ids: Collection[int]) -> Sequence[Organisation]:
    if not ids:
        return ()
    return read_as(actor).scalars(visible_organisations(actor).where(Organisation.id.in_(ids))).all()


def _instances(
    actor: Actor, found: Found, ids: Collection[int], orders: Collection[int], with_orders: bool
) -> Sequence[tuple[Instance, int]]:
    """With everybody that a row names and how its steps stand, and how many messages wait for the actor."""
    if not ids and not orders:
        return ()
    waiting = case((unread.TALKED_ABOUT, unread.count_for(actor)), else_=0)
    query = visible_instances(actor).add_columns(waiting).order_by(Instance.id)
    query = query.where(Instance.id.in_(_of_orders(ids, orders)) if with_orders else Instance.id.in_(ids))
    if not actor.is_staff:
        query = query.where(Instance.organisation_id.in_(found.accounts))
    people = (Instance.assignee, Instance.creator, Instance.customer)
    query = query.options(
        joinedload(Instance.organisation),
        joinedload(Instance.parent).load_only(Instance.uid),
        *([joinedload(Instance.department)] if actor.is_staff else []),
        *(joinedload(who).load_only(User.uid, User.kind, User.name, User.email, User.phone, User.language)
          for who in people),
        selectinload(Instance.steps).options(defer(Step.labels), defer(Step.remark)),
    )  # fmt: skip
    return [(row[0], row[1]) for row in read_as(actor).execute(query).all()]


def _of_orders(ids: Collection[int], orders: Collection[int]) -> Any:
    """These instances, and all that belong to the same orders or to these."""
    sibling = aliased(Instance)
    named = select(literal("order:") + Order.uid).where(Order.id.in_(orders))
    same = select(sibling.subject).where(sibling.id.in_(ids), sibling.subject.is_not(None))
    other = aliased(Instance)
    return union(
        select(sibling.id).where(sibling.id.in_(ids)),
        select(other.id).where(other.subject.in_(union(named, same))),
    )


def _orders(actor: Actor, found: Found, ids: Collection[int], subjects: Collection[str | None]) -> Sequence[Order]:
    if not ids and not subjects:
        return ()
    query = visible_orders(actor).where(or_(Order.id.in_(ids), Order.uid.in_(subjects)))
    query = query.where(Order.organisation_id.in_(found.accounts)).order_by(Order.id)
    beside = joinedload(Order.lines), joinedload(Order.placed_by), joinedload(Order.organisation)
    return read_as(actor).scalars(query.options(*beside)).unique().all()


def _tasks(orders: Sequence[Order], instances: Collection[Instance]) -> dict[str, list[Instance]]:
    tasks: dict[str, list[Instance]] = {order.uid: [] for order in orders}
    for instance in instances:
        if instance.order_uid in tasks:
            tasks[instance.order_uid].append(instance)
    return tasks


def _messages(actor: Actor, found: Found, ids: Collection[int]) -> Sequence[Message]:
    """With their files, and the request that they are about."""
    if not ids:
        return ()
    query: Select[Any] = select(Message).join(Message.instance).where(Message.id.in_(ids)).order_by(Message.id)
    if not actor.is_staff:
        query = query.where(Message.is_internal.is_(False), Message.organisation_id.in_(found.accounts))
    elif not actor.may("view"):
        query = query.where(false())
    about = contains_eager(Message.instance).options(
        joinedload(Instance.organisation).load_only(Organisation.uid), defer(Instance.inputs)
    )
    beside = joinedload(Message.uploads), joinedload(Message.author).load_only(User.uid), about
    return read_as(actor).scalars(query.options(*beside)).unique().all()


def _notices(actor: Actor, ids: Collection[int]) -> Sequence[tuple[Notice, str | None]]:
    if not ids:
        return ()
    account = null() if actor.is_staff else Organisation.uid
    query = select(Notice, account).outerjoin(Organisation, Organisation.id == Notice.organisation_id)
    query = query.where(Notice.user_id == actor.user_id, Notice.id.in_(ids)).order_by(Notice.id)
    beside = joinedload(Notice.instance).joinedload(Instance.organisation)
    return [(row[0], row[1]) for row in read_as(actor).execute(query.options(beside))]
