"""What happens next with a task, in sentences that are right in every state: their turn, ours, a review, the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flows.catalogue import FlowDefinition
from flows.models import Instance, Step
from flows.rules.moves import WITH_ACTOR
from flows.words import gettext as _
from portal.wording import in_its_language, joined


def sentences(instance: Instance, definition: FlowDefinition, steps: Sequence[Step], now: datetime) -> list[str]:
    """For a task of steps that runs; `steps` are those that the customer sees."""
    if not instance.is_running(now):
        return []
    yours = [step for step in steps if step.actor == "customer" and step.state in WITH_ACTOR]
    pending = [step for step in steps if step.state == "pending_approval"]
    said = _about_you(definition, yours, bool(pending))
    if pending:
        said.insert(
            0, _("We are reviewing %(steps)s. We will email you what comes of it.", steps=_named(definition, pending))
        )
    if not yours and not pending:
        said = _about_us(definition, steps)
    if later := [step for step in steps if step.actor == "customer" and step.state == "locked"]:
        said.append(_("After that it is your turn again: %(steps)s.", steps=_named(definition, later)))
    if instance.may_grow:
        said.append(_("Your answers may add steps."))
    return said


def _about_you(definition: FlowDefinition, yours: Sequence[Step], reviewing: bool) -> list[str]:
    said = []
    if back := [step for step in yours if step.state != "open"]:
        said.append(_("Change %(steps)s and send it again.", steps=_named(definition, back)))
    if fresh := [step for step in yours if step.state == "open"]:
        named = _named(definition, fresh)
        said.append(
            _("Meanwhile you can go on with %(steps)s.", steps=named)
            if reviewing
            else _("It is your turn: %(steps)s.", steps=named)
        )
    if any(definition.steps[step.name].approval for step in yours):
        said.append(_("We review what you send and email you."))
    return said


def _about_us(definition: FlowDefinition, steps: Sequence[Step]) -> list[str]:
    """Nothing waits for the customer and nothing for a review."""
    if ours := [step for step in steps if step.actor == "staff" and step.state in WITH_ACTOR]:
        return [_("It is our turn: %(steps)s. We will email you when we need you.", steps=_named(definition, ours))]
    if all(step.state == "completed" for step in steps):
        return [_("Every step is completed. We look through everything once more and email you how it ended.")]
    return [_("This goes on by itself. We will email you when we need you.")]


def _named(definition: FlowDefinition, steps: Sequence[Step]) -> str:
    titles = [joined("", ("“", in_its_language(definition.steps[step.name].title), "”")) for step in steps]
    if len(titles) == 1:
        return titles[0]
    return _("%(some)s and %(last)s", some=joined(", ", titles[:-1]), last=titles[-1])
