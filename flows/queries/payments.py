"""Payments as people look at them: those of a step or a request, the whole list, and an amount that was changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from flows.access import clean, read_as, visible_payments
from flows.models import Instance, Payment, Step, TimelineEvent
from flows.models.instances import instance_id_from
from flows.queries.pages import Page, page_of
from flows.queries.timeline import MOVES
from flows.rules.actors import Actor
from flows.rules.past import steps_of_today

MOST_OF_ONE = 100


def of_step(actor: Actor, step: Step) -> Sequence[Payment]:
    """The newest first."""
    query = visible_payments(actor).where(Payment.step_id == step.id).order_by(Payment.id.desc()).limit(MOST_OF_ONE)
    return read_as(actor).scalars(query).all()


def of_instance(actor: Actor, instance: Instance) -> Mapping[int, list[Payment]]:
    """By the step's row, the newest first, in one statement."""
    query = visible_payments(actor).where(Payment.instance_id == instance.id).order_by(Payment.id.desc())
    found: defaultdict[int, list[Payment]] = defaultdict(list)
    for payment in read_as(actor).scalars(query.limit(MOST_OF_ONE)):
        found[payment.step_id].append(payment)
    return found


def of_many(actor: Actor, steps: Sequence[Step]) -> Mapping[int, list[Payment]]:
    """The same for some steps; nothing is asked when there are none."""
    return of_instance(actor, steps[0].instance) if steps else {}


def last_change(actor: Actor, instance: Instance, step: Step) -> Mapping[str, Any] | None:
    """What is told of the newest change of a step's amount; None when it stayed what it was."""
    kinds = ("amount_changed", *MOVES)  # a move may have given the step another name since
    query = select(TimelineEvent).where(TimelineEvent.instance_id == instance.id, TimelineEvent.kind.in_(kinds))
    told = read_as(actor).scalars(query.order_by(TimelineEvent.seq)).all()
    own = [one.facts for one, name in zip(told, steps_of_today(told), strict=True) if name == step.name]
    return own[-1] if own else None


def listed(
    actor: Actor, *, state: str = "", search: str = "", cursor: str | None = None, limit: int = 25, count: bool = False
) -> Page[Payment]:
    """One page of all payments with their requests and steps, the newest first, in one statement."""
    at_hand = (joinedload(Payment.instance), joinedload(Payment.step))
    query = visible_payments(actor).join(Payment.instance).options(*at_hand)
    if state:
        query = query.where(Payment.state == clean(state))
    words = clean(search).strip()[:100]
    if words:
        row_id = instance_id_from(words)
        texts = (Instance.customer_name, Payment.title, Payment.reference, Payment.provider_reference, Payment.uid)
        found = (column.icontains(words, autoescape=True) for column in texts)
        query = query.where(Instance.id == row_id if row_id is not None else or_(*found))
    return page_of(read_as(actor), query, Payment.created_at, cursor=cursor, limit=limit, count=count)
