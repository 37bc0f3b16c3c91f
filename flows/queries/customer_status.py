"""How a request stands in the words for its customer, and the filter that goes with each word (SCREENS.md section 2).

The task of an order keeps the four words of the Task System (A22).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, false, not_, or_, select

from flows.models import Instance, Step
from flows.models.instances import OPEN_STATUSES
from flows.queries.grid import grid_status

WORDS = (
    "not_started", "in_progress", "changes_needed", "with_us", "being_reviewed", "completed", "closed", "cancelled",
    "expired",
)  # fmt: skip
HANDED_BACK = ("returned", "reopened")


def status_of(instance: Instance, now: datetime) -> str:
    """One of WORDS; for the task of an order pending, completed, expired or cancelled. Its steps are at hand."""
    if instance.order_uid is not None:
        return grid_status(instance, now).lower()
    if not instance.is_open:
        return "closed" if instance.outcome_kind == "negative" else instance.status
    if instance.is_past_expiry(now):
        return "expired"
    if instance.status in ("not_started", "awaiting_review"):
        return {"not_started": "not_started", "awaiting_review": "being_reviewed"}[instance.status]
    if any(step.actor == "customer" and step.state in HANDED_BACK for step in instance.steps):
        return "changes_needed"
    return "in_progress" if instance.waiting_on == "customer" else "with_us"


def having(words: Iterable[str], now: datetime) -> ColumnElement[bool]:
    """Instances with one of these words; `pending` are all that run, and `overdue` those past their due date."""
    known = _conditions(now)
    return or_(false(), *(known[word] for word in words if word in known))


def _conditions(now: datetime) -> dict[str, ColumnElement[bool]]:
    of_order = and_(Instance.subject.is_not(None), Instance.subject.startswith("order:"))
    runs = Instance.status.in_(OPEN_STATUSES)
    in_time = or_(Instance.expires_at.is_(None), Instance.expires_at > now)
    alive = and_(runs, in_time)
    own = and_(alive, not_(of_order))
    going_on = and_(own, Instance.status == "in_progress")
    back = exists(
        select(Step.id).where(Step.instance_id == Instance.id, Step.actor == "customer", Step.state.in_(HANDED_BACK))
    )
    negative = and_(not_(of_order), Instance.outcome_kind.is_not(None), Instance.outcome_kind == "negative")
    return {
        "pending": alive,
        "overdue": and_(alive, Instance.due_at < now),
        "not_started": and_(own, Instance.status == "not_started"),
        "being_reviewed": and_(own, Instance.status == "awaiting_review"),
        "changes_needed": and_(going_on, back),
        "in_progress": and_(going_on, not_(back), Instance.waiting_on == "customer"),
        "with_us": and_(going_on, not_(back), or_(Instance.waiting_on.is_(None), Instance.waiting_on != "customer")),
        "completed": and_(Instance.status == "completed", not_(negative)),
        "closed": and_(Instance.closed_at.is_not(None), negative),
        "cancelled": and_(Instance.status == "cancelled", not_(negative)),
        "expired": or_(Instance.status == "expired", and_(runs, not_(in_time))),
    }
