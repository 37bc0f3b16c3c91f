"""Two attempts at a step side by side, with what changed marked and what was remarked on the earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import g, request
from werkzeug.wrappers import Response

from admin.guard import StaffView
from admin.instance_cards import answer_rows
from admin.showing import show
from flows import access
from flows.access import read_as
from flows.actions import sealing, versions, withholding
from flows.catalogue.schema import Step as StepRule
from flows.models import Instance, Step
from flows.queries import attempts
from flows.queries.files import files_of
from flows.rules import reviews
from flows.rules.errors import Refused
from flows.words import gettext as _


class Change(NamedTuple):
    """One question with its answer in two attempts as people read it, and whether it is another one.

    Masked answers and files of one name read the same, so `is_one` looks at what was given.
    """

    name: str
    label: str
    before: str
    after: str
    is_one: bool


def changes(
    instance: Instance, step: Step, rule: StepRule, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[Change]:
    fields = withholding.rule_for(g.actor, instance, step, rule).fields
    files = files_of(g.actor, instance, (fields, before), (fields, after))
    pairs = zip(*(answer_rows(fields, values, step, files) for values in (before, after)), strict=True)
    # One whose key is lost stays sealed, and no two sealed ones are alike: better to look once more than to pass over.
    earlier, later = ({**values, **sealing.opened(fields, values)} for values in (before, after))
    return [
        Change(name, old["label"], old["value"], new["value"], reviews.is_changed(earlier.get(name), later.get(name)))
        for old, new in pairs
        for name in [old["name"]]
    ]


def compare(view: StaffView, ref: str, name: str) -> Response:
    """`?attempt=3` beside the one before it; without it the newest."""
    instance = access.instance_to_read(g.actor, ref)
    step = access.step_of(instance, name)
    rule = versions.spoken_of(read_as(g.actor), instance).steps[step.name]
    rule = withholding.rule_for(g.actor, instance, step, rule)
    sent = {one.attempt: one for one in attempts.of_step(g.actor, step)}
    wanted = request.args.get("attempt", str(step.attempt))
    chosen = sent.get(int(wanted)) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else None
    if chosen is None and sent:
        raise Refused(_("There is no such attempt"))
    earlier = sent.get(chosen.attempt - 1) if chosen is not None else None
    decided = [
        one for one in attempts.reviews_of(g.actor, step) if earlier is not None and one.attempt == earlier.attempt
    ]
    return show(
        view,
        "instance/attempts.html",
        base=f"{view.path()}/{instance.reference}",
        task=instance,
        step=step,
        rule=rule,
        numbers=sorted(sent),
        chosen=chosen,
        earlier=earlier,
        changes=changes(instance, step, rule, earlier.answers if earlier else {}, chosen.answers if chosen else {}),
        decided=decided,
        remarks={field: text for one in decided for field, text in one.remarks.items() if field in rule.fields},
    )
