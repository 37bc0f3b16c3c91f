"""How flows do: how long they take, what customers think of them, where their open instances are, what starts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean, median

from sqlalchemy import func, select, union_all

from flows import catalogue
from flows.access import products_on_sale, read_as, visible_instances
from flows.catalogue import LoadedFlow
from flows.models import Instance, Product, Step
from flows.queries.orders import flows_of
from flows.rules.actors import Actor
from flows.rules.moves import WITH_ACTOR

NEWEST = 500
"""So many closed instances of each flow are looked at: what was long ago says little about how it goes now."""


@dataclass(frozen=True)
class Figures:
    """`rating` is the average of those given; None where nothing was closed, or nobody rated."""

    median: timedelta | None = None
    rating: float | None = None
    ratings: int = 0


def of_flows(actor: Actor, flows: Collection[str]) -> dict[str, Figures]:
    """Figures of these flows in one statement."""
    if not flows:
        return {}
    newest = [
        select(
            visible_instances(actor)
            .with_only_columns(Instance.flow, Instance.created_at, Instance.closed_at, Instance.rating)
            .where(Instance.flow == flow, Instance.closed_at.is_not(None))
            .order_by(Instance.closed_at.desc())
            .limit(NEWEST)
            .subquery()
        )
        for flow in flows
    ]
    took, rated = defaultdict(list), defaultdict(list)
    for flow, created_at, closed_at, rating in read_as(actor).execute(union_all(*newest)):
        took[flow].append(closed_at - created_at)
        if rating is not None:
            rated[flow].append(rating)
    return {
        flow: Figures(median(spans), fmean(rated[flow]) if rated[flow] else None, len(rated[flow]))
        for flow, spans in took.items()
    }


@dataclass(frozen=True)
class Where:
    """Open instances by where they are: at a step, at a step that waits for approval, in a state."""

    at_step: dict[str, int]
    in_review: dict[str, int]
    in_state: dict[str, int]


def where(actor: Actor, loaded: LoadedFlow) -> Where:
    """Where the open instances of a flow are, of all its versions, in one statement."""
    session, flow = read_as(actor), loaded.definition.flow
    running = visible_instances(actor).where(Instance.flow == flow, Instance.closed_at.is_(None))
    if loaded.definition.states:
        states = running.with_only_columns(Instance.state, func.count()).group_by(Instance.state)
        return Where({}, {}, {state: count for state, count in session.execute(states) if state is not None})
    steps = (
        running.join(Step, Step.instance_id == Instance.id)
        .where(Step.state.in_((*WITH_ACTOR, "pending_approval")))
        .with_only_columns(Step.name, Step.state, func.count())
        .group_by(Step.name, Step.state)
    )
    found = Where({}, {}, {})
    for name, state, count in session.execute(steps):
        counts = found.in_review if state == "pending_approval" else found.at_step
        counts[name] = counts.get(name, 0) + count
    return found


def products_that_start(actor: Actor, flow: str) -> Sequence[Product]:
    """Products on sale of which an order would start this flow; nothing is asked where no order starts it."""
    if catalogue.current().flows[flow].definition.start.event != "order.placed":
        return []
    products = read_as(actor).scalars(products_on_sale()).all()
    return [one for one in products if any(found.definition.flow == flow for found in flows_of([one]))]
