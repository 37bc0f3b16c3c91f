"""One task instance in the words of staff: states of steps, parties, how it ends by itself (SCREENS.md section 2)."""

from __future__ import annotations

from admin.showing import Tag
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import OutcomeRule
from flows.catalogue.schema import Step as StepRule
from flows.models import Step

STEP_TAGS = {
    "locked": Tag("Locked"),
    "open": Tag("Active", "info"),
    "pending_approval": Tag("Pending approval", "warn"),
    "returned": Tag("Returned", "info"),
    "reopened": Tag("Reopened", "info"),
    "completed": Tag("Completed", "ok"),
    "skipped": Tag("Not needed", "plain"),
}
PARTY_WORDS = {"customer": "Customer", "staff": "Staff", "system": "System"}


def step_tag(step: Step) -> Tag:
    return STEP_TAGS[step.state]


def ending_in_words(definition: FlowDefinition, rule: StepRule, ending: OutcomeRule) -> str:
    """An automatic outcome of a step: "closes the request as “Not eligible” when it is approved, if" (C46, Q22)."""
    label = definition.all_outcomes()[ending.complete or ending.close or ""].label
    usual = "submitted" if rule.approval is None else "approved"
    moment = {"submitted": "when it is sent", "approved": "when it is approved"}[ending.on or usual]
    return f"{'Completes' if ending.complete else 'Closes'} the request as “{label}” {moment}, if"
