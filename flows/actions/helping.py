"""Staff do a customer's step with answers that the customer gave on the phone (A24), and try incidents again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows import access
from flows.actions import delivering, submitting
from flows.models import Instance, Step, Submission
from flows.rules.errors import Invalid
from flows.words import gettext as _
from flows.work import Work


def submit_for_customer(
    work: Work,
    instance: Instance,
    step: Step,
    raw: Mapping[str, Any],
    *,
    version: int | None,
    stated: bool,
) -> Submission:
    """Send a step of the customer; `stated` is the tick "I have this from the customer" (needs `create`).

    Raises Invalid with every problem, the missing statement among them.
    """
    access.require(work.actor, "create")
    if not stated:
        raise Invalid(_("Tick that you have these answers from the customer"), "/stated", "required")
    submission = submitting.submit(work, instance, step, raw, version=version, on_behalf=True)
    work.audit("answered_for_customer", instance.reference, step=step.name, attempt=submission.attempt)
    return submission


def retry_incident(work: Work, effect_id: int) -> bool:
    """Try one incident again; False when it is none any more, because somebody else was quicker."""
    if access.effect_to_change(work, effect_id).effect.state != "incident":
        return False
    delivering.retry(work, effect_id)
    return True
