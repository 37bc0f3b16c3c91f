"""One instance as staff look at it: with its parties, what it stands beside and its place in the queue of reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import aliased, joinedload

from flows.access import named_instance, read_as
from flows.models import FlowVersion, Instance, Order, Review
from flows.queries import to_review
from flows.queries.to_review import Place
from flows.queries.versions_in_use import NEWEST
from flows.rules.actors import Actor
from flows.rules.errors import Refused
from flows.words import gettext as _


@dataclass(frozen=True)
class Overview:
    """`others` counts the other open requests of the same customer; `closing_reason` is between staff (C37)."""

    instance: Instance
    order: Order | None
    newest_version: int
    others: int
    closing_reason: str
    queue: Place


def of_instance(actor: Actor, reference: str, now: datetime) -> Overview:
    """Everything but timeline and timers, in one statement."""
    other = aliased(Instance)
    others = select(func.count(other.id)).where(
        other.organisation_id == Instance.organisation_id, other.id != Instance.id, other.closed_at.is_(None)
    )
    reason = (
        select(Review.message)
        .where(Review.instance_id == Instance.id, Review.decision == "closed")
        .order_by(Review.id.desc())
        .limit(1)
    )
    query = named_instance(actor, reference).add_columns(
        Order,
        NEWEST.correlate(Instance).scalar_subquery(),
        others.correlate(Instance).scalar_subquery(),
        reason.correlate(Instance).scalar_subquery(),
        *to_review.columns(now),
    )
    # "order:ord_x" names the order; cut off here, so that the index on orders.uid answers.
    query = query.outerjoin(Order, Order.uid == func.substr(Instance.subject, len("order:") + 1))
    parties = (Instance.organisation, Instance.customer, Instance.assignee, Instance.creator, Instance.steps)
    query = query.options(
        *(joinedload(party) for party in parties),
        joinedload(Instance.flow_version).load_only(FlowVersion.flow, FlowVersion.number),
    )
    row = read_as(actor).execute(query).unique().one_or_none()
    if row is None:
        raise Refused(_("No such task"))
    return Overview(row[0], row[1], row[2], row[3], row[4] or "", to_review.place_of(row[5:]))
