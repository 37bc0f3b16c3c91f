"""One task instance in the words of staff: states of steps, parties, how it ends by itself (SCREENS.md section 2)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from admin.showing import Tag
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import OutcomeRule
from flows.catalogue.schema import Step as StepRule
from flows.models import Step, Timer
from flows.words import gettext as _

STEP_TAGS = {
    "locked": Tag(_l("Locked")),
    "open": Tag(_l("Active"), "info"),
    "pending_approval": Tag(_l("Pending approval"), "warn"),
    "returned": Tag(_l("Returned"), "info"),
    "reopened": Tag(_l("Reopened"), "info"),
    "completed": Tag(_l("Completed"), "ok"),
    "skipped": Tag(_l("Not needed"), "plain"),
}
PARTY_WORDS = {"customer": _l("Customer"), "staff": _l("Staff"), "system": _l("System")}

TIMER_WORDS = {
    "reminder": _l("Reminder"), "overdue": _l("Overdue"), "step_overdue": _l("Step overdue"),
    "escalation": _l("Escalation"), "expiry": _l("Expiry"),
}  # fmt: skip


def step_tag(step: Step) -> Tag:
    return STEP_TAGS[step.state]


def timer_words(timer: Timer) -> str:
    """What a timer is for; flows give some of them names of their own."""
    return TIMER_WORDS[timer.kind] if timer.name == timer.kind else timer.name.replace("_", " ").capitalize()


def ending_in_words(definition: FlowDefinition, rule: StepRule, ending: OutcomeRule) -> str:
    """An automatic outcome of a step: "closes the request as “Not eligible” when it is approved, if" (C46, Q22)."""
    label = definition.all_outcomes()[ending.complete or ending.close or ""].label
    usual = "submitted" if rule.approval is None else "approved"
    sentence = {
        ("complete", "submitted"): _("Completes the request as “%(label)s” when it is sent, if", label=label),
        ("complete", "approved"): _("Completes the request as “%(label)s” when it is approved, if", label=label),
        ("close", "submitted"): _("Closes the request as “%(label)s” when it is sent, if", label=label),
        ("close", "approved"): _("Closes the request as “%(label)s” when it is approved, if", label=label),
    }
    return sentence["complete" if ending.complete else "close", ending.on or usual]
