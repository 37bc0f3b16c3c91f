"""What stands above and beside the questions of a step: remarks, what we added meanwhile, earlier attempts (P9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from flows.catalogue.schema import Step as StepRule
from flows.models import Instance, Step
from flows.queries import attempts, timeline
from flows.rules.actors import Actor

HANDED_BACK = ("returned", "reopened")


def changes_asked(instance: Instance, rule: StepRule, step: Step) -> dict[str, Any] | None:
    """What somebody of ours wants to have changed: who, when, in which words, and where; None when nobody does."""
    if step.state not in HANDED_BACK:
        return None
    remark = step.remark or {}
    at = remark.get("at")
    return {
        "title": rule.title,
        "url": f"/tasks/{instance.reference}/steps/{step.name}",
        "by": remark.get("by", ""),
        "at": datetime.fromisoformat(at) if at else None,
        "message": remark.get("message", ""),
        "fields": {name: text for name, text in remark.get("fields", {}).items() if name in rule.fields},
    }


def added_since(actor: Actor, instance: Instance, step: Step, typed: Mapping[str, Any] | None) -> list[str]:
    """Questions that we added to this one instance since the draft was saved, or since the page was opened (C40).

    A page that is older than a question cannot have sent its control.
    """
    added = instance.overlay.get("fields", {}).get(step.name, {})
    if not added:
        return []
    if typed is not None:
        return [name for name in added if name not in typed]
    if step.draft is None or step.draft_saved_at is None:
        return []
    later = {
        entry.facts["field"]
        for entry in timeline.of_instance(actor, instance)
        if entry.kind == "field_added" and entry.step == step.name and entry.at > step.draft_saved_at
    }
    return [name for name in added if name in later]


def earlier(actor: Actor, step: Step) -> list[dict[str, Any]]:
    """Every attempt that was sent, the newest first: when, by whom, and when and why it was returned."""
    if not step.attempt:
        return []
    return [
        {
            "number": one.submission.attempt,
            "at": one.submission.submitted_at,
            "answers": one.submission.answers,
            "returned_at": one.returned.at if one.returned is not None else None,
            "message": one.returned.message if one.returned is not None else "",
        }
        for one in attempts.with_returns(actor, step)
    ]


def links_to(names: Collection[str], rule: StepRule, address_of: Mapping[str, str]) -> list[dict[str, str]]:
    """Links to fields by their questions, each to the page it stands on."""
    return [{"label": rule.fields[name].label, "url": f"{address_of.get(name, '')}#{name}"} for name in names]
