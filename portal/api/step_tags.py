"""The ETag of a step: of its own row, and of what its form has from elsewhere and no version of its own counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from flows.actions import filling
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.models import Instance, Step
from flows.rules.expressions import compile_text
from portal.api import shapes
from portal.api.etags import etag


def step_tag(instance: Instance, step: Step, now: datetime, *elsewhere: object) -> str:
    """A draft changes what is read but not the version that a submission must match, and `elsewhere` neither."""
    ended = not instance.is_running(now)
    return etag("st", step.version, step.draft_saved_at and step.draft_saved_at.isoformat(), ended, *elsewhere)


def tag_of_form(definition: FlowDefinition, instance: Instance, step: Step, drawn: shapes.Step, now: datetime) -> str:
    """The same of a form as it was drawn: other answers change what it says, what it suggests and what it costs."""
    return step_tag(instance, step, now, *_from_elsewhere(definition.steps[step.name], step, drawn))


def _from_elsewhere(rule: StepRule, step: Step, drawn: shapes.Step) -> Iterator[object]:
    if filling.has_holes(rule):
        notes = [(field.label, field.hint) for field in drawn.fields if field.type == "info"]
        yield (drawn.help, *notes)
    if not step.attempt and _suggests_answers(rule):
        yield drawn.answers
    if rule.payment is not None and isinstance(rule.payment.amount, str) and rule.payment.amount != "ask":
        yield drawn.payment and drawn.payment.model_dump()


def _suggests_answers(rule: StepRule) -> bool:
    """Whether it suggests what was answered elsewhere; what was given at the start never changes."""
    defaults = [field.default for field in rule.fields.values() if isinstance(field.default, str)]
    return any(name.startswith("data.") for words in defaults for name in compile_text(words).names)
