"""Task instances in the words of staff: status, step states, source, whose turn it is (section 2 of SCREENS.md)."""

from __future__ import annotations

from datetime import datetime

from admin.showing import Tag
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import OutcomeRule
from flows.catalogue.schema import Step as StepRule
from flows.models import Instance, Step

STATUS_TAGS = {
    "not_started": Tag("Not started"),
    "in_progress": Tag("In progress", "info"),
    "awaiting_review": Tag("Awaiting review", "warn"),
    "completed": Tag("Completed", "plain"),
    "cancelled": Tag("Cancelled", "plain"),
    "expired": Tag("Expired", "plain"),
}
STEP_TAGS = {
    "locked": Tag("Locked"),
    "open": Tag("Active", "info"),
    "pending_approval": Tag("Pending approval", "warn"),
    "returned": Tag("Returned", "info"),
    "reopened": Tag("Reopened", "info"),
    "completed": Tag("Completed", "ok"),
    "skipped": Tag("Not needed", "plain"),
}
SOURCES = {"staff": "Admin assigned", "customer": "Tenant requested", "onboarding": "Onboarding", "event": "System"}
PARTIES = {"customer": "Customer", "staff": "Staff", "system": "System"}


def status_tags(instance: Instance, now: datetime) -> list[Tag]:
    """The stored status, and Overdue beside it (Q20); past its end it is expired, whoever has noticed (Q30)."""
    if instance.is_open and instance.is_past_expiry(now):
        return [STATUS_TAGS["expired"]]
    if instance.status == "completed" and instance.outcome_kind == "negative":
        return [Tag("Closed", "plain")]
    overdue = [Tag("Overdue", "bad")] if instance.is_overdue(now) else []
    return [STATUS_TAGS[instance.status], *overdue]


def step_tag(step: Step) -> Tag:
    return STEP_TAGS[step.state]


def ending_in_words(definition: FlowDefinition, rule: StepRule, ending: OutcomeRule) -> str:
    """An automatic outcome of a step: "closes the request as “Not eligible” when it is approved, if" (C46, Q22)."""
    label = definition.all_outcomes()[ending.complete or ending.close or ""].label
    usual = "submitted" if rule.approval is None else "approved"
    moment = {"submitted": "when it is sent", "approved": "when it is approved"}[ending.on or usual]
    return f"{'Completes' if ending.complete else 'Closes'} the request as “{label}” {moment}, if"
