"""How things stand for one customer: what the frame and the start page say, and what belongs to a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Integer, Select, bindparam, exists, func, select

from flows.access import read_as, visible_instances, visible_orders
from flows.models import BasketLine, Instance, Membership, Order, Organisation, Timer, User
from flows.models.base import Moment
from flows.queries import grid, startable, unread
from flows.rules.actors import Actor


@dataclass(frozen=True)
class Standing:
    """What the navigation tells: tasks to do, different products in the basket, whether they act for a company.

    `may_request`: there is something in the catalogue of requests. `unread` counts messages in what is still open.
    """

    to_do: int = 0
    in_basket: int = 0
    for_company: bool = False
    may_request: bool = False
    unread: int = 0


ME = Actor("customer", cast(int, bindparam("me", type_=Integer)))
NOW = cast(datetime, bindparam("now", type_=Moment))
"""Whoever asks, and when: said as the statement is carried out, so that it is built once and not for every page."""


def standing(actor: Actor, now: datetime) -> Standing:
    """Everything the frame counts, in one statement; the actor is a customer."""
    query = _counted(*startable.ready_for_customers())
    row = read_as(actor).execute(query, {"me": actor.user_id, "now": now}).one_or_none()
    return Standing(*row) if row is not None else Standing()


@lru_cache(maxsize=8)
def _counted(*offered: str) -> Select[Any]:
    """`offered` are the flows that customers may ask for, as far as their files say."""
    to_do = grid.narrowed(visible_instances(ME), ME, NOW, grid.Filters(turn="todo"))
    basket = select(func.count(BasketLine.id)).where(BasketLine.user_id == ME.user_id)
    companies = (
        select(Membership.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.user_id == ME.user_id, Organisation.kind == "company", Organisation.is_active)
    )
    return select(
        to_do.with_only_columns(func.count()).scalar_subquery(),
        basket.scalar_subquery(),
        exists(companies),
        startable.switched_off(offered).scalar_subquery() < len(offered),
        unread.open_for(ME).with_only_columns(func.count()).scalar_subquery(),
    ).where(User.id == ME.user_id)


def orders_of(actor: Actor, instances: Sequence[Instance]) -> dict[str, Order]:
    """The orders that these tasks belong to, by the subject of the task, in one statement."""
    uids = {uid for instance in instances if (uid := instance.order_uid)}
    if not uids:
        return {}
    query: Select[Any] = visible_orders(actor).where(Order.uid.in_(uids))
    return {order.subject: order for order in read_as(actor).scalars(query)}


def reminders_to_come(actor: Actor, instance: Instance, now: datetime) -> Sequence[datetime]:
    """When the customer of an open task will be reminded."""
    query = select(Timer.due_at).where(
        Timer.instance_id == instance.id, Timer.kind == "reminder", Timer.ended_at.is_(None), Timer.due_at > now
    )
    return read_as(actor).scalars(query.order_by(Timer.due_at).limit(5)).all()
