"""The rows of an instance under the names of another version: steps, answers, drafts, files and earlier attempts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from flows.actions import planning, sealing
from flows.actions.foreseeing import Prospect
from flows.catalogue.schema import FlowField
from flows.models import FlowVersion, Instance, Review, Step, Submission, Upload
from flows.models.base import opaque_id
from flows.rules import answers, private
from flows.rules.moves import WITH_ACTOR
from flows.rules.people import among_both
from flows.work import Work

Held = Mapping[tuple[str, str], Any]
"""Stored values by old step and question; the start's under the step ""."""


def rewrite(work: Work, instance: Instance, version: FlowVersion, seen: Prospect) -> None:
    """Everything but what follows from it: states, whose turn it is and clocks come afterwards."""
    steps = {step.name: step for step in instance.steps}
    given = {("", name): value for name, value in instance.inputs.items()}
    given |= {(step.name, name): value for step in instance.steps for name, value in step.answers.items()}
    drafts = {(step.name, name): value for step in instance.steps for name, value in (step.draft or {}).items()}
    _pin(instance, version, seen, given)
    for position, name in enumerate(seen.new.steps, 1):
        step = _step(work, instance, steps, seen, name)
        step.position = position
        if name in seen.names.steps.values() or name not in steps:
            _fill(work, seen, step, given, drafts)
    instance.steps.sort(key=lambda step: step.position)
    _rename_history(work, seen, steps)
    _place_files(work, instance, seen)


def _pin(instance: Instance, version: FlowVersion, seen: Prospect, given: Held) -> None:
    instance.flow_hash, instance.flow_version = version.content_hash, version
    instance.overlay = seen.overlay
    instance.kind = seen.new.type or ""
    if instance.title == seen.old.title:
        instance.title = seen.new.title
    instance.amounts = {seen.names.steps.get(name, name): minor for name, minor in instance.amounts.items()}
    lost, fields = seen.carried.lost, seen.names.fields
    kept = {("", name): fields.get(name, name) for name in instance.inputs if fields.get(name, name) not in lost}
    here = {old: new for old, (to, new) in seen.carried.places.items() if to == "" and old in given}
    instance.inputs = {new: _sealed_as(seen, old[1], new, given[old]) for old, new in {**kept, **here}.items()}


def _step(work: Work, instance: Instance, steps: Mapping[str, Step], seen: Prospect, name: str) -> Step:
    """The row of a step of the new version: one that is there, under its new name, else a new one."""
    rule, before = seen.new.steps[name], seen.names.old_step(name) or name
    step = steps.get(before)
    if step is None:
        return _new_step(work, instance, name, rule.actor)
    if seen.old.steps[before] != rule:
        step.version += 1  # whoever has its form open is told that it changed, and keeps what they typed
    if before != name:
        step.name = name
        planning.rename_step(work, instance, before, name)
    if before not in seen.names.steps:  # it is kept for its history
        planning.end_timer(work, instance, f"{planning.STEP_DUE}{name}")
        planning.end_timer(work, instance, f"{planning.REVIEW}{name}")
    elif step.state in (*WITH_ACTOR, "locked", "skipped"):
        step.actor = rule.actor
    return step


def _new_step(work: Work, instance: Instance, name: str, actor: str) -> Step:
    step = Step(
        uid=opaque_id("st"),
        organisation_id=instance.organisation_id,
        instance_id=instance.id,
        name=name,
        position=0,
        actor=actor,
        state="locked",
        attempt=0,
        version=0,
        answers={},
        labels={},
    )
    instance.steps.append(step)
    work.session.add(step)
    return step


def _fill(work: Work, seen: Prospect, step: Step, given: Held, drafts: Held) -> None:
    """Its answers, and what is only typed: what comes from elsewhere to a step not sent yet waits in its form."""
    own = seen.names.old_step(step.name)
    answered: dict[str, Any] = {}
    typed: dict[str, Any] = {}
    for (origin, name), (target, new) in seen.carried.places.items():
        if target == step.name and (origin, name) in given:
            value = _sealed_as(seen, name, new, given[origin, name])
            (answered if origin == own or step.attempt else typed)[new] = value
    for (origin, name), (target, new) in seen.carried.drafts.items():
        if target == step.name:
            typed[new] = _sealed_as(seen, name, new, drafts[origin, name])
    if answered != step.answers:
        step.answers = answered
    if typed != (step.draft or {}):
        step.draft = typed
        step.draft_saved_at = step.draft_saved_at or work.now


def _sealed_as(seen: Prospect, before: str, after: str, value: Any) -> Any:
    """A stored value as the new question stores it: sealed, or not any more; as it is where its key is gone."""
    if _seals_as_before(seen, before, after):
        return value
    old, new = seen.questions[0][before], seen.questions[1][after]
    opened = sealing.opened({after: old}, {after: value})
    return sealing.seal({after: new}, opened)[after] if after in opened else value


def _seals_alike(old: FlowField, new: FlowField) -> bool:
    if private.is_private(old) != private.is_private(new):
        return False
    return not private.is_private(new) or (old.sensitive == new.sensitive and (old.item == new.item))


def _rename_history(work: Work, seen: Prospect, steps: Mapping[str, Step]) -> None:
    """Earlier attempts and remarks go by the new names, sealed as they are now; nothing of them is lost."""
    for name, step in steps.items():
        here = _here(seen, name, step.name)
        renamed = {old: new for old, new in here.items() if old != new}
        if not renamed and all(_seals_as_before(seen, old, new) for old, new in here.items()):
            continue
        for sent in work.session.scalars(select(Submission).where(Submission.step_id == step.id)):
            sent.answers = {
                here.get(old, old): _sealed_as(seen, old, here.get(old, old), value)
                for old, value in sent.answers.items()
            }
        for review in work.session.scalars(select(Review).where(Review.step_id == step.id)):
            review.remarks = _under(renamed, review.remarks)
        if step.remark:
            step.remark = {**step.remark, "fields": _under(renamed, step.remark.get("fields", {}))}


def _here(seen: Prospect, before: str, after: str) -> dict[str, str]:
    """The questions that stay on a step, old name to new: those too that were not asked when it was sent last."""
    stay = {
        old: new for (origin, old), (target, new) in seen.carried.places.items() if (origin, target) == (before, after)
    }
    fields = seen.new.steps[after].fields
    for old, rule in seen.old.steps[before].fields.items():
        new = seen.names.fields.get(old, "")
        if new in fields and fields[new].type == rule.type:
            stay[old] = new
    return stay


def _seals_as_before(seen: Prospect, before: str, after: str) -> bool:
    old, new = seen.questions[0].get(before), seen.questions[1].get(after)
    return old is None or new is None or _seals_alike(old, new)


def _under(renamed: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    return {renamed.get(name, name): value for name, value in values.items()}


def _place_files(work: Work, instance: Instance, seen: Prospect) -> None:
    """Every file of an answer stands where the answer stands now, for whoever may see that question.

    One of an earlier attempt alone goes by the new names too, and is for nobody who might not see it then.
    """
    asking = {name: rule.fields for name, rule in seen.new.steps.items() if answers.asks_for_files(rule.fields)}
    if answers.asks_for_files(seen.new.start.questions):
        asking[""] = seen.new.start.questions
    if not asking:
        return
    held = {one.uid: one for one in work.session.scalars(select(Upload).where(Upload.instance_id == instance.id))}
    for name, fields in asking.items():
        step = instance.step(name)
        values = [step.answers, step.draft or {}] if step is not None else [instance.inputs]
        for place in (place for one in values for place in answers.files_in(fields, one)):
            for upload in (held.pop(uid) for uid in place.ids if uid in held):
                upload.step, upload.field = name, place.path
                upload.visible_to, upload.is_sensitive = list(place.visible_to or ()), place.is_sensitive
    for upload in held.values():
        _guard_earlier(seen, upload)


def _guard_earlier(seen: Prospect, upload: Upload) -> None:
    name, dot, below = upload.field.partition(".")
    path = f"{seen.names.fields.get(name, name)}{dot}{below}"
    guard = answers.guard_of(seen.questions[1], path)
    if guard is None:
        return
    upload.step, upload.field = seen.names.steps.get(upload.step, upload.step), path
    upload.visible_to = among_both(upload.visible_to, guard[0])
    upload.is_sensitive = upload.is_sensitive or guard[1]
